// The bytes that buyers and validators sign, and the payout tree: see tests/vectors for what they must be.

import { createHash } from "node:crypto";

import { Secp256k1, sha256 } from "@cosmjs/crypto";
import { toHex } from "@cosmjs/encoding";
import { bls12_381 } from "@noble/curves/bls12-381";
import { BinaryWriter } from "cosmjs-types/binary";

import { node } from "./chain.js";

const POP_DST = "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
const EPOCH_DST = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
const bls = bls12_381.longSignatures;

const scope = (contract) => new BinaryWriter().uint32(10).string(node.chain_id).uint32(18).string(contract).finish();

/** `SHA-256("openledger/<kind>/v1" || 0x00 || encoding)`. */
const digest = (kind, encoding) =>
  createHash("sha256").update(`openledger/${kind}/v1\0`).update(encoding).digest();

/** A new session key: its public key in hex, and `voucher`, which signs what may be charged in all. */
export async function sessionKey() {
  const { privkey, pubkey } = await Secp256k1.makeKeypair(sha256(crypto.getRandomValues(new Uint8Array(32))));
  const voucher = async (settlement, sessionId, amount, sequence) => {
    const encoding = new BinaryWriter()
      .uint32(10)
      .bytes(scope(settlement))
      .uint32(16)
      .uint64(BigInt(sessionId))
      .uint32(26)
      .string(String(amount))
      .uint32(32)
      .uint64(BigInt(sequence))
      .finish();
    const signature = await Secp256k1.createSignature(digest("voucher", encoding), privkey);
    return toHex(Uint8Array.from([...signature.r(32), ...signature.s(32)]));
  };
  return { publicKey: toHex(Secp256k1.compressPubkey(pubkey)), voucher };
}

/** A validator's key: its public key in hex, `possession` for an account, and `sign` for a digest. */
export function blsKey() {
  const secret = bls12_381.utils.randomSecretKey();
  const publicKey = bls.getPublicKey(secret).toBytes(true);
  const possession = (staking, account) => {
    const encoding = new BinaryWriter()
      .uint32(10)
      .bytes(scope(staking))
      .uint32(18)
      .string(account)
      .uint32(26)
      .bytes(publicKey)
      .finish();
    const proof = bls.sign(bls.hash(digest("proof-of-possession", encoding), POP_DST), secret);
    return toHex(bls.Signature.toBytes(proof));
  };
  return { secret, publicKey: toHex(publicKey), possession };
}

/** What validators sign. */
export function statement(settlement, { epoch, setId, batchIds, root, total, count, round = 0 }) {
  const ids = batchIds.reduce((writer, id) => writer.uint64(BigInt(id)), new BinaryWriter()).finish();
  const writer = new BinaryWriter()
    .uint32(10)
    .bytes(scope(settlement))
    .uint32(16)
    .uint64(BigInt(epoch))
    .uint32(24)
    .uint64(BigInt(setId))
    .uint32(34)
    .bytes(ids)
    .uint32(42)
    .bytes(root)
    .uint32(50)
    .string(String(total))
    .uint32(56)
    .uint64(BigInt(count));
  if (round > 0) writer.uint32(64).uint32(round);
  return digest("epoch", writer.finish());
}

/** One signature of several keys over a statement's digest. */
export function attest(keys, statementDigest) {
  // The sum of the signatures is the signature of the sum of the secrets.
  const { Fr } = bls12_381.fields;
  const sum = keys.reduce((sum, { secret }) => Fr.add(sum, BigInt(`0x${toHex(secret)}`)), 0n);
  const secret = Buffer.from(sum.toString(16).padStart(64, "0"), "hex");
  return toHex(bls.Signature.toBytes(bls.sign(bls.hash(statementDigest, EPOCH_DST), secret)));
}

const wide = (sum) => Buffer.from(BigInt(sum).toString(16).padStart(32, "0"), "hex");
const inner = (left, right) => ({
  sum: left.sum + right.sum,
  hash: createHash("sha256")
    .update(Uint8Array.of(1))
    .update(wide(left.sum))
    .update(left.hash)
    .update(wide(right.sum))
    .update(right.hash)
    .digest(),
});

/** The leaf of a payee in the payout tree. */
export function payoutLeaf(settlement, payee, amount) {
  const data = new BinaryWriter()
    .uint32(10)
    .bytes(scope(settlement))
    .uint32(18)
    .string(payee)
    .uint32(26)
    .string(String(amount))
    .finish();
  const hash = createHash("sha256").update(Uint8Array.of(0)).update(wide(amount)).update(data).digest();
  return { sum: BigInt(amount), hash };
}

/**
 * A payout tree of 2^depth leaves in which the first one is known and the others are somebody else's: root, proof of the
 * first leaf, number of leaves. `rest` is what the others earned in all.
 */
export function payoutTree(first, depth, rest) {
  const siblings = Array.from({ length: depth }, (_, level) => ({
    sum: level === 0 ? BigInt(rest) : 0n,
    hash: createHash("sha256").update(`sibling ${level}`).digest(),
  }));
  const root = siblings.reduce(inner, first);
  const proof = {
    index: "0",
    siblings: siblings.map(({ sum, hash }) => ({ sum: sum.toString(), hash: toHex(hash) })),
  };
  return { root, proof, count: 2n ** BigInt(depth) };
}
