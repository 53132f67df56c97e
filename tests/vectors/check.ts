// Checks the wire vectors from TypeScript: npm ci && npm test
//
// Written from the specification (README.md beside this file), not from the Rust code.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as keys from "./typescript/keys.js";
import * as money from "./typescript/money.js";
import * as trees from "./typescript/trees.js";
import * as wire from "./typescript/wire.js";
import { type Json, bytes, hex } from "./typescript/wire.js";

// The compiled file lies in build/, the vectors one folder up.
const load = (name: string): Json => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), "utf8"));
const ints = (values: string[]): bigint[] => values.map(BigInt);

/** Runs a check per case, naming the case that fails; no cases are a failure too. */
function each(cases: Json[], check: (it: Json) => void): void {
  assert.notEqual(cases.length, 0, "no cases");
  for (const it of cases) {
    try {
      check(it);
    } catch (cause) {
      throw new Error(`${it.name ?? JSON.stringify(it).slice(0, 160)}: ${cause}`, { cause });
    }
  }
}

/** The work must be refused with the error that the case names. */
function refused(it: Json, work: () => unknown): void {
  assert.throws(work, (error) => error instanceof wire.Refused && error.code === it.error, `expected ${it.error}`);
}

test("messages encode and hash as stored", () => {
  each(load("digests.json").messages, (it) => {
    assert.equal(hex(wire.encode(wire.KINDS[it.kind]!, it.message)), it.encoding);
    assert.equal(hex(wire.digest(it.kind, it.message)), it.digest);
  });
  each(load("digests.json").tags, (it) => assert.equal(hex(wire.tagged(it.kind, bytes(it.bytes))), it.digest));
});

test("other encodings are not canonical and other digests are wrong", () => {
  each(load("digests.json").non_canonical, (it) => {
    assert.notEqual(hex(wire.encode(wire.KINDS[it.kind]!, it.message)), it.encoding);
    assert.notEqual(hex(wire.digest(it.kind, it.message)), hex(wire.tagged(it.kind, bytes(it.encoding))));
  });
  each(load("digests.json").wrong_digests, (it) => assert.notEqual(hex(wire.digest(it.kind, it.message)), it.digest));
});

test("amounts have one spelling", () => {
  const file = load("amounts.json");
  each(file.valid, (it) => assert.equal(hex(wire.bigEndian(wire.amount(it.text), 16)), it.big_endian));
  each(file.invalid, (it) => refused(it, () => wire.amount(it.text)));
  const sum = (it: Json): bigint => wire.fit(ints(it.values).reduce((a, b) => a + b, 0n));
  each(file.sums, (it) => assert.equal(sum(it), BigInt(it.sum)));
  each(file.invalid_sums, (it) => refused(it, () => sum(it)));
});

test("commitments open only to what was committed", () => {
  const file = load("commitments.json");
  const tokens = (it: Json): string => hex(wire.commitTokens(it.label, bytes(it.salt), it.ids));
  const sampling = (it: Json): string => hex(wire.commitSampling(bytes(it.salt), it.sampling));
  each(file.tokens, (it) => assert.equal(tokens(it), it.commitment));
  each(file.invalid_tokens, (it) => assert.notEqual(tokens(it), it.commitment));
  each(file.sampling, (it) => assert.equal(sampling(it), it.commitment));
  each(file.invalid_sampling, (it) => assert.notEqual(sampling(it), it.commitment));
  const query = (it: Json): string => hex(wire.commitQuery(bytes(it.salt), it.vector));
  each(file.query, (it) => assert.equal(query(it), it.commitment));
  each(file.invalid_query, (it) => assert.notEqual(query(it), it.commitment));
});

const plainRoot = (leaves: Uint8Array[]): string =>
  hex(trees.root(trees.plain, leaves.map((data) => trees.plain.leaf(0n, data))).hash);

test("a Datanet commits to its rows", () => {
  const file = load("datanet.json");
  each(file.contributions, (it) => {
    const rows = it.rows.map((row: Json) => wire.row(row.prompt, row.completion));
    assert.deepEqual(rows.map(hex), it.rows.map((row: Json) => row.digest));
    assert.equal(plainRoot(rows), it.rows_root);
    const size = it.rows.reduce((sum: number, row: Json) => sum + wire.utf8(row.prompt + row.completion).length, 0);
    assert.equal(hex(wire.manifest(it.contributor, rows.length, size, bytes(it.rows_root))), it.manifest_digest);
  });
  assert.equal(plainRoot(file.contributions.map((it: Json) => bytes(it.rows_root))), file.content_root);
});

test("plain trees prove their leaves and nothing else", () => {
  const hash = (text: string): trees.Node => ({ sum: 0n, hash: bytes(text) });
  const file = load("merkle.json");
  each(file.trees, (it) => {
    const leaves = it.leaves.map((data: string) => trees.plain.leaf(0n, bytes(data)));
    const root = trees.root(trees.plain, leaves);
    assert.equal(hex(root.hash), it.root);
    assert.equal(it.proofs.length, leaves.length);
    it.proofs.forEach((stored: string[], index: number) => {
      const path = trees.path(trees.plain, leaves, index);
      assert.deepEqual(path.map((part) => hex(part.hash)), stored);
      trees.verify(trees.plain, root, leaves[index], BigInt(index), BigInt(leaves.length), path);
    });
  });
  each(file.invalid, (it) => {
    const leaf = trees.plain.leaf(0n, bytes(it.leaf));
    const [index, size] = [BigInt(it.index), BigInt(it.size)];
    refused(it, () => trees.verify(trees.plain, hash(it.root), leaf, index, size, it.siblings.map(hash)));
  });
});

const sumLeaves = (it: Json): trees.Node[] =>
  it.leaves.map((leaf: Json) => trees.summing.leaf(BigInt(leaf.sum), bytes(leaf.data)));
const prove = (root: trees.Node, leaf: trees.Node, it: Json): void =>
  trees.verify(trees.summing, root, leaf, BigInt(it.index), BigInt(it.size), it.siblings.map(trees.node));
const proveRange = (root: trees.Node, it: Json): bigint =>
  trees.verifyRange(root, {
    start: BigInt(it.start),
    end: BigInt(it.end),
    size: BigInt(it.size),
    outside: it.outside.map(trees.node),
    inside: it.inside.map(trees.node),
  });

test("summing trees prove leaves and ranges", () => {
  const file = load("merkle_sum.json");
  each(file.trees, (it) => {
    const leaves = sumLeaves(it);
    const root = trees.root(trees.summing, leaves);
    assert.deepEqual(trees.show(root), it.root);
    it.proofs.forEach((proof: Json, index: number) => {
      assert.deepEqual(trees.path(trees.summing, leaves, index).map(trees.show), proof.siblings);
      prove(root, leaves[index]!, proof);
    });
    for (const range of it.ranges) {
      const inside = leaves.slice(Number(range.start), Number(range.end));
      const sum = inside.reduce((total, leaf) => total + leaf.sum, 0n);
      assert.equal(proveRange(root, range), sum);
      assert.equal(range.sum, sum.toString());
    }
  });
  each(file.invalid_trees, (it) => refused(it, () => trees.root(trees.summing, sumLeaves(it))));
});

test("forged sums are refused", () => {
  const file = load("merkle_sum.json");
  each(file.invalid_proofs, (it) => refused(it, () => prove(trees.node(it.root), trees.node(it.leaf), it)));
  each(file.invalid_ranges, (it) => refused(it, () => proveRange(trees.node(it.root), it)));
});

test("payouts add up over epochs and false claims are refused", () => {
  const file = load("payouts.json");
  const encoding = (scope: Json, { payee, cumulative_amount }: Json): Uint8Array =>
    wire.encode("Payout", { scope, payee, cumulative_amount });
  const leaf = (scope: Json, it: Json): trees.Node =>
    trees.summing.leaf(BigInt(it.cumulative_amount), encoding(scope, it));
  const earned = new Map<string, bigint>();
  assert.deepEqual(trees.show(trees.root(trees.summing, [])), file.empty_root);
  each(file.epochs, (it) => {
    for (const { payee, amount } of it.credits) earned.set(payee, (earned.get(payee) ?? 0n) + wire.amount(amount));
    const expected = [...earned].sort(([a], [b]) => (a < b ? -1 : 1)).map(([payee, sum]) => [payee, sum.toString()]);
    assert.deepEqual(it.payouts.map((payout: Json) => [payout.payee, payout.cumulative_amount]), expected);
    const leaves = it.payouts.map((payout: Json) => leaf(file.scope, payout));
    const root = trees.root(trees.summing, leaves);
    assert.deepEqual(trees.show(root), it.root);
    it.payouts.forEach((payout: Json, index: number) => {
      assert.equal(hex(encoding(file.scope, payout)), payout.encoding);
      assert.deepEqual(trees.show(leaves[index]), payout.leaf);
      prove(root, leaves[index], payout.proof);
    });
  });
  each(file.invalid_credits, (it) =>
    refused(it, () => wire.fit((earned.get(it.credit.payee) ?? 0n) + wire.amount(it.credit.amount))),
  );
  each(file.invalid_claims, (it) => refused(it, () => prove(trees.node(it.root), leaf(it.scope, it), it.proof)));
});

test("shares and fees lose nothing", () => {
  const shares = load("shares.json");
  assert.equal(BigInt(shares.share_one), money.ONE);
  const divide = (it: Json): bigint[] => money.largestRemainder(ints(it.weights), BigInt(it.total));
  each(shares.valid, (it) => assert.deepEqual(divide(it), ints(it.parts)));
  each(shares.invalid, (it) => refused(it, () => divide(it)));
  const fees = load("fees.json");
  const price = (it: Json): bigint =>
    money.fee(it.prompt_tokens, BigInt(it.prompt_price), it.response_tokens, BigInt(it.response_price));
  each(fees.fees, (it) => assert.equal(price(it), BigInt(it.fee)));
  each(fees.invalid_fees, (it) => refused(it, () => price(it)));
  each(fees.splits, (it) => assert.deepEqual(money.split(it.table, BigInt(it.fee)), ints(it.parts)));
  each(fees.invalid_splits, (it) => refused(it, () => money.split(it.table, BigInt(it.fee))));
});

test("attribution and dot products are exact", () => {
  const file = load("attribution.json");
  const attribute = (it: Json, times: number): money.Attributed =>
    money.attribute(Array(times).fill(ints(it.deltas)).flat(), BigInt(it.floor), BigInt(it.lift));
  each(file.valid, (it) => {
    assert.equal(it.policy, file.policy);
    const [explained, unattributed] = [BigInt(it.explained), BigInt(it.unattributed)];
    assert.deepEqual(attribute(it, 1), { shares: ints(it.shares), explained, unattributed });
  });
  each(file.invalid, (it) => refused(it, () => attribute(it, it.times)));
  const repeat = (values: number[], times: number): number[] => Array(times).fill(values).flat();
  const dots = load("dot.json");
  const dot = (it: Json): number => money.dot(repeat(it.left, it.times), repeat(it.right, it.times));
  each(dots.valid, (it) => assert.equal(dot(it), it.dot));
  each(dots.invalid, (it) => refused(it, () => dot(it)));
});

test("credits follow from receipts", () => {
  const file = load("credits.json");
  each(file.valid, (it) => {
    assert.equal(hex(wire.digest("receipt", it.receipt)), it.receipt_id);
    const credits = money.credits(it.receipt, it.receipt_index, it.table, it.payees);
    assert.deepEqual(credits, it.credits);
    const leaves = credits.map((credit) => trees.summing.leaf(BigInt(credit.amount), wire.encode("Credit", credit)));
    assert.deepEqual(leaves.map(trees.show), it.leaves);
    assert.deepEqual(trees.show(trees.root(trees.summing, leaves)), it.root);
    assert.deepEqual(trees.show(trees.root(trees.summing, leaves.reverse())), it.root_in_reverse);
  });
  assert.equal(plainRoot(file.valid.map((it: Json) => wire.encode("Receipt", it.receipt))), file.receipts_root);
  each(file.invalid, (it) => refused(it, () => money.credits(it.receipt, 0, it.table, it.payees)));
});

test("secp256k1 signatures of vouchers and receipts", () => {
  const file = load("secp256k1.json");
  each(file.valid, (it) => {
    const digest = wire.digest(it.kind, it.message);
    assert.equal(hex(digest), it.digest);
    assert.equal(hex(keys.secpPublic(bytes(it.secret_key))), it.public_key);
    assert.equal(hex(keys.secpSign(bytes(it.secret_key), digest)), it.signature);
    assert.ok(keys.secpVerify(bytes(it.public_key), digest, bytes(it.signature)));
  });
  each(file.invalid, (it) =>
    assert.ok(!keys.secpVerify(bytes(it.public_key), bytes(it.digest), bytes(it.signature)), "accepted"),
  );
});

test("BLS12-381 signatures of epochs and keys", () => {
  const { dst, validators, epoch } = load("bls12_381.json");
  const digest = wire.digest("epoch", epoch.message);
  assert.equal(hex(digest), epoch.digest);
  each(validators, (it) => {
    const [secret, key, proof] = [bytes(it.secret_key), bytes(it.public_key), it.proof];
    assert.equal(hex(keys.blsPublic(secret)), it.public_key);
    assert.equal(proof.message.public_key, it.public_key);
    assert.equal(hex(wire.digest("proof-of-possession", proof.message)), proof.digest);
    assert.equal(hex(keys.blsSign(secret, bytes(proof.digest), dst.proof_of_possession)), proof.signature);
    assert.ok(keys.blsVerify(key, bytes(proof.digest), dst.proof_of_possession, bytes(proof.signature)));
    assert.equal(hex(keys.blsSign(secret, digest, dst.epoch)), it.signature);
    assert.ok(keys.blsVerify(key, digest, dst.epoch, bytes(it.signature)));
  });
  const present = validators.filter((_: Json, index: number) => !epoch.absent.includes(index));
  const publics = (who: Json[]): Uint8Array[] => who.map((it) => bytes(it.public_key));
  assert.equal(hex(keys.blsAddKeys(publics(validators))), epoch.key_of_everybody);
  assert.equal(hex(keys.blsAddKeys(publics(present))), epoch.signing_key);
  const absent = publics(epoch.absent.map((index: number) => validators[index]));
  assert.equal(hex(absent.reduce(keys.blsSubtractKey, bytes(epoch.key_of_everybody))), epoch.signing_key);
  assert.equal(hex(keys.blsAddSignatures(present.map((it: Json) => bytes(it.signature)))), epoch.signature);
  assert.ok(keys.blsVerify(bytes(epoch.signing_key), digest, dst.epoch, bytes(epoch.signature)));
});

test("BLS12-381 signatures that do not hold", () => {
  const file = load("bls12_381.json");
  each(file.invalid, (it) => {
    assert.ok(keys.blsKey(bytes(it.public_key)) && keys.blsSignature(bytes(it.signature)), "must be well-formed");
    const suite = file.dst[it.dst];
    assert.ok(!keys.blsVerify(bytes(it.public_key), bytes(it.digest), suite, bytes(it.signature)), "accepted");
  });
  each(file.invalid_keys, (it) => assert.ok(!keys.blsKey(bytes(it.bytes)), "accepted"));
  each(file.invalid_signatures, (it) => assert.ok(!keys.blsSignature(bytes(it.bytes)), "accepted"));
});
