//! `openledger init`.

use serde_json::json;

use super::{Output, print};
use crate::{error::NodeError, home::Home};

pub fn run(home: &Home, output: Output) -> Result<(), NodeError> {
    home.init()?;
    let file = home.config_file();
    print(
        output,
        &format!("Wrote {}. Next: openledger keys add operator, then edit the configuration.", file.display()),
        &json!({ "config": file }),
    );
    Ok(())
}
