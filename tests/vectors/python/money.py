"""Integer arithmetic: shares, fees, attribution, dot products, credits."""

import wire
from wire import Refused, fit

ONE = 10**9
BOUND = 10**12


def largest_remainder(weights, total):
    """Divides `total` by weight; what rounding leaves goes to the largest remainders, first come first."""
    whole = sum(weights)
    if not whole:
        raise Refused("no_weight")
    for weight in weights:
        fit(total * weight)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(total * weights[at] % whole), at))
    for at in by_remainder[: total - sum(parts)]:
        parts[at] += 1
    return parts


def fee(prompt_tokens, prompt_price, response_tokens, response_price):
    """Price of an answer."""
    return fit(prompt_tokens * prompt_price + response_tokens * response_price)


def split(table, total):
    """Parts of contributors, developer, node, stakers and treasury."""
    if sum(table) != 10_000:
        raise Refused("table_sum")
    return largest_remainder(table, total)


def attribute(deltas, floor, lift):
    """Shares, explained and unattributed part in parts per billion."""
    if len(deltas) > 4096:
        raise Refused("too_many_clusters")
    if any(abs(value) > BOUND for value in [*deltas, floor, lift]):
        raise Refused("out_of_range")
    scores = [max(0, max(0, delta) - floor) for delta in deltas]
    total = sum(scores)
    explained = min(ONE, total * ONE // lift) if lift > 0 else 0
    shares = largest_remainder(scores, explained) if explained else [0] * len(scores)
    return shares, explained, ONE - explained


def dot(left, right):
    """Dot product of int8 vectors."""
    if len(left) != len(right):
        raise Refused("length_mismatch")
    if len(left) > 131_071:
        raise Refused("too_long")
    return sum(a * b for a, b in zip(left, right))


def credits(receipt, index, table, payees):
    """Credits of a receipt as messages, in the order of the tree."""
    attribution = receipt.get("attribution")
    if attribution is None:
        raise Refused("no_attribution")
    owners = payees["contributors"]
    weights = [int(share) for share in attribution.get("shares", [])]
    if len(weights) != len(owners):
        raise Refused("cluster_count")
    weights.append(int(attribution.get("unattributed", 0)))
    if sum(weights) != ONE:
        raise Refused("share_sum")
    charged = wire.amount(receipt["fee"])
    prices = wire.amount(receipt["prompt_price"]), wire.amount(receipt["response_price"])
    if charged != fee(receipt["prompt_tokens"], prices[0], receipt["response_tokens"], prices[1]):
        raise Refused("wrong_fee")
    pool, *others = split(table, charged)
    *earned, commons = largest_remainder(weights, pool)
    parts = [(owner, "CONTRIBUTOR", at, part) for at, (owner, part) in enumerate(zip(owners, earned))]
    parts.append((payees["commons"], "COMMONS", 0, commons))
    for role, part in zip(["developer", "node", "stakers", "treasury"], others):
        parts.append((payees[role], role.upper(), 0, part))
    parts.sort(key=lambda part: (part[0].encode(), wire.ROLES.index(part[1]), part[2]))
    receipt_id = wire.digest("receipt", receipt).hex()
    return [
        {
            "payee": payee,
            "receipt_id": receipt_id,
            "role": f"CREDIT_ROLE_{role}",
            "cluster": str(cluster),
            "amount": str(part),
            "receipt_index": str(index),
        }
        for payee, role, cluster, part in parts
        if part
    ]
