use cosmwasm_std::{to_json_binary, Binary, Uint128};
use cw20::{Cw20ExecuteMsg, Cw20ReceiveMsg};
use cw_multi_test::Executor;
use staking::{msg::ExecuteMsg, ContractError};

use crate::chain::{Chain, RICH};

const CLAIM: ExecuteMsg = ExecuteMsg::ClaimRewards {};

fn send_hook(chain: &mut Chain, amount: u128, hook: &str) -> Result<(), String> {
    let message = Cw20ExecuteMsg::Send {
        contract: chain.staking.to_string(),
        amount: Uint128::new(amount),
        msg: Binary::from(hook.as_bytes()),
    };
    let sponsor = chain.account("sponsor");
    chain.app.execute_contract(sponsor, chain.token.clone(), &message, &[]).map(|_| ()).map_err(|e| format!("{e:?}"))
}

#[test]
fn rewards_follow_bonds_whichever_way_they_come() {
    let mut chain = Chain::new();
    chain.register_all(&[300, 100]);
    chain.snapshot();
    chain.fund(400);
    send_hook(&mut chain, 400, r#"{"fund_rewards":{}}"#).unwrap();
    assert_eq!((chain.claimable(0), chain.claimable(1)), (600, 200));
    let account = chain.validator(0);
    chain.send(&account, &CLAIM);
    assert_eq!(chain.balance(&account), RICH - 300 + 600);
    assert_eq!(chain.refused(&account, &CLAIM), ContractError::NoRewards { account });
    assert_eq!(chain.solvency().rewards, Uint128::new(200));
}

#[test]
fn only_members_of_the_newest_set_earn() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    chain.snapshot();
    chain.fund(1_000);
    // Whoever bonds just before a funding is no member yet.
    chain.register(1, 100);
    chain.fund(10);
    assert_eq!((chain.claimable(0), chain.claimable(1)), (1_010, 0));
    chain.wait(10);
    chain.snapshot();
    chain.unbond(0, 100);
    chain.fund(500);
    assert_eq!((chain.claimable(0), chain.claimable(1)), (1_010, 500));
    // Rewards of a validator that left stay its own.
    chain.send(&chain.validator(0), &CLAIM);
}

#[test]
fn rewards_without_validators_wait_for_the_next_funding() {
    let mut chain = Chain::new();
    chain.fund(700);
    assert_eq!(chain.solvency().orphaned, Uint128::new(700));
    chain.register(0, 100);
    chain.snapshot();
    assert_eq!(chain.claimable(0), 0);
    chain.fund(1);
    assert_eq!(chain.claimable(0), 701);
    assert_eq!(chain.solvency().orphaned, Uint128::zero());
}

#[test]
fn only_the_token_can_report_a_send() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let liar = chain.account("liar");
    let report = ExecuteMsg::Receive(Cw20ReceiveMsg {
        sender: liar.to_string(),
        amount: Uint128::new(1_000_000),
        msg: to_json_binary(&staking::msg::ReceiveMsg::FundRewards {}).unwrap(),
    });
    let expected = ContractError::WrongToken { sender: liar.clone(), token: chain.token.clone() };
    assert_eq!(chain.refused(&liar, &report), expected);
}

#[test]
fn nothing_and_unknown_hooks_are_refused() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let nothing = ExecuteMsg::FundRewards { amount: Uint128::zero() };
    assert_eq!(chain.refused(&chain.account("sponsor"), &nothing), ContractError::ZeroAmount);
    for hook in ["", "{}", r#"{"steal":{}}"#] {
        send_hook(&mut chain, 5, hook).unwrap_err();
    }
    assert_eq!(chain.balance(&chain.account("sponsor")), RICH);
}

#[test]
fn strangers_cannot_claim() {
    let mut chain = Chain::new();
    let stranger = chain.validator(5);
    assert_eq!(chain.refused(&stranger, &CLAIM), ContractError::NoRewards { account: stranger });
}

#[test]
fn a_plain_transfer_is_never_counted() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let message = Cw20ExecuteMsg::Transfer { recipient: chain.staking.to_string(), amount: Uint128::new(50) };
    chain.app.execute_contract(chain.account("sponsor"), chain.token.clone(), &message, &[]).unwrap();
    let books = chain.solvency();
    assert_eq!((books.rewards, books.held), (Uint128::zero(), Uint128::new(150)));
}

/// Two uopen among three leave each two thirds, and the next set takes them from nobody who stays.
#[test]
fn who_stays_in_the_set_keeps_parts_of_a_uopen() {
    let mut chain = Chain::new();
    chain.register_all(&[300, 300, 300]);
    chain.snapshot();
    for _ in 0..2 {
        chain.fund(2);
        for number in 0..3 {
            let account = chain.validator(number);
            chain.allow(&account, 300);
            chain.send(&account, &ExecuteMsg::BondMore { amount: Uint128::new(300) });
        }
        chain.wait(10);
        chain.snapshot();
    }
    chain.fund(3);
    // Two and a third, and what a share of that rounds down.
    assert_eq!([0, 1, 2].map(|number| chain.claimable(number)), [1, 1, 1]);
}
