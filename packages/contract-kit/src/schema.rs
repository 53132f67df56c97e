//! Writes a contract's JSON schema.

use std::io;
use std::path::{Path, PathBuf};

use cosmwasm_schema::Api;

/// Writes `<dir>/<contract>.json`: instantiate, execute, query, migrate and sudo messages and every response.
pub fn write(api: Api, dir: &Path) -> io::Result<PathBuf> {
    let path = dir.join(format!("{}.json", api.contract_name));
    let text = api.render().to_string().map_err(io::Error::other)?;
    std::fs::create_dir_all(dir)?;
    std::fs::write(&path, text + "\n")?;
    Ok(path)
}
