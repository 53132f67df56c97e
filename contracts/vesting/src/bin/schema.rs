//! Writes the JSON schema of the contract to `./schema/vesting.json`.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::io::Result<()> {
    use cosmwasm_schema::generate_api;
    use vesting::msg::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};

    let api = generate_api! {
        name: "vesting",
        instantiate: InstantiateMsg,
        execute: ExecuteMsg,
        query: QueryMsg,
        migrate: MigrateMsg,
    };
    openledger_contract_kit::schema::write(api, std::path::Path::new("schema")).map(|_| ())
}

// The tool has no use on chain.
#[cfg(target_arch = "wasm32")]
fn main() {}
