//! Writes the JSON schema of the contract to `./schema/staking.json`.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use cosmwasm_schema::generate_api;
    use staking::msg::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg, SudoMsg};

    let api = generate_api! {
        name: "staking",
        instantiate: InstantiateMsg,
        execute: ExecuteMsg,
        query: QueryMsg,
        migrate: MigrateMsg,
        sudo: SudoMsg,
    }
    .render();
    std::fs::create_dir_all("schema")?;
    std::fs::write("schema/staking.json", format!("{}\n", api.to_string()?))?;
    Ok(())
}

// The schema tool has no use on chain.
#[cfg(target_arch = "wasm32")]
fn main() {}
