//! OPEN and vesting as they run on a chain: what the messages do, that what is refused changes nothing, and their gas.

use openledger_vm_test::{World, gas::Table};
use serde_json::{Value, json};

const SUPPLY: u128 = 1_000_000_000_000_000;
const TEAM: u128 = 400_000_000_000_000;

fn balance(world: &World, token: &str, account: &str) -> u128 {
    let answer = world.query(token, &json!({ "balance": { "address": account } })).expect("answers");
    answer["balance"].as_str().expect("an amount").parse().expect("an amount")
}

/// A hook, as the cw20 standard wants it.
fn hook(msg: &Value) -> String {
    cosmwasm_std::Binary::from(msg.to_string().as_bytes()).to_base64()
}

#[test]
fn open_moves_by_the_standard() {
    let (mut world, mut gas) = (World::new(), Table::default());
    let [alice, bob, shop] = ["alice", "bob", "shop"].map(|name| world.account(name));
    let init = json!({ "allocations": [{ "address": alice, "amount": SUPPLY.to_string() }] });
    let (token, done) = world.instantiate("open_token", &alice, &init).expect("created");
    gas.note("instantiate", done.gas);

    let mut send = |world: &mut World, who: &str, msg: Value| {
        let name = msg.as_object().expect("a message").keys().next().expect("a name").clone();
        let done = world.execute(&token, who, &msg).expect("accepted");
        gas.note(&name, done.gas);
    };
    send(&mut world, &alice, json!({ "transfer": { "recipient": bob, "amount": "70" } }));
    send(&mut world, &alice, json!({ "increase_allowance": { "spender": shop, "amount": "50" } }));
    send(&mut world, &shop, json!({ "transfer_from": { "owner": alice, "recipient": bob, "amount": "20" } }));
    send(&mut world, &shop, json!({ "burn_from": { "owner": alice, "amount": "5" } }));
    send(&mut world, &alice, json!({ "decrease_allowance": { "spender": shop, "amount": "5" } }));
    send(&mut world, &bob, json!({ "burn": { "amount": "10" } }));
    assert_eq!((balance(&world, &token, &alice), balance(&world, &token, &bob)), (SUPPLY - 95, 80));

    for (who, msg) in [
        (&bob, json!({ "transfer": { "recipient": alice, "amount": "81" } })),
        (&shop, json!({ "transfer_from": { "owner": alice, "recipient": bob, "amount": "21" } })),
        (&alice, json!({ "mint": { "recipient": alice, "amount": "1" } })),
        (&alice, json!({ "update_minter": { "new_minter": alice } })),
        (&alice, json!({ "transfer": { "recipient": "cosmos1abc", "amount": "1" } })),
        (&alice, json!({ "unknown": {} })),
    ] {
        world.execute(&token, who, &msg).expect_err("refused");
    }
    let info = world.query(&token, &json!({ "token_info": {} })).expect("answers");
    assert_eq!(info["total_supply"], (SUPPLY - 15).to_string());
    let allowances = world.query(&token, &json!({ "all_allowances": { "owner": alice } })).expect("answers");
    assert_eq!(allowances["allowances"][0]["allowance"], "20");
    gas.hold("open-token");
}

#[test]
fn parts_of_the_supply_vest_from_the_first_block_on() {
    let (mut world, mut gas) = (World::new(), Table::default());
    let [founder, team, heir] = ["founder", "team", "heir"].map(|name| world.account(name));
    let (vesting, done) = world.instantiate("vesting", &founder, &json!({})).expect("created");
    gas.note("instantiate", done.gas);
    let start = world.now();
    let terms = |cliff: u64| {
        json!({ "starts_at": start.to_string(), "cliff_seconds": cliff.to_string(), "duration_seconds": "100",
                "revoker": founder })
    };
    let init = |cliff| {
        json!({
            "allocations": [
                { "address": team, "amount": TEAM.to_string(), "vesting": terms(cliff) },
                { "address": founder, "amount": (SUPPLY - TEAM).to_string() },
            ],
            "vesting": vesting,
        })
    };
    let refusal = world.instantiate("open_token", &founder, &init(101)).expect_err("a cliff after the end");
    assert!(refusal.contains("cliff_seconds is 101"), "{refusal}");
    let (token, done) = world.instantiate("open_token", &founder, &init(25)).expect("created");
    gas.note("open-token/instantiate (one allocation vests)", done.gas);
    // The refused one left nothing behind: this is the first grant.
    assert_eq!(done.of("vesting/granted", "grant_id"), "1");
    assert_eq!(balance(&world, &token, &vesting), TEAM);

    let release = json!({ "release": { "grant_id": "1" } });
    let early = world.execute(&vesting, &heir, &release).expect_err("before the cliff");
    assert!(early.contains(&format!("ask again from {}", start + 25)), "{early}");
    world.wait(30);
    gas.note("release", world.execute(&vesting, &heir, &release).expect("paid").gas);
    assert_eq!(balance(&world, &token, &team), TEAM / 10 * 3);

    let expires_at = (start + 1_000).to_string();
    let propose = json!({ "propose_recipient": { "grant_id": "1", "recipient": heir, "expires_at": expires_at } });
    gas.note("propose_recipient", world.execute(&vesting, &team, &propose).expect("proposed").gas);
    let accept = json!({ "accept_recipient": { "grant_id": "1" } });
    world.execute(&vesting, &team, &accept).expect_err("not the proposed account");
    gas.note("accept_recipient", world.execute(&vesting, &heir, &accept).expect("accepted").gas);

    world.wait(20);
    let revoke = json!({ "revoke": { "grant_id": "1" } });
    world.execute(&vesting, &heir, &revoke).expect_err("not the revoker");
    gas.note("revoke", world.execute(&vesting, &founder, &revoke).expect("revoked").gas);
    assert_eq!(balance(&world, &token, &heir), TEAM / 10 * 2);
    assert_eq!(balance(&world, &token, &founder), SUPPLY - TEAM / 2);

    let grant = json!({ "grant": { "recipient": team, "revoker": founder, "starts_at": start.to_string(),
                                   "cliff_seconds": "0", "duration_seconds": "1000" } });
    let send = json!({ "send": { "contract": vesting, "amount": "1000", "msg": hook(&grant) } });
    gas.note("receive (with the token's send)", world.execute(&token, &founder, &send).expect("granted").gas);
    let renounce = json!({ "renounce_revocation": { "grant_id": "2" } });
    gas.note("renounce_revocation", world.execute(&vesting, &founder, &renounce).expect("renounced").gas);
    let forged = json!({ "receive": { "sender": founder, "amount": "1000", "msg": hook(&grant) } });
    let refusal = world.execute(&vesting, &founder, &forged).expect_err("not a token");
    assert!(refusal.contains("No such contract"), "{refusal}");
    let books = world.query(&vesting, &json!({ "solvency": { "token": token } })).expect("answers");
    assert_eq!(books, json!({ "owed": "1000", "held": "1000", "solvent": true }));
    let page = world.query(&vesting, &json!({ "grants_of": { "recipient": team } })).expect("answers");
    assert_eq!(page["grants"][0]["grant_id"], "2");
    gas.hold("vesting");
}
