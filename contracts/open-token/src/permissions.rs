//! Who may send what. cw20-base enforces it; the golden test and the tests of each message guard it.

use crate::msg::ExecuteMsg;

/// Variant and permitted sender of a message. Exhaustive: a new variant does not compile without a row.
pub fn permission(msg: &ExecuteMsg) -> (&'static str, &'static str) {
    const HOLDER: &str = "anyone, for its own balance";
    const OWNER: &str = "anyone, for allowances on its own balance";
    const SPENDER: &str = "spender, within an unexpired allowance";
    const MARKETING: &str = "marketing account";
    const NOBODY: &str = "nobody";
    match msg {
        ExecuteMsg::Transfer { .. } => ("Transfer", HOLDER),
        ExecuteMsg::Burn { .. } => ("Burn", HOLDER),
        ExecuteMsg::Send { .. } => ("Send", HOLDER),
        ExecuteMsg::IncreaseAllowance { .. } => ("IncreaseAllowance", OWNER),
        ExecuteMsg::DecreaseAllowance { .. } => ("DecreaseAllowance", OWNER),
        ExecuteMsg::TransferFrom { .. } => ("TransferFrom", SPENDER),
        ExecuteMsg::SendFrom { .. } => ("SendFrom", SPENDER),
        ExecuteMsg::BurnFrom { .. } => ("BurnFrom", SPENDER),
        ExecuteMsg::UpdateMarketing { .. } => ("UpdateMarketing", MARKETING),
        ExecuteMsg::UploadLogo(_) => ("UploadLogo", MARKETING),
        ExecuteMsg::Mint { .. } => ("Mint", NOBODY),
        ExecuteMsg::UpdateMinter { .. } => ("UpdateMinter", NOBODY),
    }
}
