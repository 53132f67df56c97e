#!/usr/bin/env python3
"""Checks the wire vectors with the standard library alone: python3 tests/vectors/check.py

Written from the specification (README.md beside this file), not from the Rust code. Elliptic curves are checked from Rust
and TypeScript only.
"""

import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "python"))

import money  # noqa: E402
import trees  # noqa: E402
import wire  # noqa: E402


def load(name):
    """A vector file."""
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def ints(values):
    """Integers out of strings."""
    return [int(value) for value in values]


def node(value):
    """A (sum, hash) pair."""
    return int(value["sum"]), bytes.fromhex(value["hash"])


EMPTY = wire.sha256(b"")


def sum_root(nodes):
    """Root of a summing tree."""
    return trees.root(nodes, trees.sum_join, (0, EMPTY))


def plain_root(leaves):
    """Root of a plain tree over data."""
    return trees.root([trees.plain_leaf(leaf) for leaf in leaves], trees.plain_join, EMPTY)


class Vectors(unittest.TestCase):
    """Helpers of all checks."""

    case = "none yet"

    def shortDescription(self):
        """Names the case at hand, which is the one that failed when the runner asks."""
        return f"case: {self.case}"

    def each(self, cases):
        """Yields the cases; an empty list is a failure."""
        self.assertTrue(cases, "no cases")
        for case in cases:
            self.case = case.get("name") or str(case)[:160]
            yield case

    def refused(self, case, work):
        """The work must be refused with the error that the case names."""
        with self.assertRaises(wire.Refused) as caught:
            work()
        self.assertEqual(str(caught.exception), case["error"])


class Wire(Vectors):
    """Encodings, digests, amounts, commitments, rows."""

    def test_messages(self):
        for case in self.each(load("digests.json")["messages"]):
            encoding = wire.encode(wire.KINDS[case["kind"]], case["message"])
            self.assertEqual(encoding.hex(), case["encoding"])
            self.assertEqual(wire.digest(case["kind"], case["message"]).hex(), case["digest"])

    def test_tags(self):
        for case in self.each(load("digests.json")["tags"]):
            self.assertEqual(wire.tagged(case["kind"], bytes.fromhex(case["bytes"])).hex(), case["digest"])

    def test_other_encodings_are_not_canonical(self):
        for case in self.each(load("digests.json")["non_canonical"]):
            other = bytes.fromhex(case["encoding"])
            self.assertNotEqual(wire.encode(wire.KINDS[case["kind"]], case["message"]), other)
            self.assertNotEqual(wire.digest(case["kind"], case["message"]), wire.tagged(case["kind"], other))

    def test_other_digests_are_wrong(self):
        for case in self.each(load("digests.json")["wrong_digests"]):
            self.assertNotEqual(wire.digest(case["kind"], case["message"]).hex(), case["digest"])

    def test_signed_messages_hash_to_what_was_signed(self):
        curves = load("bls12_381.json")
        self.assertEqual(wire.digest("epoch", curves["epoch"]["message"]).hex(), curves["epoch"]["digest"])
        for case in self.each([validator["proof"] for validator in curves["validators"]]):
            self.assertEqual(wire.digest("proof-of-possession", case["message"]).hex(), case["digest"])
        for case in self.each(load("secp256k1.json")["valid"]):
            self.assertEqual(wire.digest(case["kind"], case["message"]).hex(), case["digest"])

    def test_amounts(self):
        amounts = load("amounts.json")
        for case in self.each(amounts["valid"]):
            self.assertEqual(wire.amount(case["text"]).to_bytes(16, "big").hex(), case["big_endian"])
        for case in self.each(amounts["invalid"]):
            self.refused(case, lambda: wire.amount(case["text"]))
        for case in self.each(amounts["sums"]):
            self.assertEqual(wire.fit(sum(ints(case["values"]))), int(case["sum"]))
        for case in self.each(amounts["invalid_sums"]):
            self.refused(case, lambda: wire.fit(sum(ints(case["values"]))))

    def test_commitments(self):
        commitments = load("commitments.json")
        for key, holds in [("tokens", True), ("invalid_tokens", False)]:
            for case in self.each(commitments[key]):
                opened = wire.commit_tokens(case["label"], bytes.fromhex(case["salt"]), case["ids"])
                self.assertEqual(opened.hex() == case["commitment"], holds)
        for key, holds in [("sampling", True), ("invalid_sampling", False)]:
            for case in self.each(commitments[key]):
                opened = wire.commit_sampling(bytes.fromhex(case["salt"]), case["sampling"])
                self.assertEqual(opened.hex() == case["commitment"], holds)
        for key, holds in [("query", True), ("invalid_query", False)]:
            for case in self.each(commitments[key]):
                opened = wire.commit_query(bytes.fromhex(case["salt"]), case["vector"])
                self.assertEqual(opened.hex() == case["commitment"], holds)

    def test_datanet(self):
        datanet = load("datanet.json")
        roots = []
        for part in self.each(datanet["contributions"]):
            rows = [wire.row(row["prompt"], row["completion"]) for row in part["rows"]]
            self.assertEqual([row.hex() for row in rows], [row["digest"] for row in part["rows"]])
            root = plain_root(rows)
            self.assertEqual(root.hex(), part["rows_root"])
            size = sum(len((row["prompt"] + row["completion"]).encode()) for row in part["rows"])
            digest = wire.manifest(part["contributor"], len(rows), size, root)
            self.assertEqual(digest.hex(), part["manifest_digest"])
            roots.append(root)
        self.assertEqual(plain_root(roots).hex(), datanet["content_root"])


class Trees(Vectors):
    """Merkle and Merkle-sum trees, payouts."""

    def test_known_root(self):
        """Two leaves of Certificate Transparency's reference tree."""
        expected = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
        self.assertEqual(plain_root([b"", b"\0"]).hex(), expected)

    def test_plain_trees(self):
        merkle = load("merkle.json")
        for tree in self.each(merkle["trees"]):
            leaves = [trees.plain_leaf(bytes.fromhex(leaf)) for leaf in tree["leaves"]]
            root = trees.root(leaves, trees.plain_join, EMPTY)
            self.assertEqual(root.hex(), tree["root"])
            self.assertEqual(len(tree["proofs"]), len(leaves))
            for index, stored in enumerate(tree["proofs"]):
                path = trees.path(leaves, index, trees.plain_join)
                self.assertEqual([item.hex() for item in path], stored)
                trees.verify(root, leaves[index], index, len(leaves), path, trees.plain_join)
        for case in self.each(merkle["invalid"]):
            leaf = trees.plain_leaf(bytes.fromhex(case["leaf"]))
            siblings = [bytes.fromhex(item) for item in case["siblings"]]
            place = int(case["index"]), int(case["size"])
            root = bytes.fromhex(case["root"])
            self.refused(case, lambda: trees.verify(root, leaf, *place, siblings, trees.plain_join))

    def leaves(self, tree):
        """Leaf nodes of a stored summing tree."""
        return [trees.sum_leaf(int(leaf["sum"]), bytes.fromhex(leaf["data"])) for leaf in tree["leaves"]]

    def prove(self, root, leaf, proof):
        """Checks an inclusion proof."""
        siblings = [node(item) for item in proof["siblings"]]
        trees.verify(root, leaf, int(proof["index"]), int(proof["size"]), siblings, trees.sum_join)

    def range(self, root, proof):
        """Checks a range proof."""
        place = [int(proof[key]) for key in ("start", "end", "size")]
        parts = [[node(item) for item in proof[key]] for key in ("outside", "inside")]
        return trees.verify_range(root, *place, *parts)

    def test_summing_trees(self):
        file = load("merkle_sum.json")
        for tree in self.each(file["trees"]):
            leaves = self.leaves(tree)
            root = sum_root(leaves)
            self.assertEqual(root, node(tree["root"]))
            for index, proof in enumerate(tree["proofs"]):
                self.assertEqual(trees.path(leaves, index, trees.sum_join), [node(item) for item in proof["siblings"]])
                self.prove(root, leaves[index], proof)
            for proof in tree["ranges"]:
                total = sum(leaf[0] for leaf in leaves[int(proof["start"]) : int(proof["end"])])
                self.assertEqual(self.range(root, proof), total)
                self.assertEqual(str(total), proof["sum"])
        for case in self.each(file["invalid_trees"]):
            self.refused(case, lambda: sum_root(self.leaves(case)))

    def test_forged_sums(self):
        file = load("merkle_sum.json")
        for case in self.each(file["invalid_proofs"]):
            self.refused(case, lambda: self.prove(node(case["root"]), node(case["leaf"]), case))
        for case in self.each(file["invalid_ranges"]):
            self.refused(case, lambda: self.range(node(case["root"]), case))

    def payout(self, scope, case):
        """Encoding and leaf of a payout."""
        message = {"scope": scope, "payee": case["payee"], "cumulative_amount": case["cumulative_amount"]}
        encoding = wire.encode("Payout", message)
        return encoding, trees.sum_leaf(int(case["cumulative_amount"]), encoding)

    def test_payouts(self):
        file = load("payouts.json")
        self.assertEqual(sum_root([]), node(file["empty_root"]))
        earned = {}
        for epoch in self.each(file["epochs"]):
            for credit in epoch["credits"]:
                earned[credit["payee"]] = earned.get(credit["payee"], 0) + wire.amount(credit["amount"])
            stored = [(case["payee"], int(case["cumulative_amount"])) for case in epoch["payouts"]]
            self.assertEqual(stored, sorted(earned.items()))
            leaves = []
            for case in epoch["payouts"]:
                encoding, leaf = self.payout(file["scope"], case)
                self.assertEqual(encoding.hex(), case["encoding"])
                self.assertEqual(leaf, node(case["leaf"]))
                leaves.append(leaf)
            root = sum_root(leaves)
            self.assertEqual(root, node(epoch["root"]))
            for leaf, case in zip(leaves, epoch["payouts"]):
                self.prove(root, leaf, case["proof"])
        for case in self.each(file["invalid_credits"]):
            credit = case["credit"]
            self.refused(case, lambda: wire.fit(earned[credit["payee"]] + wire.amount(credit["amount"])))
        for case in self.each(file["invalid_claims"]):
            _, leaf = self.payout(case["scope"], case)
            self.refused(case, lambda: self.prove(node(case["root"]), leaf, case["proof"]))


class Money(Vectors):
    """Shares, fees, attribution, dot products, credits."""

    def test_shares(self):
        shares = load("shares.json")
        self.assertEqual(int(shares["share_one"]), money.ONE)
        for case in self.each(shares["valid"]):
            parts = money.largest_remainder(ints(case["weights"]), int(case["total"]))
            self.assertEqual(parts, ints(case["parts"]))
            self.assertEqual(sum(parts), int(case["total"]))
        for case in self.each(shares["invalid"]):
            self.refused(case, lambda: money.largest_remainder(ints(case["weights"]), int(case["total"])))

    def test_fees(self):
        fees = load("fees.json")

        def price(case):
            prices = int(case["prompt_price"]), int(case["response_price"])
            return money.fee(case["prompt_tokens"], prices[0], case["response_tokens"], prices[1])

        for case in self.each(fees["fees"]):
            self.assertEqual(price(case), int(case["fee"]))
        for case in self.each(fees["invalid_fees"]):
            self.refused(case, lambda: price(case))
        for case in self.each(fees["splits"]):
            self.assertEqual(money.split(case["table"], int(case["fee"])), ints(case["parts"]))
        for case in self.each(fees["invalid_splits"]):
            self.refused(case, lambda: money.split(case["table"], int(case["fee"])))

    def test_attribution(self):
        file = load("attribution.json")
        for case in self.each(file["valid"]):
            self.assertEqual(case["policy"], file["policy"])
            result = money.attribute(ints(case["deltas"]), int(case["floor"]), int(case["lift"]))
            self.assertEqual(result, (ints(case["shares"]), int(case["explained"]), int(case["unattributed"])))
        for case in self.each(file["invalid"]):
            deltas = ints(case["deltas"]) * case["times"]
            self.refused(case, lambda: money.attribute(deltas, int(case["floor"]), int(case["lift"])))

    def test_dot(self):
        dots = load("dot.json")
        for case in self.each(dots["valid"]):
            self.assertEqual(money.dot(case["left"] * case["times"], case["right"] * case["times"]), case["dot"])
        for case in self.each(dots["invalid"]):
            self.refused(case, lambda: money.dot(case["left"] * case["times"], case["right"] * case["times"]))

    def test_credits(self):
        file = load("credits.json")
        receipts = []
        for case in self.each(file["valid"]):
            receipts.append(wire.encode("Receipt", case["receipt"]))
            self.assertEqual(wire.tagged("receipt", receipts[-1]).hex(), case["receipt_id"])
            credits = money.credits(case["receipt"], case["receipt_index"], case["table"], case["payees"])
            self.assertEqual(credits, case["credits"])
            leaves = [trees.sum_leaf(int(credit["amount"]), wire.encode("Credit", credit)) for credit in credits]
            self.assertEqual(leaves, [node(leaf) for leaf in case["leaves"]])
            self.assertEqual(sum_root(leaves), node(case["root"]))
            self.assertEqual(sum_root(leaves)[0], int(case["receipt"]["fee"]))
            self.assertEqual(sum_root(leaves[::-1]), node(case["root_in_reverse"]))
        self.assertEqual(plain_root(receipts).hex(), file["receipts_root"])
        for case in self.each(file["invalid"]):
            self.refused(case, lambda: money.credits(case["receipt"], 0, case["table"], case["payees"]))


if __name__ == "__main__":
    unittest.main()
