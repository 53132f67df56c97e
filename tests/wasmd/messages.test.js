// Every message of every contract, signed both ways that wallets sign: as protobuf and as the JSON that hardware keys show.
//
// What is shown here is that each message survives both encodings: the chain takes the signature and the contract reads the
// message. Whether the contract then does it is its own affair; the sender is a stranger to it.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { toUtf8 } from "@cosmjs/encoding";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { MsgExecuteContract } from "cosmjs-types/cosmwasm/wasm/v1/tx";

import { account, accounts, DENOM } from "./lib/chain.js";
import { deployAll } from "./lib/deploy.js";
import { messages, schema } from "./lib/sample.js";

const FEE = { amount: [{ denom: DENOM, amount: "50000" }], gas: "1000000" };

let contracts;

before(async () => {
  const [founder] = await accounts(1);
  contracts = await deployAll(founder);
});

/** Signs and sends all messages without waiting in between, and returns what became of each. */
async function sendAll({ client, address }, calls) {
  const { accountNumber, sequence } = await client.getSequence(address);
  const chainId = await client.getChainId();
  const hashes = [];
  for (const [at, { contract, msg }] of calls.entries()) {
    const value = MsgExecuteContract.fromPartial({ sender: address, contract, msg: toUtf8(JSON.stringify(msg)), funds: [] });
    const signer = { accountNumber, sequence: sequence + at, chainId };
    const raw = await client.sign(address, [{ typeUrl: MsgExecuteContract.typeUrl, value }], FEE, "", signer);
    // Refuses a transaction whose signature does not fit its bytes.
    hashes.push(await client.broadcastTxSync(TxRaw.encode(raw).finish()));
  }
  const found = async (hash) => {
    for (let tries = 0; tries < 200; tries += 1) {
      const result = await client.getTx(hash);
      if (result) return result;
      await new Promise((done) => setTimeout(done, 200));
    }
    throw new Error(`transaction ${hash} is in no block`);
  };
  return Promise.all(hashes.map(found));
}

for (const mode of ["direct", "amino"]) {
  test(`every message can be signed as ${mode}`, async () => {
    const [sender] = await accounts(1, mode);
    const calls = [];
    for (const [name, contract] of Object.entries(contracts)) {
      for (const [message, msg] of messages(await schema(name), sender.address)) {
        calls.push({ name: `${name}/${message}`, contract, msg });
      }
    }
    assert.ok(calls.length > 80, `${calls.length} messages`);
    const results = await sendAll(sender, calls);
    for (const [at, { code, rawLog }] of results.entries()) {
      // The wasm module's code for a refusal by the contract, which then had read the message.
      assert.ok(code === 0 || code === 5, `${calls[at].name}: ${rawLog}`);
      assert.doesNotMatch(rawLog ?? "", /Error parsing into type/, calls[at].name);
    }
  });
}

test("a message that was changed after it was signed is refused, in both modes", async () => {
  for (const mode of ["direct", "amino"]) {
    const [sender] = await accounts(1, mode);
    const other = await account();
    const value = (amount) => ({
      sender: sender.address,
      contract: contracts["open-token"],
      msg: toUtf8(JSON.stringify({ transfer: { recipient: other.address, amount } })),
      funds: [],
    });
    const typeUrl = MsgExecuteContract.typeUrl;
    const { client, address } = sender;
    const signed = await client.sign(address, [{ typeUrl, value: MsgExecuteContract.fromPartial(value("1")) }], FEE, "");
    const forged = await client.sign(address, [{ typeUrl, value: MsgExecuteContract.fromPartial(value("2")) }], FEE, "");
    const mixed = TxRaw.encode({ ...forged, signatures: signed.signatures }).finish();
    await assert.rejects(client.broadcastTxSync(mixed), /signature verification failed/);
  }
});
