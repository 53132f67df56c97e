//! Parts of the supply that vest from the first block on.

use cosmwasm_std::{from_json, Addr, Uint128, Uint64};
use cw_multi_test::{AppResponse, Executor};
use open_token::{
    client::OpenToken,
    msg::{Allocation, InstantiateMsg, VestingTerms, TOTAL_SUPPLY},
    ContractError,
};
use vesting::client::Client;

use crate::suite::{chain, instantiate, try_instantiate, vesting_contract, TestApp};

const ALL: u128 = TOTAL_SUPPLY.u128();
const TEAM: u128 = 200_000_000_000_000;
const SEED: u128 = 50_000_000_000_001;

struct World {
    app: TestApp,
    vesting: Addr,
    /// Now, in seconds.
    start: u64,
}

impl World {
    fn new() -> Self {
        let mut app = chain();
        let vesting = vesting_contract(&mut app);
        let start = app.block_info().time.seconds();
        Self { app, vesting, start }
    }

    fn account(&self, name: &str) -> Addr {
        self.app.api().addr_make(name)
    }

    fn part(&self, name: &str, amount: u128, terms: Option<VestingTerms>) -> Allocation {
        let liquid = Allocation::new(self.account(name), Uint128::new(amount));
        Allocation { vesting: terms, ..liquid }
    }

    fn terms(&self, revoker: Option<&str>) -> VestingTerms {
        VestingTerms {
            starts_at: Uint64::new(self.start),
            cliff_seconds: Uint64::new(100),
            duration_seconds: Uint64::new(400),
            revoker: revoker.map(|name| self.account(name).into_string()),
        }
    }

    fn init(&self, allocations: Vec<Allocation>) -> InstantiateMsg {
        InstantiateMsg { allocations, marketing: None, vesting: Some(self.vesting.to_string()) }
    }

    /// `team` and `seed` vest, `alice` has the rest at once; `team` also has one token at once.
    fn genesis(&self) -> InstantiateMsg {
        self.init(vec![
            self.part("team", TEAM, Some(self.terms(Some("dao")))),
            self.part("seed", SEED, Some(self.terms(None))),
            self.part("team", 1, None),
            self.part("alice", ALL - TEAM - SEED - 1, None),
        ])
    }

    fn balance(&self, token: &Addr, account: &Addr) -> u128 {
        OpenToken::new(token, self.app.wrap()).balance(account).unwrap().u128()
    }

    fn release(&mut self, grant_id: u64) -> AppResponse {
        let release = Client::new(&self.vesting).release(grant_id).unwrap();
        self.app.execute(self.app.api().addr_make("anyone"), release).unwrap()
    }
}

#[test]
fn vested_parts_are_grants_in_the_same_transaction() {
    let mut world = World::new();
    let msg = world.genesis();
    let token = instantiate(&mut world.app, &msg).unwrap();
    assert_eq!(world.balance(&token, &world.account("alice")), ALL - TEAM - SEED - 1);
    assert_eq!(world.balance(&token, &world.account("team")), 1);
    assert_eq!(world.balance(&token, &world.vesting), TEAM + SEED);
    let client = Client::new(&world.vesting);
    let team = client.grant(&world.app.wrap(), 1).unwrap();
    assert_eq!((&team.token, &team.grantor), (&token, &world.account("admin")));
    assert_eq!((&team.recipient, team.amount.u128()), (&world.account("team"), TEAM));
    assert_eq!(team.revoker, Some(world.account("dao")));
    let seed = client.grants_of(&world.app.wrap(), &world.account("seed"), None, None).unwrap();
    assert_eq!((seed.len(), seed[0].amount.u128(), seed[0].revoker.as_ref()), (1, SEED, None));
    let books = client.solvency(&world.app.wrap(), &token).unwrap();
    assert_eq!((books.owed.u128(), books.held.u128()), (TEAM + SEED, TEAM + SEED));
}

#[test]
fn they_are_paid_by_the_second_and_the_supply_stays_whole() {
    let mut world = World::new();
    let msg = world.genesis();
    let token = instantiate(&mut world.app, &msg).unwrap();
    let names = ["team", "seed", "alice", "dao"];
    let whole = |world: &World| {
        let held: u128 = names.map(|name| world.balance(&token, &world.account(name))).iter().sum();
        assert_eq!(held + world.balance(&token, &world.vesting), ALL);
        assert_eq!(OpenToken::new(&token, world.app.wrap()).info().unwrap().total_supply, TOTAL_SUPPLY);
    };
    whole(&world);
    world.app.update_block(|block| block.time = block.time.plus_seconds(100));
    world.release(2);
    assert_eq!(world.balance(&token, &world.account("seed")), SEED / 4);
    whole(&world);
    let revoke = Client::new(&world.vesting).revoke(1).unwrap();
    world.app.execute(world.app.api().addr_make("dao"), revoke).unwrap();
    assert_eq!(world.balance(&token, &world.account("team")), 1 + TEAM / 4);
    assert_eq!(world.balance(&token, &world.account("dao")), TEAM / 4 * 3);
    whole(&world);
    world.app.update_block(|block| block.time = block.time.plus_seconds(1_000));
    world.release(2);
    assert_eq!(world.balance(&token, &world.account("seed")), SEED);
    assert_eq!(world.balance(&token, &world.vesting), 0);
    whole(&world);
}

#[test]
fn terms_without_a_contract_to_hold_them_are_refused() {
    let mut world = World::new();
    let mut msg = world.genesis();
    msg.vesting = None;
    let address = world.account("team");
    assert_eq!(instantiate(&mut world.app, &msg).unwrap_err(), ContractError::VestingMissing { address });
    // An account, or a contract that does something else, cannot hold them either.
    let plain = InstantiateMsg { vesting: None, ..world.init(vec![world.part("alice", ALL, None)]) };
    let wrong = instantiate(&mut world.app, &plain).unwrap();
    for other in [world.account("alice"), wrong] {
        msg.vesting = Some(other.into_string());
        try_instantiate(&mut world.app, &msg).unwrap_err();
    }
}

#[test]
fn terms_that_the_vesting_contract_refuses_leave_no_token() {
    let mut world = World::new();
    let cliff_after_end = VestingTerms { cliff_seconds: Uint64::new(401), ..world.terms(None) };
    let own_revoker = world.terms(Some("team"));
    let no_address = VestingTerms { revoker: Some("nobody".into()), ..world.terms(None) };
    for terms in [cliff_after_end, own_revoker, no_address] {
        let msg = world.init(vec![world.part("team", TEAM, Some(terms)), world.part("alice", ALL - TEAM, None)]);
        let error = try_instantiate(&mut world.app, &msg).unwrap_err();
        assert!(error.downcast::<vesting::ContractError>().is_ok());
        let grants = Client::new(&world.vesting).grants_of(&world.app.wrap(), &world.account("team"), None, None);
        assert!(grants.unwrap().is_empty());
    }
}

#[test]
fn an_account_may_have_parts_with_different_terms_only() {
    let mut world = World::new();
    let (early, late) = (world.terms(None), VestingTerms { duration_seconds: Uint64::new(900), ..world.terms(None) });
    let part = |terms: &VestingTerms| world.part("team", TEAM, Some(terms.clone()));
    let (same, apart) = ([part(&early), part(&early)], [part(&early), part(&late)]);
    let rest = world.part("alice", ALL - 2 * TEAM, None);
    let init = |parts: [Allocation; 2]| world.init([parts.to_vec(), vec![rest.clone()]].concat());
    let (same, apart) = (init(same), init(apart));
    let address = world.account("team");
    assert_eq!(instantiate(&mut world.app, &same).unwrap_err(), ContractError::DuplicateAllocation { address });
    instantiate(&mut world.app, &apart).unwrap();
    let grants = Client::new(&world.vesting).grants_of(&world.app.wrap(), &world.account("team"), None, None).unwrap();
    assert_eq!(grants.len(), 2);
}

#[test]
fn nothing_goes_to_the_vesting_contract_without_terms() {
    let mut world = World::new();
    let to_itself = Allocation::new(world.vesting.clone(), Uint128::new(5));
    let msg = world.init(vec![to_itself, world.part("alice", ALL - 5, None)]);
    let address = world.vesting.clone();
    assert_eq!(instantiate(&mut world.app, &msg).unwrap_err(), ContractError::AllocationToVesting { address });
    // Naming it without using it is no mistake.
    let msg = world.init(vec![world.part("alice", ALL, None)]);
    instantiate(&mut world.app, &msg).unwrap();
}

#[test]
fn the_bound_on_allocations_counts_those_that_vest() {
    let mut world = World::new();
    let parts = |count: u128| -> Vec<Allocation> {
        let mut parts: Vec<_> =
            (1..count).map(|n| world.part(&format!("member{n}"), 1, Some(world.terms(None)))).collect();
        parts.push(world.part("alice", ALL - (count - 1), None));
        parts
    };
    let (most, too_many) = (world.init(parts(64)), world.init(parts(65)));
    let token = instantiate(&mut world.app, &most).unwrap();
    assert_eq!(world.balance(&token, &world.vesting), 63);
    assert!(matches!(instantiate(&mut world.app, &too_many).unwrap_err(), ContractError::Kit(_)));
}

#[test]
fn messages_from_before_there_was_vesting_still_work() {
    let old = format!(r#"{{"allocations":[{{"address":"wasm1x","amount":"{ALL}"}}]}}"#);
    let msg: InstantiateMsg = from_json(old.as_bytes()).unwrap();
    assert_eq!((msg.allocations[0].vesting.clone(), msg.vesting), (None, None));
}
