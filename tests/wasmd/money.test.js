// Money, from a session to a claim, with a hundred validators: what each message costs, with and without pinned codes, and
// that the cost does not grow with the number of receipts or payees.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";

import { toHex } from "@cosmjs/encoding";

import { accounts, GAS, node as endpoints, now, of, until } from "./lib/chain.js";
import { CHALLENGE_WINDOW, caller, deploy } from "./lib/deploy.js";
import { record } from "./lib/gas.js";
import { decide, fromFile } from "./lib/governance.js";
import { attest, blsKey, payoutLeaf, payoutTree, sessionKey, statement } from "./lib/protocol.js";

const VALIDATORS = 100;
const BOND = "1000000";
const run = promisify(execFile);

let founder;
let node;
let contracts;
let token;
let staking;
let validators;
let set;
let payee;
let epoch = 0;
let total = 0n;
let batches = 0;

/** Until the codes are pinned, what messages cost is recorded under another name. */
let pinned = false;
const settle = (who, msg, label = Object.keys(msg)[0]) =>
  caller(pinned ? "settlement" : "settlement, not pinned", contracts.settlement)(who, msg, label);

before(async () => {
  [founder, node] = await accounts(2);
  payee = (await accounts(1))[0].address;
  contracts = await deploy(founder, founder.address);
  token = caller("open-token", contracts.open_token);
  staking = caller("staking", contracts.staking);
});

const query = (contract, msg) => founder.client.queryContractSmart(contracts[contract], msg);
const balance = async (address) => BigInt((await query("open_token", { balance: { address } })).balance);

/** Opens a session, charges it in a batch of so many receipts and credits, and returns the batch's id. */
async function batch(receipts, credits) {
  const key = await sessionKey();
  await token(founder, { increase_allowance: { spender: contracts.settlement, amount: "1000000" } });
  const opened = await settle(founder, {
    open_session: {
      amount: "1000000",
      session_public_key: key.publicKey,
      max_prompt_price: "100",
      max_response_price: "100",
      expires_at: String((await now(founder.client)) + 3600),
    },
  });
  const sessionId = of(opened, "settlement/session_opened", "session_id");
  batches += 1;
  const submitted = await settle(
    node,
    {
      submit_batch: {
        sequence: String(batches),
        receipts_root: "aa".repeat(32),
        receipt_count: String(receipts),
        credits_root: "bb".repeat(32),
        credit_count: String(credits),
        total: "600000",
        charges: [
          {
            session_id: sessionId,
            cumulative_fee: "600000",
            voucher_amount: "700000",
            voucher_sequence: "1",
            voucher_signature: await key.voucher(contracts.settlement, sessionId, 700000, 1),
          },
        ],
      },
    },
    `submit_batch (${receipts} receipts)`,
  );
  return of(submitted, "settlement/batch_submitted", "batch_id");
}

/** Has the set accept a batch with a payout tree of 2^depth payees, without the signatures of `absentees`. */
async function accept(batchId, payee, depth, absentees, label) {
  epoch += 1;
  total += 600000n;
  const earned = total / 2n;
  const tree = payoutTree(payoutLeaf(contracts.settlement, payee, earned), depth, total - earned);
  const root = tree.root.hash;
  const message = { epoch, setId: set.set_id, batchIds: [batchId], root, total, count: tree.count };
  const present = set.members.map(({ validator }) => validators.get(validator)).filter((_, at) => !absentees.includes(at));
  await settle(
    founder,
    {
      accept_epoch: {
        epoch: String(epoch),
        round: 0,
        set_id: set.set_id,
        batch_ids: [batchId],
        payout_root: toHex(root),
        payout_total: String(total),
        payout_count: String(tree.count),
        absentees,
        signature: attest(present, statement(contracts.settlement, message)),
      },
    },
    label,
  );
  return { earned, tree, claimableAt: (await now(founder.client)) + CHALLENGE_WINDOW };
}

test("a node bonds as operator, which settlement asks of whoever submits batches", async () => {
  await token(founder, { transfer: { recipient: node.address, amount: BOND } });
  const bond = [
    { contractAddress: contracts.open_token, msg: { increase_allowance: { spender: contracts.staking, amount: BOND } } },
    {
      contractAddress: contracts.staking,
      msg: { register_operator: { amount: BOND, endpoint: "http://127.0.0.1:9999", moniker: "node" } },
    },
  ];
  record("staking/register_operator (with its allowance)", await node.client.executeMultiple(node.address, bond, GAS));
  assert.equal((await query("staking", { operator: { operator: node.address } })).bond, BOND);
});

test("a hundred validators bond with proven keys and make a set", async () => {
  const made = await accounts(VALIDATORS);
  const give = made.map(({ address }) => ({
    contractAddress: contracts.open_token,
    msg: { transfer: { recipient: address, amount: BOND } },
  }));
  await founder.client.executeMultiple(founder.address, give, GAS);
  validators = new Map(made.map(({ address }) => [address, blsKey()]));
  const register = async (who, at) => {
    const key = validators.get(who.address);
    const bond = [
      {
        contractAddress: contracts.open_token,
        msg: { increase_allowance: { spender: contracts.staking, amount: BOND } },
      },
      {
        contractAddress: contracts.staking,
        msg: {
          register_validator: {
            amount: BOND,
            bls_public_key: key.publicKey,
            proof_of_possession: key.possession(contracts.staking, who.address),
            endpoint: `http://127.0.0.1:${10000 + at}`,
            moniker: `validator ${at}`,
          },
        },
      },
    ];
    record("staking/register_validator (with its allowance)", await who.client.executeMultiple(who.address, bond, GAS));
  };
  for (let at = 0; at < made.length; at += 25) {
    await Promise.all(made.slice(at, at + 25).map((who, offset) => register(who, at + offset)));
  }
  await staking(founder, { snapshot: {} }, `snapshot (${VALIDATORS} validators)`);
  set = await query("staking", { latest_set: {} });
  assert.equal(set.members.length, VALIDATORS);
  assert.equal(set.total_power, String(BigInt(BOND) * BigInt(VALIDATORS)));
});

/** One batch of so many receipts, accepted with 2^depth payees and claimed by one of them. */
async function earn(receipts, depth) {
  const batchId = await batch(receipts, receipts);
  const label = `accept_epoch (${VALIDATORS} validators, ${receipts} receipts)`;
  const { earned, tree, claimableAt } = await accept(batchId, payee, depth, [], label);
  await until(founder.client, claimableAt + 1);
  const before = await balance(payee);
  await settle(
    founder,
    { claim: { payee, cumulative_amount: String(earned), proof: tree.proof } },
    `claim (2^${depth} payees)`,
  );
  assert.equal(await balance(payee), earned);
  assert.equal((await balance(payee)) - before, 300000n);
}

test("before its codes are pinned, every call pays for loading them", async () => {
  await earn(10, 4);
});

test("a proposal pins the codes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "openledger-pin-"));
  const file = join(folder, "proposal.json");
  const codes = await Promise.all(Object.values(contracts).map((address) => founder.client.getContract(address)));
  const args = ["gov", "draft", "pin-codes", ...codes.map(({ codeId }) => String(codeId))];
  await run(endpoints.openledger, [...args, "--grpc", endpoints.grpc, "--file", file, "--home", folder]);
  assert.equal((await decide(fromFile(await readFile(file, "utf8")))).status, "PROPOSAL_STATUS_PASSED");
  pinned = true;
});

test("an epoch, a claim and a session cost the same whatever they stand for", async () => {
  await earn(10, 4);
  await earn(1_000_000, 20);
});

test("a third of the set may be absent, one more and nothing is accepted", async () => {
  const batchId = await batch(10, 10);
  const many = Array.from({ length: 34 }, (_, at) => at);
  const label = `accept_epoch (${VALIDATORS} validators, 33 absent)`;
  const before = { epoch, total };
  await assert.rejects(accept(batchId, payee, 4, many, label), /power/);
  ({ epoch, total } = before);
  await accept(batchId, payee, 4, many.slice(1), label);
  const solvency = await query("settlement", { solvency: {} });
  assert.equal(solvency.solvent, true);
});

test("a send to staking becomes rewards, and only the token can say so", async () => {
  const before = await query("staking", { solvency: {} });
  const msg = Buffer.from(JSON.stringify({ fund_rewards: {} })).toString("base64");
  await token(founder, { send: { contract: contracts.staking, amount: "1000", msg } }, "send (staking rewards)");
  const after = await query("staking", { solvency: {} });
  assert.equal(BigInt(after.rewards) - BigInt(before.rewards), 1000n);
  const forged = { receive: { sender: founder.address, amount: "1000", msg } };
  await assert.rejects(staking(founder, forged), /token/);
  const refused = { send: { contract: contracts.settlement, amount: "1000", msg } };
  await assert.rejects(token(founder, refused), /unknown variant/);
});

test("a smart query with a bad address answers 400, as wallets probe", async () => {
  const answer = await fetch(`${endpoints.rest}/cosmwasm/wasm/v1/contract/test/smart/test`);
  assert.equal(answer.status, 400);
});
