//! Questions about accounts.

use openledger_cosmos_api::cosmos::auth::v1beta1::{
    Bech32PrefixResponse, ModuleAccount, Params, QueryAccountInfoRequest, QueryAccountInfoResponse,
    QueryAccountRequest, QueryAccountResponse, QueryModuleAccountByNameRequest, QueryModuleAccountByNameResponse,
    QueryParamsResponse,
};
use prost_types::Any;

use super::{put, read};
use crate::chain::{BECH32_PREFIX, Chain, accounts, fault::Fault};

pub(super) fn answer(chain: &Chain, method: &str, data: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    match method {
        "Account" => {
            let request: QueryAccountRequest = read(data)?;
            let account = find(chain, &request.address)?;
            put(&QueryAccountResponse { account: Some(account) })
        }
        "AccountInfo" => {
            let request: QueryAccountInfoRequest = read(data)?;
            accounts::check_address(&request.address)?;
            let info =
                accounts::find(chain.app.storage(), &request.address).ok_or_else(|| missing(&request.address))?;
            put(&QueryAccountInfoResponse { info: Some(info) })
        }
        "Params" => put(&QueryParamsResponse {
            params: Some(Params {
                max_memo_characters: u64::try_from(chain.limits.max_memo_bytes).unwrap_or(0),
                tx_sig_limit: 7,
                tx_size_cost_per_byte: 10,
                sig_verify_cost_ed25519: 590,
                sig_verify_cost_secp256k1: 1000,
            }),
        }),
        "ModuleAccountByName" => {
            let request: QueryModuleAccountByNameRequest = read(data)?;
            if !accounts::MODULES.contains(&request.name.as_str()) {
                let shown: String = request.name.chars().take(64).collect();
                return Err(Fault::not_found(format!("module account {shown}")));
            }
            let address = accounts::module_address(&request.name)?;
            put(&QueryModuleAccountByNameResponse { account: Some(find(chain, &address)?) })
        }
        "Bech32Prefix" => put(&Bech32PrefixResponse { bech32_prefix: BECH32_PREFIX.to_owned() }),
        _ => Ok(None),
    }
}

/// An account in the type it has: modules answer as modules.
fn find(chain: &Chain, address: &str) -> Result<Any, Fault> {
    accounts::check_address(address)?;
    let account = accounts::find(chain.app.storage(), address).ok_or_else(|| missing(address))?;
    let module = accounts::MODULES.iter().find(|name| accounts::module_address(name).is_ok_and(|own| own == address));
    let packed = match module {
        Some(name) => Any::from_msg(&ModuleAccount {
            base_account: Some(account),
            name: (*name).to_owned(),
            permissions: Vec::new(),
        }),
        None => Any::from_msg(&account),
    };
    packed.map_err(Fault::panicked)
}

fn missing(address: &str) -> Fault {
    Fault::not_found(format!("account {address} not found"))
}
