// Vesting on a real node: the token creates its grants in its own instantiation, and they are paid, revoked and handed over.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { accounts, GAS, now, of, until } from "./lib/chain.js";
import { upload } from "./lib/code.js";
import { caller, instantiate, SUPPLY } from "./lib/deploy.js";
import { record } from "./lib/gas.js";

/** Seconds to the first payment and to the last. The chain makes two blocks a second. */
const CLIFF = 6;
const DURATION = 40;

const TEAM = 400_000_000_000_000n;
const SEED = 1_000_000_000_001n;

let founder;
let team;
let seed;
let heir;
let vesting;
let token;
let start;

const query = (contract, msg) => founder.client.queryContractSmart(contract, msg);
const balance = async ({ address }) => BigInt((await query(token, { balance: { address } })).balance);
const grant = (id) => query(vesting, { grant: { grant_id: id } });
const send = (who, msg, label) => caller("vesting", vesting)(who, msg, label);

/** What has vested of `amount` at the second of a block. */
function vested(amount, second) {
  const passed = BigInt(second - start);
  if (passed < CLIFF) return 0n;
  return passed >= DURATION ? amount : (amount * passed) / BigInt(DURATION);
}

/** The second of the block that a transaction is in. */
async function second({ height }) {
  return Math.floor(Date.parse((await founder.client.getBlock(height)).header.time) / 1000);
}

before(async () => {
  [founder, team, seed, heir] = await accounts(4);
  vesting = await instantiate(founder, "vesting", {});
  start = await now(founder.client);
});

const terms = (more = {}) => ({
  starts_at: String(start),
  cliff_seconds: String(CLIFF),
  duration_seconds: String(DURATION),
  ...more,
});

test("the token hands its vested parts over in its own instantiation", async () => {
  const { codeId } = await upload(founder, "open_token");
  const msg = {
    allocations: [
      { address: team.address, amount: String(TEAM), vesting: terms({ revoker: founder.address }) },
      { address: seed.address, amount: String(SEED), vesting: terms() },
      { address: founder.address, amount: String(BigInt(SUPPLY) - TEAM - SEED) },
    ],
    vesting,
  };
  const refused = { ...msg, allocations: [{ ...msg.allocations[0], vesting: terms({ cliff_seconds: String(DURATION + 1) }) }] };
  refused.allocations.push({ address: founder.address, amount: String(BigInt(SUPPLY) - TEAM) });
  await assert.rejects(founder.client.instantiate(founder.address, codeId, refused, "OPEN", GAS), /cliff_seconds is 41/);

  const made = await founder.client.instantiate(founder.address, codeId, msg, "OPEN", GAS);
  record("open-token/instantiate (two allocations vest)", made);
  token = made.contractAddress;
  assert.equal(of(made, "vesting/granted", "grant_id"), "1");
  assert.equal(await balance({ address: vesting }), TEAM + SEED);
  assert.deepEqual(await query(vesting, { solvency: { token } }), {
    owed: String(TEAM + SEED),
    held: String(TEAM + SEED),
    solvent: true,
  });
  const { grants } = await query(vesting, { grants_of: { recipient: seed.address } });
  assert.deepEqual(
    grants.map(({ grant_id, amount, grantor, revoker }) => [grant_id, amount, grantor, revoker]),
    [["2", String(SEED), founder.address, null]],
  );
});

test("nothing is paid before the cliff, and then by the second to whom it belongs", async () => {
  const release = { release: { grant_id: "2" } };
  if ((await now(founder.client)) < start + CLIFF - 2) {
    await assert.rejects(send(founder, release), /nothing to release now/);
  }
  await until(founder.client, start + CLIFF);
  const paid = await send(heir, release);
  const due = vested(SEED, await second(paid));
  assert.equal(of(paid, "vesting/released", "amount"), String(due));
  assert.equal(await balance(seed), due);
  assert.equal(await balance(heir), 0n);
});

test("a revoked grant pays what has vested, and the rest returns", async () => {
  await assert.rejects(send(team, { revoke: { grant_id: "1" } }), /revoker/);
  const before = await balance(founder);
  const revoked = await send(founder, { revoke: { grant_id: "1" } });
  const due = vested(TEAM, await second(revoked));
  assert.equal(await balance(team), due);
  assert.equal((await balance(founder)) - before, TEAM - due);
  assert.equal((await grant("1")).revoker, null);
  await assert.rejects(send(founder, { revoke: { grant_id: "1" } }), /revoker/);
});

test("a grant changes hands in two steps, and is paid in full at its end", async () => {
  const expires_at = String((await now(founder.client)) + 3600);
  await send(seed, { propose_recipient: { grant_id: "2", recipient: heir.address, expires_at } });
  await assert.rejects(send(team, { accept_recipient: { grant_id: "2" } }), /not proposed/);
  await send(heir, { accept_recipient: { grant_id: "2" } });
  await until(founder.client, start + DURATION);
  const before = await balance(seed);
  await send(founder, { release: { grant_id: "2" } }, "release (the last)");
  assert.equal((await balance(seed)) - before, 0n);
  assert.equal((await balance(seed)) + (await balance(heir)), SEED);
  assert.equal((await query(vesting, { solvency: { token } })).owed, "0");
});

test("anybody grants by a cw20 send, and a right to revoke can be given up", async () => {
  const hook = { grant: { recipient: heir.address, revoker: founder.address, ...terms({ duration_seconds: "3600" }) } };
  const msg = Buffer.from(JSON.stringify(hook)).toString("base64");
  const sent = { send: { contract: vesting, amount: "1000", msg } };
  const granted = await caller("open-token", token)(founder, sent, "send (a grant)");
  const grant_id = of(granted, "vesting/granted", "grant_id");
  await send(founder, { renounce_revocation: { grant_id } });
  await assert.rejects(send(founder, { revoke: { grant_id } }), /revoker/);
  const forged = { receive: { sender: founder.address, amount: "1000", msg } };
  await assert.rejects(send(founder, forged), /contract|no such/i);
  assert.equal((await query(vesting, { solvency: { token } })).owed, "1000");
});
