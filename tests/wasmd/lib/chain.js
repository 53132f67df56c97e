// The node under test, and accounts on it.
//
// `cargo xtask wasmd test` starts the node and passes where it listens in OPENLEDGER_WASMD, a JSON object.

import { readFile } from "node:fs/promises";
import { Secp256k1HdWallet } from "@cosmjs/amino";
import { SigningCosmWasmClient } from "@cosmjs/cosmwasm";
import { decodeOptionalPubkey, DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { accountFromAny, GasPrice } from "@cosmjs/stargate";
import { BaseAccount } from "cosmjs-types/cosmos/auth/v1beta1/auth";

const text = process.env.OPENLEDGER_WASMD;
if (!text) throw new Error("OPENLEDGER_WASMD is not set: run `cargo xtask wasmd test`, which starts a node first");

/** Where the node listens: rpc, rest, grpc, chain_id, min_gas_prices, faucet_mnemonic, artifacts. */
export const node = JSON.parse(text);

/** Gas limits: what a simulation took, times this. Writes cost more in a block than in its simulation. */
export const GAS = 1.8;

/** The chain's own coin. */
export const DENOM = "ustake";

const gasPrice = GasPrice.fromString(node.min_gas_prices);
const options = { prefix: "wasm" };

/** A wallet that signs protobuf documents (`direct`) or the legacy JSON ones that hardware keys show (`amino`). */
async function wallet(mode, mnemonic) {
  const Wallet = mode === "amino" ? Secp256k1HdWallet : DirectSecp256k1HdWallet;
  return mnemonic ? Wallet.fromMnemonic(mnemonic, options) : Wallet.generate(12, options);
}

/**
 * Reads an account whose number may have 64 bits, as on the newer SDK line for every account that a block makes; CosmJS holds
 * 53. Documents take the number as a bigint, but for legacy JSON, where CosmJS checks it and `aminoSigner` puts it in.
 */
function wideAccount(numbers, mode) {
  return (any) => {
    if (any.typeUrl !== "/cosmos.auth.v1beta1.BaseAccount") return accountFromAny(any);
    const { address, pubKey, accountNumber, sequence } = BaseAccount.decode(any.value);
    numbers.set(address, accountNumber);
    const shown = mode === "amino" ? 0 : accountNumber;
    return { address, pubkey: decodeOptionalPubkey(pubKey), accountNumber: shown, sequence: Number(sequence) };
  };
}

const aminoSigner = (keys, numbers) => ({
  getAccounts: () => keys.getAccounts(),
  signAmino: (address, document) =>
    keys.signAmino(address, { ...document, account_number: String(numbers.get(address)) }),
});

/** An account: its address, and a client that signs for it. */
export async function account(mode = "direct", mnemonic = undefined) {
  const keys = await wallet(mode, mnemonic);
  const [{ address }] = await keys.getAccounts();
  const numbers = new Map();
  const signer = mode === "amino" ? aminoSigner(keys, numbers) : keys;
  const client = await SigningCosmWasmClient.connectWithSigner(node.rpc, signer, {
    accountParser: wideAccount(numbers, mode),
    gasPrice,
    broadcastPollIntervalMs: 100,
    broadcastTimeoutMs: 60_000,
  });
  return { address, client, mode };
}

/** The rich account of the throw-away chain. */
export const faucet = () => account("direct", node.faucet_mnemonic);

/** New accounts with coins for fees, all funded in one transaction. */
export async function accounts(count, mode = "direct") {
  const rich = await faucet();
  const made = await Promise.all(Array.from({ length: count }, () => account(mode)));
  const coins = [{ denom: DENOM, amount: "1000000000" }];
  const messages = made.map(({ address }) => ({
    typeUrl: "/cosmos.bank.v1beta1.MsgSend",
    value: { fromAddress: rich.address, toAddress: address, amount: coins },
  }));
  await rich.client.signAndBroadcast(rich.address, messages, GAS).then(ok);
  return made;
}

/** The result of a transaction that must have succeeded. */
export function ok(result) {
  if (result.code !== 0) throw new Error(`transaction ${result.transactionHash} failed: ${result.rawLog}`);
  return result;
}

/** The bytes of a contract of ours. */
export const artifact = (name) => readFile(`${node.artifacts}/${name}.wasm`);

/** What artifacts/checksums.txt names: checksum by contract. */
export async function committedChecksums() {
  const lines = (await readFile(`${node.artifacts}/checksums.txt`, "utf8")).trim().split("\n");
  return new Map(lines.map((line) => line.split(/ +/)).map(([checksum, file]) => [file.replace(".wasm", ""), checksum]));
}

const clock = (block) => Math.floor(Date.parse(block.header.time) / 1000);

/** The block time, in seconds. */
export async function now(client) {
  return clock(await client.getBlock());
}

/**
 * Waits until the chain's clock shows `seconds`. A node shows its newest block before the application has run it, and estimates are
 * made at the clock of what ran last; so the block before has to be late enough.
 */
export async function until(client, seconds) {
  const ran = async () => clock(await client.getBlock((await client.getBlock()).header.height - 1));
  while ((await ran()) < seconds) await new Promise((done) => setTimeout(done, 250));
}

/** The value of an attribute of one of our events, for example `of(result, "settlement/session_opened", "session_id")`. */
export function of(result, kind, key) {
  const event = result.events.find(({ type }) => type === `wasm-${kind}`);
  const attribute = event?.attributes.find((attribute) => attribute.key === key);
  if (!attribute) throw new Error(`no ${key} in wasm-${kind} of ${result.transactionHash}`);
  return attribute.value;
}
