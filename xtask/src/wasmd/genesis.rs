//! What the first block is made of: one validator, one rich faucet, governance that votes in seconds.

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::cli::Wasmd;

/// The chain id says what it is.
pub const CHAIN_ID: &str = "openledger-wasmd-local-1";
/// Native token: fees and the validator's own bond.
pub const DENOM: &str = "ustake";
/// The faucet's mnemonic. Published, so worthless anywhere but on this throw-away chain.
pub const FAUCET_MNEMONIC: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

const FAUCET_FUNDS: &str = "1000000000000000ustake";
const VALIDATOR_FUNDS: &str = "2000000000000ustake";
const VALIDATOR_BOND: &str = "1000000000000ustake";

/// Writes keys, configuration and genesis into the (fresh) home folder.
pub fn create(wasmd: &Wasmd) -> Result<()> {
    wasmd.call(&["init", "local", "--chain-id", CHAIN_ID, "--default-denom", DENOM])?;
    govern_quickly(wasmd)?;
    let validator = wasmd.new_key("validator")?;
    let faucet = wasmd.recover_key("faucet", FAUCET_MNEMONIC)?;
    wasmd.call(&["genesis", "add-genesis-account", &validator, VALIDATOR_FUNDS])?;
    wasmd.call(&["genesis", "add-genesis-account", &faucet, FAUCET_FUNDS])?;
    wasmd.call(&[
        "genesis",
        "gentx",
        "validator",
        VALIDATOR_BOND,
        "--chain-id",
        CHAIN_ID,
        "--keyring-backend",
        "test",
    ])?;
    wasmd.call(&["genesis", "collect-gentxs"])?;
    wasmd.call(&["genesis", "validate"])?;
    Ok(())
}

fn govern_quickly(wasmd: &Wasmd) -> Result<()> {
    let path = wasmd.config("genesis.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut genesis: Value = serde_json::from_str(&text).context("wasmd wrote a broken genesis")?;
    let params = genesis
        .pointer_mut("/app_state/gov/params")
        .context("this wasmd keeps gov parameters elsewhere: adapt xtask/src/wasmd/genesis.rs")?;
    params["voting_period"] = json!("8s");
    // Must be strictly shorter, or the genesis is invalid.
    params["expedited_voting_period"] = json!("4s");
    params["max_deposit_period"] = json!("15s");
    params["min_deposit"] = json!([{ "denom": DENOM, "amount": "10000000" }]);
    params["expedited_min_deposit"] = json!([{ "denom": DENOM, "amount": "20000000" }]);
    fs::write(&path, serde_json::to_vec_pretty(&genesis)?)?;
    Ok(())
}
