//! The table of permissions. Update with `GOLDIE_UPDATE=1` and review the difference.

use cosmwasm_std::{Addr, Binary, Uint128};
use cw20::Logo;
use open_token::{events::Event, msg::ExecuteMsg, permissions::permission};
use openledger_contract_kit::event::Event as _;

#[test]
fn permissions() {
    let (text, amount) = (String::new, Uint128::zero());
    let (msg, expires) = (Binary::default(), None);
    let all = [
        ExecuteMsg::Transfer { recipient: text(), amount },
        ExecuteMsg::Burn { amount },
        ExecuteMsg::Send { contract: text(), amount, msg: msg.clone() },
        ExecuteMsg::IncreaseAllowance { spender: text(), amount, expires },
        ExecuteMsg::DecreaseAllowance { spender: text(), amount, expires },
        ExecuteMsg::TransferFrom { owner: text(), recipient: text(), amount },
        ExecuteMsg::SendFrom { owner: text(), contract: text(), amount, msg },
        ExecuteMsg::BurnFrom { owner: text(), amount },
        ExecuteMsg::UpdateMarketing { project: None, description: None, marketing: None },
        ExecuteMsg::UploadLogo(Logo::Url(text())),
        ExecuteMsg::Mint { recipient: text(), amount },
        ExecuteMsg::UpdateMinter { new_minter: None },
    ];
    let rows: Vec<String> = all.iter().map(permission).map(|(message, who)| format!("{message} | {who}")).collect();
    goldie::assert!(rows.join("\n"));
}

#[test]
fn events() {
    let (alice, vesting) = (Addr::unchecked("alice"), Addr::unchecked("vesting"));
    let all = [
        Event::Instantiated { supply: Uint128::new(5), allocations: 2, vesting: Some(&vesting) },
        Event::Allocated { address: &alice, amount: Uint128::new(3), vests: false },
        Event::Allocated { address: &alice, amount: Uint128::new(2), vests: true },
        Event::Migrated { from: "0.1.0", to: "0.2.0" },
    ];
    let lines: Vec<String> = all.iter().map(|event| event.line()).collect();
    goldie::assert!(lines.join("\n"));
}
