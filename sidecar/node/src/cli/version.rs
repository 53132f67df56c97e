//! `openledger version`.

use serde_json::json;

use super::{Output, print};
use crate::error::NodeError;

pub fn run(output: Output) -> Result<(), NodeError> {
    let version = env!("CARGO_PKG_VERSION");
    print(output, &format!("openledger {version}"), &json!({ "version": version }));
    Ok(())
}
