//! One test per line of the vulnerability checklist that applies here.

use cosmwasm_std::{
    coins, from_json, to_json_binary, Addr, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Reply, Response, StdResult,
    SubMsg, WasmMsg,
};
use cw20::{Cw20ExecuteMsg, Cw20ReceiveMsg};
use cw_multi_test::{ContractWrapper, Executor};
use openledger_contract_kit::KitError;
use shares::{
    client::{back_hook, fund_income_hook},
    msg::{ExecuteMsg, Params, QueryMsg},
    ContractError,
};

use crate::chain::{amount, another_token, bps, params, Chain, DAY, RICH};

#[test]
fn receive_checks_that_the_sender_is_the_token() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    for hook in [back_hook(None).unwrap(), fund_income_hook().unwrap()] {
        let report = ExecuteMsg::Receive(Cw20ReceiveMsg {
            sender: chain.account("stranger").to_string(),
            amount: amount(1_000_000),
            msg: hook.clone(),
        });
        for liar in ["stranger", "datanets"] {
            let error = chain.refused(liar, &report);
            assert!(matches!(error, ContractError::Kit(KitError::Unauthorized { message: "Receive", .. })), "{error}");
        }
        // Another cw20, however genuine, is not OPEN.
        let other = another_token(&mut chain.app);
        let send = Cw20ExecuteMsg::Send { contract: chain.shares.to_string(), amount: amount(500), msg: hook };
        let alice = chain.account("alice");
        chain.refused_call(&alice, &other, &send);
    }
}

/// The shares are a cw20 as well: sent to their own contract they could look like a payment.
#[test]
fn receive_does_not_take_the_shares_themselves() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    let (itself, owner) = (chain.shares.to_string(), chain.account("alice").to_string());
    let spender = chain.account("dave").to_string();
    chain.send("alice", &ExecuteMsg::IncreaseAllowance { spender, amount: amount(50), expires: None });
    let (five, msg) = (amount(5), back_hook(None).unwrap());
    let tries = [
        ("alice", ExecuteMsg::Transfer { recipient: itself.clone(), amount: five }),
        ("alice", ExecuteMsg::Send { contract: itself.clone(), amount: five, msg: msg.clone() }),
        ("dave", ExecuteMsg::TransferFrom { owner: owner.clone(), recipient: itself.clone(), amount: five }),
        ("dave", ExecuteMsg::SendFrom { owner, contract: itself, amount: five, msg }),
    ];
    for (sender, message) in tries {
        assert_eq!(chain.refused(sender, &message), ContractError::ToItself);
    }
}

#[test]
fn unexpected_balance_is_never_counted() {
    let mut chain = Chain::new();
    let shares = chain.shares.clone();
    chain.open_transfer("sponsor", &shares, 777);
    chain.back("alice", 100);
    chain.open_transfer("sponsor", &shares, 777);
    chain.back("bob", 100);
    let books = chain.solvency();
    assert_eq!((books.backing, books.income, books.held), (amount(200), amount(0), amount(1_754)));
    chain.wait(DAY);
    assert_eq!((chain.claimable("alice"), chain.backing("bob").staked), (0, amount(100)));
}

/// The classic: be first with one unit, donate, let the second deposit round to nothing.
#[test]
fn first_depositor_inflation_is_impossible() {
    let mut chain = Chain::with(Params { price: amount(1_000_000), ..params() });
    chain.back("alice", 1);
    let shares = chain.shares.clone();
    chain.open_transfer("alice", &shares, 1_000_000);
    chain.fund("alice", 1_000_000);
    // With slashes and partial exits, which move the rate by rounding.
    chain.back("alice", 6);
    chain.slash(3_333, None);
    chain.unback("alice", 3);
    chain.back("bob", 1_000);
    assert!(chain.backing("bob").staked >= amount(999));
    assert_eq!(chain.shares_of("bob"), 1_000);
}

#[test]
fn same_block_back_and_claim_takes_nothing() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    chain.fund("datanets", 1_000_000);
    chain.wait(500);
    // All that was released before is Alice's, and what comes is not released yet.
    chain.back("bob", 1_000_000);
    chain.fund("datanets", 1_000_000);
    let account = chain.account("bob");
    assert_eq!(chain.refused("bob", &ExecuteMsg::ClaimIncome {}), ContractError::NoIncome { account });
    chain.unback("bob", 500_000);
    chain.wait(DAY);
    assert_eq!((chain.claimable("bob"), chain.claimable("alice")), (0, 2_000_000));
    // And the stake is locked: the try cost Bob days of his money.
    assert!(matches!(
        chain.refused("bob", &ExecuteMsg::WithdrawBacking {}),
        ContractError::NothingDue { next: Some(_) }
    ));
}

/// A backer that stays a tenth of the time earns its part of a tenth.
#[test]
fn a_sandwich_around_a_payment_earns_only_for_its_time() {
    let mut chain = Chain::new();
    chain.mint("alice", 500, 1);
    chain.back("bob", 1_000);
    chain.fund("datanets", 1_000_000);
    chain.wait(100);
    chain.unback("bob", 500);
    chain.wait(900);
    assert_eq!((chain.claimable("bob"), chain.claimable("alice")), (50_000, 950_000));
}

#[test]
fn transfers_to_oneself_neither_double_shares_nor_income() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    chain.mint("bob", 100, 2);
    chain.fund("sponsor", 1_000);
    chain.wait(500);
    for _ in 0..5 {
        chain.transfer("alice", "alice", 100);
    }
    chain.wait(500);
    assert_eq!((chain.shares_of("alice"), chain.claim("alice"), chain.claim("bob")), (100, 500, 500));
}

/// Moving shares around between own accounts must not earn a uopen more than leaving them.
#[test]
fn one_rounding_direction_however_often_shares_move() {
    let mut chain = Chain::new();
    chain.mint("alice", 7, 1);
    chain.mint("carol", 4, 2);
    chain.fund("sponsor", 1_000);
    for step in 0..100 {
        chain.wait(10);
        let (from, to) = if step % 2 == 0 { ("alice", "bob") } else { ("bob", "alice") };
        chain.transfer(from, to, 7);
    }
    let moved = chain.claimable("alice") + chain.claimable("bob");
    let all = moved + chain.claimable("carol");
    assert!((634..=636).contains(&moved), "{moved}");
    assert!((997..=1_000).contains(&all), "{all}");
}

#[test]
fn coins_sent_by_mistake_return() {
    let mut chain = Chain::new();
    let alice = chain.account("alice");
    chain.app.init_modules(|router, _, storage| {
        router.bank.init_balance(storage, &alice, coins(5, "ustake")).unwrap();
    });
    let message = ExecuteMsg::Burn { amount: amount(0) };
    let error = chain.app.execute_contract(alice, chain.shares.clone(), &message, &coins(5, "ustake")).unwrap_err();
    assert_eq!(error.downcast::<ContractError>().unwrap(), ContractError::Kit(KitError::UnexpectedFunds));
}

/// What everybody can fill must not cost others anything: a slash reaches at most 32 pools, whoever unbacks how often.
#[test]
fn slashing_is_bounded_whoever_unbacks_how_often() {
    let mut chain = Chain::with(Params { unback_seconds: (30 * DAY).into(), ..params() });
    chain.back("alice", 100_000);
    for _ in 0..80 {
        chain.unback("alice", 10);
        chain.wait(DAY / 2 + 1);
    }
    let open = |chain: &Chain| {
        let now = chain.now();
        shares::state::UNBACKING_POOLS
            .keys(
                chain.app.contract_storage(&chain.shares).as_ref(),
                Some(cw_storage_plus::Bound::exclusive(now)),
                None,
                cosmwasm_std::Order::Ascending,
            )
            .count()
    };
    assert!((30..=32).contains(&open(&chain)), "{}", open(&chain));
    let before = chain.solvency();
    chain.slash(5_000, None);
    // Those whose time is over are out of reach, all others lost half.
    let after = chain.solvency();
    assert!(after.unbacking > amount(before.unbacking.u128() / 2) && after.unbacking < before.unbacking);
    assert_eq!(after.backing.u128(), before.backing.u128() / 2);
}

/// Whatever happened before, the books are never short and everybody gets out.
#[test]
fn no_external_call_can_block_an_exit() {
    let mut chain = Chain::new();
    chain.back("alice", 1_000);
    chain.mint("bob", 500, 1);
    chain.fund("datanets", 1_000);
    chain.wait(1_000);
    // The Datanets contract at its worst: largest commons part, every slash, every mint.
    let account = chain.account("stranger").to_string();
    chain.send("datanets", &ExecuteMsg::SetCommonsPart { part: bps(5_000), account });
    chain.mint("stranger", 399_500, 2);
    chain.slash(9_999, Some("stranger")); // leaves one uopen
    assert_eq!((chain.claim("alice"), chain.claim("bob")), (500, 500));
    chain.back("alice", 1_000);
    chain.unback("alice", 1_000);
    chain.wait(4 * DAY);
    chain.send("alice", &ExecuteMsg::WithdrawBacking {});
    assert_eq!(chain.open_of("alice"), RICH - 2_000 + 500 + 1_001);
    assert_eq!(chain.solvency().unbacking, amount(0));
}

/// A receiver of shares that strikes back in the middle of the send.
#[cosmwasm_schema::cw_serde]
enum TrapMsg {
    Receive(Cw20ReceiveMsg),
}

/// What the trap does, by the hook message: a list of messages to the shares, errors ignored.
fn trap_execute(_: DepsMut, _: Env, info: MessageInfo, msg: TrapMsg) -> StdResult<Response> {
    let TrapMsg::Receive(note) = msg;
    let messages: Vec<ExecuteMsg> = from_json(&note.msg)?;
    let calls = messages.iter().map(|message| {
        let call = WasmMsg::Execute {
            contract_addr: info.sender.to_string(),
            msg: to_json_binary(message).unwrap(),
            funds: vec![],
        };
        SubMsg::reply_on_error(call, 1)
    });
    Ok(Response::new().add_submessages(calls))
}

fn trap_reply(_: DepsMut, _: Env, _: Reply) -> StdResult<Response> {
    Ok(Response::new())
}

fn trap_instantiate(_: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    Ok(Response::new())
}

fn trap_query(_: Deps, _: Env, _: Empty) -> StdResult<Binary> {
    to_json_binary(&())
}

fn trap(chain: &mut Chain) -> Addr {
    let wrapper = ContractWrapper::new(trap_execute, trap_instantiate, trap_query).with_reply(trap_reply);
    let code = chain.app.store_code(Box::new(wrapper));
    let admin = chain.account("admin");
    chain.app.instantiate_contract(code, admin, &Empty {}, &[], "trap", None).unwrap()
}

#[test]
fn a_receiver_that_calls_back_gains_nothing() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    chain.mint("bob", 100, 2);
    chain.fund("sponsor", 1_000);
    chain.wait(1_000);
    let trap = trap(&mut chain);
    let back = ExecuteMsg::Transfer { recipient: chain.account("alice").to_string(), amount: amount(60) };
    // Claims before it earned anything, claims twice, sends more back than it received, and sends back in part.
    let strike = vec![
        ExecuteMsg::ClaimIncome {},
        ExecuteMsg::Transfer { recipient: chain.account("alice").to_string(), amount: amount(101) },
        back,
        ExecuteMsg::ClaimIncome {},
        ExecuteMsg::Unback { shares: amount(1) },
    ];
    let msg = to_json_binary(&strike).unwrap();
    chain.send("alice", &ExecuteMsg::Send { contract: trap.to_string(), amount: amount(100), msg });
    let held = chain.client().balance(&chain.app.wrap(), &trap).unwrap();
    assert_eq!((chain.shares_of("alice"), held, chain.supply()), (60, amount(40), 200));
    assert_eq!(chain.open(&trap), 0);
    assert_eq!((chain.claimable("alice"), chain.claimable("bob")), (500, 500));
    // Its own 40 earn from now on, and not twice however it asks.
    chain.fund("sponsor", 1_000);
    chain.wait(1_000);
    let twice = to_json_binary(&vec![ExecuteMsg::ClaimIncome {}, ExecuteMsg::ClaimIncome {}]).unwrap();
    chain.send("alice", &ExecuteMsg::Send { contract: trap.to_string(), amount: amount(0), msg: twice });
    assert_eq!(chain.open(&trap), 200);
    assert_eq!(chain.solvency().income, amount(500 + 300 + 500 + 500));
}

#[test]
fn send_from_reports_the_spender_and_books_the_owner() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    chain.fund("sponsor", 1_000);
    chain.wait(1_000);
    let trap = trap(&mut chain);
    let (owner, spender) = (chain.account("alice").to_string(), chain.account("dave").to_string());
    chain.send("alice", &ExecuteMsg::IncreaseAllowance { spender, amount: amount(100), expires: None });
    let msg = to_json_binary(&vec![ExecuteMsg::ClaimIncome {}]).unwrap();
    chain.send("dave", &ExecuteMsg::SendFrom { owner, contract: trap.to_string(), amount: amount(100), msg });
    assert_eq!((chain.open(&trap), chain.claim("alice")), (0, 1_000));
}

#[test]
fn a_send_that_the_receiver_refuses_moves_nothing() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    let trap = trap(&mut chain);
    let (alice, shares) = (chain.account("alice"), chain.shares.clone());
    let message = ExecuteMsg::Send { contract: trap.to_string(), amount: amount(10), msg: Binary::from(b"no list") };
    chain.refused_call(&alice, &shares, &message);
}

#[test]
fn queries_have_limits_and_no_panic_on_missing_state() {
    let mut chain = Chain::new();
    let nobody = chain.backing("stranger");
    assert_eq!((nobody.staked, nobody.shares, nobody.unbacking.len()), (amount(0), amount(0), 0));
    assert_eq!((chain.claimable("stranger"), chain.income().trailing_yield_ppm), (0, amount(0)));
    chain.back("alice", 1_000);
    for _ in 0..33 {
        chain.unback("alice", 10);
        chain.wait(DAY);
    }
    let account = chain.account("alice").to_string();
    let page = |start_after: Option<u64>, limit| -> shares::msg::BackingResponse {
        let start_after = start_after.map(Into::into);
        chain.query(&QueryMsg::Backing { account: account.clone(), start_after, limit })
    };
    let first = page(None, Some(1_000));
    assert_eq!((page(None, None).unbacking.len(), first.unbacking.len()), (10, 30));
    assert_eq!(page(Some(first.unbacking[29].ends_at.u64()), None).unbacking.len(), 3);
    let bad = QueryMsg::Claimable { account: "cosmos1abc".into() };
    assert!(chain.app.wrap().query_wasm_smart::<Empty>(&chain.shares, &bad).is_err());
}
