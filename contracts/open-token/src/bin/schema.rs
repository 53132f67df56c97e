//! Writes `schema/open-token.json` below the current directory.

use std::path::Path;

use cosmwasm_schema::generate_api;
use open_token::msg::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};

fn main() -> std::io::Result<()> {
    let api = generate_api! {
        instantiate: InstantiateMsg,
        execute: ExecuteMsg,
        query: QueryMsg,
        migrate: MigrateMsg,
    };
    let path = openledger_contract_kit::schema::write(api, Path::new("schema"))?;
    println!("{}", path.display());
    Ok(())
}
