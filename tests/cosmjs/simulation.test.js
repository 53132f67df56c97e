// CosmJS against the development simulation: what a web page does, with nothing of ours in between.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Secp256k1HdWallet } from "@cosmjs/amino";
import { CosmWasmClient, SigningCosmWasmClient } from "@cosmjs/cosmwasm";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { GasPrice } from "@cosmjs/stargate";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";

import { start } from "./devnet.js";

const options = { prefix: "wasm" };
const gasPrice = GasPrice.fromString("0.025ustake");
let direct;
let amino;
let chain;
let owner;
let token;

before(async () => {
  direct = await DirectSecp256k1HdWallet.generate(12, options);
  amino = await Secp256k1HdWallet.fromMnemonic(direct.mnemonic, options);
  [{ address: owner }] = await direct.getAccounts();
  chain = await start([owner]);
});

after(() => chain?.stop());

const connect = (wallet) => SigningCosmWasmClient.connectWithSigner(chain.rpc, wallet, { gasPrice, broadcastPollIntervalMs: 50 });
const balance = async (client, address) =>
  BigInt((await client.queryContractSmart(token, { balance: { address } })).balance);

test("reads who it talks to", async () => {
  const client = await CosmWasmClient.connect(chain.rpc);
  assert.match(await client.getChainId(), /sim/);
  assert.ok((await client.getHeight()) >= 1);
  const block = await client.getBlock();
  assert.equal(block.header.chainId, chain.chain_id);
  assert.equal((await client.getBalance(owner, "ustake")).amount, "1000000000000");
  assert.deepEqual(await client.getSequence(owner), { accountNumber: 2, sequence: 0 });
});

test("uploads, instantiates and calls with a direct signature", async () => {
  const client = await connect(direct);
  const stored = await client.upload(owner, new TextEncoder().encode("native:cw20-base"), "auto");
  const init = {
    name: "Test token",
    symbol: "TEST",
    decimals: 6,
    initial_balances: [{ address: owner, amount: "1000" }],
  };
  const made = await client.instantiate(owner, stored.codeId, init, "token <&>", "auto", { admin: owner });
  token = made.contractAddress;
  assert.equal((await client.getContract(token)).label, "token <&>");
  const friend = (await (await DirectSecp256k1HdWallet.generate(12, options)).getAccounts())[0].address;
  const done = await client.execute(owner, token, { transfer: { recipient: friend, amount: "3" } }, "auto", "direct");
  const event = done.events.find(({ type }) => type === "wasm");
  assert.equal(event.attributes.find(({ key }) => key === "action").value, "transfer");
  assert.equal(await balance(client, friend), 3n);
  const found = await client.getTx(done.transactionHash);
  assert.equal(found.code, 0);
  assert.equal(found.height, done.height);
});

test("calls with a legacy JSON signature, every character escaped", async () => {
  const client = await connect(amino);
  const friend = (await (await Secp256k1HdWallet.generate(12, options)).getAccounts())[0].address;
  const memo = "a<b & c>d \"quoted\" \\ ünïcödé";
  await client.execute(owner, token, { transfer: { recipient: friend, amount: "5" } }, "auto", memo);
  assert.equal(await balance(client, friend), 5n);
  await client.sendTokens(owner, friend, [{ denom: "ustake", amount: "7" }], "auto");
  assert.equal((await client.getBalance(friend, "ustake")).amount, "7");
  await client.updateAdmin(owner, token, friend, "auto");
  assert.equal((await client.getContract(token)).admin, friend);
});

test("several calls at once, and a refusal in the contract's words", async () => {
  const client = await connect(direct);
  const call = (amount) => ({ contractAddress: token, msg: { transfer: { recipient: owner, amount } } });
  await client.executeMultiple(owner, [call("1"), call("2")], "auto");
  await assert.rejects(client.executeMultiple(owner, [call("1"), call("99999")], "auto"), /Cannot Sub|Overflow/i);
  await assert.rejects(client.queryContractSmart(token, { nonsense: {} }), /unknown variant/);
  await assert.rejects(client.queryContractSmart(owner, { token_info: {} }), /no such contract/);
});

test("a forged signature changes nothing", async () => {
  const client = await connect(direct);
  const standing = await client.getSequence(owner);
  const other = { ...standing, accountNumber: 99, chainId: chain.chain_id };
  const fee = { amount: [{ denom: "ustake", amount: "5000" }], gas: "200000" };
  const message = {
    typeUrl: "/cosmos.bank.v1beta1.MsgSend",
    value: { fromAddress: owner, toAddress: owner, amount: [{ denom: "ustake", amount: "1" }] },
  };
  const signed = await client.sign(owner, [message], fee, "", other);
  await assert.rejects(client.broadcastTx(TxRaw.encode(signed).finish()), /signature verification failed/);
  assert.deepEqual(await client.getSequence(owner), standing);
});
