// RFC 6962 trees and their summing variant, by recursion over index ranges.

import { type Json, Refused, bigEndian, bytes, concat, fit, hex, sha256 } from "./wire.js";

/** A summing node; plain trees are summing trees whose sums nobody hashes. */
export type Node = { sum: bigint; hash: Uint8Array };
export type Tree = { leaf(sum: bigint, data: Uint8Array): Node; join(left: Node, right: Node): Node };

export const plain: Tree = {
  leaf: (_, data) => ({ sum: 0n, hash: sha256(concat(Uint8Array.of(0), data)) }),
  join: (left, right) => ({ sum: 0n, hash: sha256(concat(Uint8Array.of(1), left.hash, right.hash)) }),
};

const flat = (node: Node): Uint8Array => concat(bigEndian(node.sum, 16), node.hash);

export const summing: Tree = {
  leaf: (sum, data) => ({ sum, hash: sha256(concat(Uint8Array.of(0), bigEndian(sum, 16), data)) }),
  join: (left, right) => ({
    sum: fit(left.sum + right.sum, "sum_overflow"),
    hash: sha256(concat(Uint8Array.of(1), flat(left), flat(right))),
  }),
};

export const node = (value: Json): Node => ({ sum: BigInt(value.sum), hash: bytes(value.hash) });
export const show = (value: Node): Json => ({ sum: value.sum.toString(), hash: hex(value.hash) });
const equal = (left: Node, right: Node): boolean => left.sum === right.sum && hex(left.hash) === hex(right.hash);

/** The largest power of two below `size`, which is at least 2. */
function middle(size: bigint): bigint {
  let cut = 1n;
  while (cut * 2n < size) cut *= 2n;
  return cut;
}

/** Root over hashed leaves. */
export function root(tree: Tree, leaves: Node[]): Node {
  if (leaves.length === 0) return { sum: 0n, hash: sha256(new Uint8Array()) };
  if (leaves.length === 1) return leaves[0]!;
  const cut = Number(middle(BigInt(leaves.length)));
  return tree.join(root(tree, leaves.slice(0, cut)), root(tree, leaves.slice(cut)));
}

/** Siblings of a leaf, from the leaf up. */
export function path(tree: Tree, leaves: Node[], index: number): Node[] {
  if (leaves.length < 2) return [];
  const cut = Number(middle(BigInt(leaves.length)));
  const [left, right] = [leaves.slice(0, cut), leaves.slice(cut)];
  return index < cut
    ? [...path(tree, left, index), root(tree, right)]
    : [...path(tree, right, index - cut), root(tree, left)];
}

/** Refuses a leaf that is not at `index` of the tree of `size` leaves. */
export function verify(tree: Tree, expected: Node, leaf: Node, index: bigint, size: bigint, siblings: Node[]): void {
  if (index >= size) throw new Refused("index_out_of_range");
  const climb = (at: bigint, below: bigint, left: Node[]): Node => {
    if (below === 1n) {
      if (left.length) throw new Refused("wrong_length");
      return leaf;
    }
    const sibling = left.at(-1);
    if (!sibling) throw new Refused("wrong_length");
    const cut = middle(below);
    return at < cut
      ? tree.join(climb(at, cut, left.slice(0, -1)), sibling)
      : tree.join(sibling, climb(at - cut, below - cut, left.slice(0, -1)));
  };
  if (!equal(climb(index, size, siblings), expected)) throw new Refused("root_mismatch");
}

export type Range = { start: bigint; end: bigint; size: bigint; outside: Node[]; inside: Node[] };

/** Sum of the leaves start..end, or a refusal. */
export function verifyRange(expected: Node, { start, end, size, outside, inside }: Range): bigint {
  if (start >= end || end > size) throw new Refused("bad_range");
  const [out, into] = [[...outside], [...inside]];
  const take = (nodes: Node[]): Node => {
    const next = nodes.shift();
    if (!next) throw new Refused("wrong_length");
    return next;
  };
  const rebuild = (low: bigint, high: bigint): Node => {
    if (high <= start || low >= end) return take(out);
    if (start <= low && high <= end) return take(into);
    const cut = low + middle(high - low);
    const left = rebuild(low, cut);
    return summing.join(left, rebuild(cut, high));
  };
  const rebuilt = rebuild(0n, size);
  if (out.length || into.length) throw new Refused("wrong_length");
  if (!equal(rebuilt, expected)) throw new Refused("root_mismatch");
  return fit(inside.reduce((sum, part) => sum + part.sum, 0n), "sum_overflow");
}
