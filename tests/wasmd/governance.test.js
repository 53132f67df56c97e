// The chain's own governance drives the contracts: parameters, pause, a call as owner, migration, a lost key.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";

import { accounts, artifact, GAS, node, now } from "./lib/chain.js";
import { bumped, upload } from "./lib/code.js";
import { caller, deploy, instantiate, modelsParams } from "./lib/deploy.js";
import { authority, decide, executing, fromFile, migrating, sudo } from "./lib/governance.js";

const run = promisify(execFile);

let founder;
let buyer;
let gov;
let contracts;

before(async () => {
  [founder, buyer] = await accounts(2);
  gov = await authority();
  // The founder keeps the owner's role of settlement and gives that of staking, and all migrations, to the chain.
  contracts = await deploy(founder, founder.address);
  await founder.client.updateAdmin(founder.address, contracts.settlement, gov, GAS);
});

const config = async (name) => founder.client.queryContractSmart(contracts[name], { config: {} });

/** A session of one OPEN for an hour. */
async function open(who) {
  const spend = { increase_allowance: { spender: contracts.settlement, amount: "1000000" } };
  await caller("open-token", contracts.open_token)(who, spend);
  return caller("settlement, not pinned", contracts.settlement)(who, {
    open_session: {
      amount: "1000000",
      session_public_key: "02".padEnd(66, "11"),
      max_prompt_price: "100",
      max_response_price: "100",
      expires_at: String((await now(who.client)) + 3600),
    },
  });
}

test("a drafted proposal changes a parameter", async () => {
  const folder = await mkdtemp(join(tmpdir(), "openledger-gov-"));
  const file = join(folder, "proposal.json");
  const args = ["gov", "draft", "params", contracts.settlement, "max_session_seconds=7200"];
  const flags = ["--grpc", node.grpc, "--file", file, "--output", "json", "--home", folder];
  const { stdout } = await run(node.openledger, [...args, ...flags]);
  const drafted = JSON.parse(stdout);
  assert.deepEqual(drafted.changes, [{ field: "max_session_seconds", before: "86400", after: "7200" }]);
  assert.ok(drafted.simulated.gas > 0, "the node tried it");

  const before = await config("settlement");
  assert.equal((await decide(fromFile(await readFile(file, "utf8")))).status, "PROPOSAL_STATUS_PASSED");
  const after = await config("settlement");
  assert.deepEqual(after.params, { ...before.params, max_session_seconds: "7200" });
});

test("a draft that would fail is refused in the contract's words, and nothing is written", async () => {
  const folder = await mkdtemp(join(tmpdir(), "openledger-gov-"));
  const flags = ["--grpc", node.grpc, "--file", join(folder, "proposal.json"), "--home", folder];
  // What the program says, without the command line that the error repeats.
  const refusal = async (...args) => {
    const done = await run(node.openledger, ["gov", "draft", ...args, ...flags]).catch((error) => error);
    assert.equal(done.code, 1);
    return done.stderr;
  };
  const bad = await refusal("params", contracts.settlement, "max_charges_per_batch=65");
  assert.match(bad, /CHAIN_SIMULATION_FAILED.*max_charges_per_batch/);
  assert.match(await refusal("params", contracts.settlement, "max_sessions=1"), /no parameter "max_sessions"/);
  assert.match(await refusal("migrate", contracts.settlement, "--code-id", "9999"), /error \[CHAIN_/);
  await assert.rejects(readFile(join(folder, "proposal.json")), /ENOENT/);
});

test("a passed proposal pauses what comes in, never what goes out, and ends the pause again", async () => {
  await caller("open-token", contracts.open_token)(founder, { transfer: { recipient: buyer.address, amount: "9000000" } });
  await open(buyer);
  const until = String((await now(founder.client)) + 600);
  const pause = [sudo(gov, contracts.settlement, { pause: { until } })];
  assert.equal((await decide({ title: "Pause settlement", messages: pause })).status, "PROPOSAL_STATUS_PASSED");
  await assert.rejects(open(buyer), /paused/i);
  await caller("settlement, not pinned", contracts.settlement)(buyer, { close_session: { session_id: "1" } });
  const resume = [sudo(gov, contracts.settlement, { unpause: {} })];
  assert.equal((await decide({ title: "Go on", messages: resume })).status, "PROPOSAL_STATUS_PASSED");
  await open(buyer);
});

test("several messages of one proposal take effect together or not at all", async () => {
  const owned = await instantiate(founder, "models", {
    owner: gov,
    datanets: contracts.datanets,
    token: contracts.open_token,
    params: modelsParams("1000"),
  });
  const params = (max_token_price) => ({ update_params: { params: modelsParams(max_token_price) } });
  const read = async () => (await founder.client.queryContractSmart(owned, { config: {} })).params.max_token_price;

  const both = [executing(gov, owned, params("2000")), executing(gov, owned, params("0"))];
  assert.equal((await decide({ title: "Half of it is wrong", messages: both })).status, "PROPOSAL_STATUS_FAILED");
  assert.equal(await read(), "1000");
  const right = [executing(gov, owned, params("2000")), executing(gov, owned, params("3000"))];
  assert.equal((await decide({ title: "Both are right", messages: right })).status, "PROPOSAL_STATUS_PASSED");
  assert.equal(await read(), "3000");
});

test("a passed proposal migrates to the next version and keeps every session", async () => {
  const next = await upload(founder, "settlement", bumped(await artifact("settlement")));
  const state = async () => founder.client.queryContractSmart(contracts.settlement, { session: { session_id: "1" } });
  const before = await state();
  const foreign = await upload(founder, "staking");
  const wrong = [migrating(gov, contracts.settlement, foreign.codeId, {})];
  assert.equal((await decide({ title: "To another contract", messages: wrong })).status, "PROPOSAL_STATUS_FAILED");
  const right = [migrating(gov, contracts.settlement, next.codeId, {})];
  assert.equal((await decide({ title: "To the next version", messages: right })).status, "PROPOSAL_STATUS_PASSED");
  assert.equal((await founder.client.getContract(contracts.settlement)).codeId, next.codeId);
  assert.deepEqual(await state(), before);
});

test("a lost owner's key is replaced by a passed proposal, and by nobody else", async () => {
  const replace = { replace_owner: { owner: buyer.address } };
  await assert.rejects(caller("settlement, not pinned", contracts.settlement)(buyer, replace), /unknown variant/);
  const messages = [sudo(gov, contracts.settlement, replace)];
  assert.equal((await decide({ title: "Replace the owner", messages })).status, "PROPOSAL_STATUS_PASSED");
  assert.equal((await config("settlement")).ownership.owner, buyer.address);
});
