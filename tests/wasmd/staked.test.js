// Staked OPEN decides on a real node: parameters, a pause, a migration, what fails; shares earn a Datanet's income; homes bond.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";

import { accounts, artifact, DENOM, faucet, GAS, node, now, of, ok, until } from "./lib/chain.js";
import { bumped, upload } from "./lib/code.js";
import { caller, deploy, govern, governanceParams, sharesTerms } from "./lib/deploy.js";
import { bondValidator, delegate, paying, sending } from "./lib/stakers.js";

const run = promisify(execFile);

/** Stakes, in uopen: 60 % of the power, 30 % and 10 %. A third is the quorum. */
const STAKES = { validator: "6000000", delegator: "3000000", small: "1000000" };

let founder;
let validator;
let delegator;
let small;
let flash;
let contracts;
let governance;
let token;
/** The transaction that bonded the last stake. */
let last;

before(async () => {
  [founder, validator, delegator, small, flash] = await accounts(5);
  contracts = await deploy(founder, founder.address);
  governance = await govern(founder, contracts, founder.address);
  token = caller("open-token", contracts.open_token);
  const give = [validator, delegator, small, flash].map(({ address }) => ({
    contractAddress: contracts.open_token,
    msg: { transfer: { recipient: address, amount: "100000000" } },
  }));
  await founder.client.executeMultiple(founder.address, give, GAS);
  await bondValidator(validator, contracts, STAKES.validator);
  await delegate(delegator, contracts, validator.address, STAKES.delegator);
  last = await delegate(small, contracts, validator.address, STAKES.small);
});

const query = (contract, msg) => founder.client.queryContractSmart(contract, msg);
const config = () => query(contracts.settlement, { config: {} });
const balance = async ({ address }) => BigInt((await query(contracts.open_token, { balance: { address } })).balance);
const send = (who, msg, label) => caller("governance", governance)(who, msg, label);
const summary = async (id) => (await query(governance, { proposal: { proposal_id: id } })).summary;
const vote = (who, id, answer) => send(who, { vote: { proposal_id: id, vote: answer } });
const execute = (id, label) => send(small, { execute: { proposal_id: id } }, label);

/** Proposes with a deposit by allowance. Returns the proposal's id. */
async function propose(who, title, action, deposit, expedited = false) {
  const msg = { propose: { proposal: { title, description: title, expedited, action }, deposit } };
  const kind = Object.keys(action)[0];
  const label = `governance/propose (${kind}, with its allowance)`;
  return of(await paying(who, contracts.open_token, governance, deposit, msg, label), "governance/proposed", "proposal_id");
}

/** Waits until a proposal that passed can be executed, or its vote is over. */
async function decided(id) {
  const { executable_at, voting_ends_at } = await summary(id);
  await until(founder.client, Number(executable_at ?? voting_ends_at));
  const after = await summary(id);
  if (after.executable_at) await until(founder.client, Number(after.executable_at));
  return summary(id);
}

/** A session of one OPEN for an hour. */
async function open(who) {
  const open_session = {
    amount: "1000000",
    session_public_key: "02".padEnd(66, "11"),
    max_prompt_price: "100",
    max_response_price: "100",
    expires_at: String((await now(who.client)) + 3600),
  };
  return paying(who, contracts.open_token, contracts.settlement, "1000000", { open_session });
}

test("power is what was bonded before the block that is asked about", async () => {
  const at = { before: String(last.height), after: String(last.height + 1) };
  const total = async (height) => (await query(contracts.staking, { total_power_at: { height } })).power;
  const own = async (height) =>
    (await query(contracts.staking, { power_at: { account: small.address, height } })).power;
  assert.deepEqual([await total("1"), await total(at.before), await total(at.after)], ["0", "9000000", "10000000"]);
  assert.deepEqual([await own("1"), await own(at.before), await own(at.after)], ["0", "0", STAKES.small]);
});

test("ownership of settlement is handed over in two steps", async () => {
  const settlement = caller("settlement, not pinned", contracts.settlement);
  const accept = { accept_ownership: { contract: contracts.settlement } };
  await assert.rejects(send(flash, accept), /propose/);
  const expires_at = String((await now(founder.client)) + 600);
  await settlement(founder, { propose_owner: { account: governance, expires_at } });
  await send(flash, accept);
  assert.equal((await config()).ownership.owner, governance);
  const { params } = await config();
  await assert.rejects(settlement(founder, { update_params: { params } }), /owner/i);
  await founder.client.updateAdmin(founder.address, contracts.settlement, governance, GAS);
});

test("stakers change a parameter; stake that came after the proposal does not vote", async () => {
  const changes = [{ name: "max_session_seconds", value: "7200" }];
  const action = { param_change: { contract: contracts.settlement, changes } };
  const money = await balance(delegator);
  const id = await propose(delegator, "Shorter sessions", action, "250000");
  assert.equal((await summary(id)).status, "deposit_period");
  await assert.rejects(vote(validator, id, "yes"), /cannot be voted on/);
  await token(validator, sending(governance, "750000", { deposit: { proposal_id: id } }), "send (a deposit)");
  assert.equal((await summary(id)).status, "voting");

  // Five times as much as all others together, a block too late.
  await delegate(flash, contracts, validator.address, "50000000");
  await assert.rejects(vote(flash, id, "no"), /had no power at the start of block/);
  await vote(validator, id, "yes");
  await vote(delegator, id, "no");
  await vote(delegator, id, "yes");
  await assert.rejects(execute(id), /cannot be executed/);
  const { status, tally, total_power } = await decided(id);
  assert.deepEqual([status, tally.yes, tally.no, total_power], ["executable", "9000000", "0", "10000000"]);

  const before = await config();
  await execute(id, "execute (param_change)");
  assert.deepEqual((await config()).params, { ...before.params, max_session_seconds: "7200" });
  assert.equal((await summary(id)).status, "executed");
  assert.equal(await balance(delegator), money, "the deposit came back");
  await assert.rejects(execute(id), /cannot be executed/);

  // Nor does stake that comes and votes in one transaction.
  const text = { title: "Late", description: "Late", expedited: false, action: { text: {} } };
  const late = { proposal: text, deposit: "1000000" };
  const next = String(Number(id) + 1);
  const bundle = [
    [contracts.open_token, { increase_allowance: { spender: contracts.staking, amount: "40000000" } }],
    [contracts.staking, { delegate: { validator: validator.address, amount: "40000000" } }],
    [contracts.open_token, { increase_allowance: { spender: governance, amount: "1000000" } }],
    [governance, { propose: late }],
    [governance, { vote: { proposal_id: next, vote: "yes" } }],
  ].map(([contractAddress, msg]) => ({ contractAddress, msg }));
  await small.client.executeMultiple(small.address, bundle, GAS);
  const ballot = (await query(governance, { vote: { proposal_id: next, voter: small.address } })).ballot;
  assert.equal(ballot.power, STAKES.small, "what was bonded before votes, what the transaction bonded does not");
});

test("a text proposal that misses its quorum gives the deposit back", async () => {
  const money = await balance(delegator);
  const id = await propose(delegator, "Nobody cares", { text: {} }, governanceParams.min_deposit);
  await vote(delegator, id, "yes");
  assert.equal(await balance(delegator), money - BigInt(governanceParams.min_deposit));
  await assert.rejects(send(flash, { close: { proposal_id: id } }), /cannot be closed yet/);
  assert.equal((await decided(id)).status, "quorum_missed");
  const closed = await send(flash, { close: { proposal_id: id } });
  assert.equal(of(closed, "governance/closed", "status"), "quorum_missed");
  assert.equal(await balance(delegator), money);
  await assert.rejects(send(flash, { close: { proposal_id: id } }), /closed/);
});

test("an expedited vote pauses settlement at once; a guardian ends the pause early", async () => {
  await open(flash);
  const action = { emergency_pause: { contracts: [contracts.settlement], seconds: "300" } };
  const id = await propose(flash, "Something is wrong", action, governanceParams.expedited_min_deposit, true);
  await Promise.all([validator, delegator, flash].map((who) => vote(who, id, "yes")));
  const { status, expedited } = await decided(id);
  assert.deepEqual([status, expedited], ["executable", true]);
  await execute(id, "execute (emergency_pause)");
  await assert.rejects(open(flash), /paused/i);
  const end = { end_emergency_pause: { contracts: [contracts.settlement] } };
  await assert.rejects(send(flash, end), /guardian/i);
  await send(founder, end);
  await open(flash);
});

test("messages of a proposal happen together or not at all, and one of them migrates", async () => {
  const before = await config();
  const calm = { update_params: { params: { ...before.params, max_session_seconds: "3600" } } };
  const change = { execute: { contract: contracts.settlement, message: calm } };
  const migrate = (codeId) => ({
    migrate: { contract: contracts.settlement, new_code_id: String(codeId), message: {} },
  });
  const foreign = await upload(founder, "staking");
  const next = await upload(founder, "settlement", bumped(await artifact("settlement")));

  // What was bonded too late for the first proposal votes on these.
  const both = (codeId) => ({ messages: { messages: [change, migrate(codeId)] } });
  const wrong = await propose(flash, "To another contract", both(foreign.codeId), governanceParams.min_deposit);
  const right = await propose(flash, "To the next version", both(next.codeId), governanceParams.min_deposit);
  for (const id of [wrong, right]) await Promise.all([validator, flash].map((who) => vote(who, id, "yes")));
  assert.equal((await decided(right)).status, "executable");

  const failed = await execute(wrong, "execute (messages, failed)");
  assert.equal(of(failed, "governance/execution_failed", "attempts"), "1");
  assert.equal((await summary(wrong)).status, "execution_failed");
  assert.deepEqual(await config(), before);

  await execute(right, "execute (messages: parameters, migration)");
  assert.equal((await founder.client.getContract(contracts.settlement)).codeId, next.codeId);
  assert.equal((await config()).params.max_session_seconds, "3600");
  const session = await query(contracts.settlement, { session: { session_id: "1" } });
  assert.equal(session.owner, flash.address);
});

test("no deposit is left behind", async () => {
  const { proposals } = await query(governance, { proposals: {} });
  for (const { proposal_id, status, deposit_state } of proposals) {
    if (deposit_state === "held") {
      await until(founder.client, Number((await summary(proposal_id)).voting_ends_at));
      await send(founder, { close: { proposal_id } }, `close (${status})`);
    }
  }
  assert.deepEqual(await query(governance, { solvency: {} }), { deposits: "0", held: "0", solvent: true });
});

test("shares that a Datanet issues are backed by a send and earn the Datanet's income", async () => {
  const datanets = caller("datanets", contracts.datanets);
  const create = {
    name: "Poems",
    description: "Poems with their authors",
    licence: "CC-BY-4.0",
    commons: founder.address,
    membership: "open",
  };
  const datanet_id = of(await datanets(founder, { create }), "datanets/created", "datanet_id");
  const issue = { datanet_id, name: "Shares of poems", symbol: "POEM", per_row: "500000", terms: sharesTerms };
  const shares = of(await datanets(founder, { issue_shares: issue }), "datanets/shares_issued", "address");

  // A contributor receives shares for accepted rows, a backer for a stake: one share each.
  await datanets(small, { join: { datanet_id } });
  const rows = { datanet_id, rows_root: "ab".repeat(32), rows: 2, media_type: "text/plain", manifest: "cd".repeat(32) };
  const contribution_id = of(await datanets(small, { contribute: rows }), "datanets/contributed", "contribution_id");
  await datanets(founder, { accept: { datanet_id, contribution_id } }, "accept (with shares)");
  await token(validator, sending(shares, "1000000", { back: {} }), "send (backing of shares)");
  const held = async ({ address }) => (await query(shares, { balance: { address } })).balance;
  assert.deepEqual([await held(small), await held(validator)], ["1000000", "1000000"]);

  const income = sending(contracts.datanets, "3000000", { datanet_income: { datanet_id } });
  const paid = await token(flash, income, "send (a Datanet's income, to its shares)");
  const at = Math.floor(Date.parse((await founder.client.getBlock(paid.height)).header.time) / 1000);
  await until(founder.client, at + Number(sharesTerms.income_seconds) + 1);
  const claim = async (who) => {
    const before = await balance(who);
    await caller("shares", shares)(who, { claim_income: {} });
    return (await balance(who)) - before;
  };
  assert.deepEqual([await claim(small), await claim(validator)], [1500000n, 1500000n]);
  await assert.rejects(claim(small), /income/);
  const { solvent } = await query(shares, { solvency: {} });
  assert.equal(solvent, true);
});

test("the command line bonds a home's account, as validator and as node, and shows it", async () => {
  const home = await mkdtemp(join(tmpdir(), "openledger-bond-"));
  const openledger = async (...args) => {
    const { stdout } = await run(node.openledger, [...args, "--home", home, "--output", "json"]);
    return JSON.parse(stdout);
  };
  const refusal = async (...args) => (await openledger(...args).catch((error) => error)).stderr;
  const { config: file } = await openledger("init");
  const { address } = await openledger("keys", "add");
  await openledger("keys", "bls");
  const filled = (await readFile(file, "utf8"))
    .replace(/^chain_grpc = .*$/m, `chain_grpc = "${node.grpc}"`)
    .replace(/^(\w+) = ""$/gm, (line, name) => (contracts[name] ? `${name} = "${contracts[name]}"` : line));
  await writeFile(file, filled);
  const rich = await faucet();
  ok(await rich.client.sendTokens(rich.address, address, [{ denom: DENOM, amount: "1000000000" }], GAS));
  await token(founder, { transfer: { recipient: address, amount: "9000000" } });

  assert.deepEqual(await openledger("bond", "show"), { address, held: "9000000", validator: null, node: null });
  assert.match(await refusal("bond", "node", "--amount", "1"), /CHAIN_.*below the minimum of 1000000/s);
  const made = await openledger("bond", "validator", "--amount", "2000000");
  assert.deepEqual([made.action, made.bonded], ["registered", "2000000"]);
  assert.match(await refusal("bond", "validator", "--amount", "2000000"), /BONDED_ALREADY/);
  await openledger("bond", "validator", "--amount", "1000000", "--add");
  await openledger("bond", "node", "--amount", "4000000");
  const { held, validator: seat, node: post } = await openledger("bond", "show");
  assert.deepEqual([held, seat.staking.self_bond, post.staking.bond], ["2000000", "3000000", "4000000"]);
  const question = { power_at: { account: address, height: String((await founder.client.getHeight()) + 1) } };
  assert.equal((await query(contracts.staking, question)).power, "3000000", "a node's bond does not vote");
});
