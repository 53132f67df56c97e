use openledger_contract_kit::{permission::table, KitError};
use shares::{msg::ExecuteMsg, ContractError};

use crate::chain::{bps, Chain};

#[test]
fn who_may_send_what() {
    goldie::assert!(table::<ExecuteMsg>());
}

#[test]
fn every_role_is_checked() {
    let mut chain = Chain::new();
    chain.mint("alice", 10, 1);
    let account = chain.account("stranger").to_string();
    let only = [
        chain.minting("stranger", 5, 2),
        ExecuteMsg::SlashBacking { fraction: bps(10), recipient: None },
        ExecuteMsg::SetCommonsPart { part: bps(10), account },
        ExecuteMsg::UpdateMarketing { project: None, description: None, marketing: None },
        ExecuteMsg::UploadLogo(cw20::Logo::Url("https://example.org/logo.png".into())),
    ];
    for message in only {
        for sender in ["stranger", "alice", "admin"] {
            let error = chain.refused(sender, &message);
            assert!(matches!(error, ContractError::Kit(KitError::Unauthorized { .. })), "{error}");
        }
    }
}
