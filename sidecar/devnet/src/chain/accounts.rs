//! Accounts: numbers, sequences and keys, in the chain's state.

use cosmwasm_std::Storage;
use openledger_cosmos_api::cosmos::auth::v1beta1::BaseAccount;
use prost::Message;
use sha2::{Digest, Sha256};

use super::{BECH32_PREFIX, fault::Fault};

const ACCOUNT: &[u8] = b"\0\x04authaccount/";
const NEXT_NUMBER: &[u8] = b"\0\x04authnext";

/// The module account that collects fees.
pub const FEE_COLLECTOR: &str = "fee_collector";
/// The module account that a chain's governance acts as.
pub const GOV: &str = "gov";
/// Module accounts of this chain; nobody holds their keys.
pub const MODULES: [&str; 2] = [FEE_COLLECTOR, GOV];

/// The account at an address, if it was ever paid anything.
pub fn find(state: &dyn Storage, address: &str) -> Option<BaseAccount> {
    let bytes = state.get(&[ACCOUNT, address.as_bytes()].concat())?;
    BaseAccount::decode(bytes.as_slice()).ok()
}

/// Writes an account.
pub fn save(state: &mut dyn Storage, account: &BaseAccount) {
    let key = [ACCOUNT, account.address.as_bytes()].concat();
    state.set(&key, &account.encode_to_vec());
}

/// Gives an address the next account number unless it has one.
pub fn ensure(state: &mut dyn Storage, address: &str) {
    if find(state, address).is_some() {
        return;
    }
    let number = state.get(NEXT_NUMBER).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()).map_or(0, u64::from_be_bytes);
    state.set(NEXT_NUMBER, &number.saturating_add(1).to_be_bytes());
    save(state, &BaseAccount { address: address.to_owned(), pub_key: None, account_number: number, sequence: 0 });
}

/// The address of a module account: the first 20 bytes of its name's hash.
pub fn module_address(name: &str) -> Result<String, Fault> {
    let digest = Sha256::digest(name.as_bytes());
    cosmrs::AccountId::new(BECH32_PREFIX, digest.get(..20).unwrap_or_default())
        .map(|id| id.to_string())
        .map_err(|error| Fault::invalid_address(error.to_string()))
}

/// Checks that a text is an address of this chain.
pub fn check_address(text: &str) -> Result<(), Fault> {
    let shown: String = text.chars().take(128).collect();
    let id: cosmrs::AccountId = text.parse().map_err(|error| Fault::invalid_address(format!("{shown:?}: {error}")))?;
    if id.prefix() != BECH32_PREFIX {
        return Err(Fault::invalid_address(format!("{shown:?}: expected prefix {BECH32_PREFIX}, got {}", id.prefix())));
    }
    if !matches!(id.to_bytes().len(), 20 | 32) {
        return Err(Fault::invalid_address(format!("{shown:?}: addresses have 20 or 32 bytes")));
    }
    Ok(())
}
