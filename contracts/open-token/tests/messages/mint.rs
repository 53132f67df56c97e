use cosmwasm_std::Uint128;
use cw20::MinterResponse;
use open_token::{
    msg::{ExecuteMsg, QueryMsg},
    ContractError,
};

use crate::suite::Suite;

#[test]
fn nobody_mints_or_becomes_minter() {
    let mut suite = Suite::new();
    for who in ["admin", "alice", "voice"] {
        let recipient = suite.account(who).into_string();
        let mint = ExecuteMsg::Mint { recipient: recipient.clone(), amount: Uint128::one() };
        assert_eq!(suite.exec(who, mint).unwrap_err(), ContractError::FixedSupply);
        for new_minter in [Some(recipient), None] {
            let become_minter = ExecuteMsg::UpdateMinter { new_minter };
            assert_eq!(suite.exec(who, become_minter).unwrap_err(), ContractError::FixedSupply);
        }
    }
    assert_eq!(suite.query::<Option<MinterResponse>>(&QueryMsg::Minter {}).unwrap(), None);
}

#[test]
fn burning_does_not_make_room_for_minting() {
    let mut suite = Suite::new();
    suite.burn("alice", 5).unwrap();
    let recipient = suite.account("alice").into_string();
    let mint = ExecuteMsg::Mint { recipient, amount: Uint128::new(5) };
    assert_eq!(suite.exec("alice", mint).unwrap_err(), ContractError::FixedSupply);
}
