// Integer arithmetic: shares, fees, attribution, dot products, credits.

import { type Json, ROLES, Refused, amount, digest, fit, hex } from "./wire.js";

export const ONE = 1_000_000_000n;
const BOUND = 1_000_000_000_000n;

const total = (values: bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);
const size = (value: bigint): bigint => (value < 0n ? -value : value);

/** Divides `whole` by weight; what rounding leaves goes to the largest remainders, first come first. */
export function largestRemainder(weights: bigint[], whole: bigint): bigint[] {
  const sum = total(weights);
  if (sum === 0n) throw new Refused("no_weight");
  const products = weights.map((weight) => fit(weight * whole));
  const parts = products.map((product) => product / sum);
  const left = Number(whole - total(parts));
  const order = products.map((product, at) => ({ rest: product % sum, at }));
  order.sort((a, b) => (a.rest === b.rest ? a.at - b.at : a.rest > b.rest ? -1 : 1));
  for (const { at } of order.slice(0, left)) parts[at]! += 1n;
  return parts;
}

/** Price of an answer. */
export const fee = (prompt: number, promptPrice: bigint, response: number, responsePrice: bigint): bigint =>
  fit(BigInt(prompt) * promptPrice + BigInt(response) * responsePrice);

/** Parts of contributors, developer, node, stakers and treasury. */
export function split(table: number[], whole: bigint): bigint[] {
  if (table.reduce((sum, part) => sum + part, 0) !== 10_000) throw new Refused("table_sum");
  return largestRemainder(table.map(BigInt), whole);
}

export type Attributed = { shares: bigint[]; explained: bigint; unattributed: bigint };

/** Shares, explained and unattributed part in parts per billion. */
export function attribute(deltas: bigint[], floor: bigint, lift: bigint): Attributed {
  if (deltas.length > 4096) throw new Refused("too_many_clusters");
  if ([...deltas, floor, lift].some((value) => size(value) > BOUND)) throw new Refused("out_of_range");
  const scores = deltas.map((delta) => (delta > floor ? delta - floor : 0n));
  const sum = total(scores);
  const explained = lift <= 0n ? 0n : sum >= lift ? ONE : (sum * ONE) / lift;
  const shares = explained ? largestRemainder(scores, explained) : scores.map(() => 0n);
  return { shares, explained, unattributed: ONE - explained };
}

/** Dot product of int8 vectors. */
export function dot(left: number[], right: number[]): number {
  if (left.length !== right.length) throw new Refused("length_mismatch");
  if (left.length > 131_071) throw new Refused("too_long");
  return left.reduce((sum, value, at) => sum + value * right[at]!, 0);
}

/** Credits of a receipt as messages, in the order of the tree. */
export function credits(receipt: Json, index: number | string, table: number[], payees: Json): Json[] {
  const attribution = receipt.attribution;
  if (!attribution) throw new Refused("no_attribution");
  const weights: bigint[] = attribution.shares.map(BigInt);
  if (weights.length !== payees.contributors.length) throw new Refused("cluster_count");
  weights.push(BigInt(attribution.unattributed));
  if (total(weights) !== ONE) throw new Refused("share_sum");
  const charged = amount(receipt.fee);
  const [prompt, response] = [amount(receipt.prompt_price), amount(receipt.response_price)];
  if (charged !== fee(receipt.prompt_tokens, prompt, receipt.response_tokens, response)) throw new Refused("wrong_fee");

  const [pool, ...others] = split(table, charged);
  const earned = largestRemainder(weights, pool!);
  const owners: string[] = [...payees.contributors, payees.commons];
  const parts = earned.map((part, at) => {
    const commons = at === owners.length - 1;
    return { payee: owners[at]!, role: commons ? "COMMONS" : "CONTRIBUTOR", cluster: commons ? 0 : at, part };
  });
  ["developer", "node", "stakers", "treasury"].forEach((role, at) =>
    parts.push({ payee: payees[role], role: role.toUpperCase(), cluster: 0, part: others[at]! }),
  );
  const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
  parts.sort(
    (a, b) => byBytes(a.payee, b.payee) || ROLES.indexOf(a.role) - ROLES.indexOf(b.role) || a.cluster - b.cluster,
  );
  const receipt_id = hex(digest("receipt", receipt));
  return parts
    .filter(({ part }) => part > 0n)
    .map(({ payee, role, cluster, part }) => ({
      payee,
      receipt_id,
      role: `CREDIT_ROLE_${role}`,
      cluster: cluster.toString(),
      amount: part.toString(),
      receipt_index: index.toString(),
    }));
}
