//! Writes the JSON schema of the contract to `./schema/disputes.json`.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::io::Result<()> {
    use cosmwasm_schema::generate_api;
    use disputes::msg::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg, SudoMsg};

    let api = generate_api! {
        name: "disputes",
        instantiate: InstantiateMsg,
        execute: ExecuteMsg,
        query: QueryMsg,
        migrate: MigrateMsg,
        sudo: SudoMsg,
    };
    openledger_contract_kit::schema::write(api, std::path::Path::new("schema")).map(|_| ())
}

// The tool has no use on chain.
#[cfg(target_arch = "wasm32")]
fn main() {}
