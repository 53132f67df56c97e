"""RFC 6962 trees and their summing variant, by plain recursion over index ranges."""

from wire import Refused, fit, sha256


def plain_leaf(data):
    """Leaf hash of RFC 6962."""
    return sha256(b"\0" + data)


def plain_join(left, right):
    """Inner node of RFC 6962."""
    return sha256(b"\1" + left + right)


def sum_leaf(total, data):
    """Leaf (sum, hash) of a summing tree."""
    return total, sha256(b"\0" + total.to_bytes(16, "big") + data)


def sum_join(left, right):
    """Inner node (sum, hash) of a summing tree."""
    total = fit(left[0] + right[0], "sum_overflow")
    return total, sha256(b"\1" + b"".join(part[0].to_bytes(16, "big") + part[1] for part in (left, right)))


def middle(size):
    """The largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def root(nodes, join, empty):
    """Root over hashed leaves."""
    if not nodes:
        return empty
    if len(nodes) == 1:
        return nodes[0]
    cut = middle(len(nodes))
    return join(root(nodes[:cut], join, empty), root(nodes[cut:], join, empty))


def path(nodes, index, join):
    """Siblings of a leaf, from the leaf up."""
    if len(nodes) < 2:
        return []
    cut = middle(len(nodes))
    if index < cut:
        return [*path(nodes[:cut], index, join), root(nodes[cut:], join, None)]
    return [*path(nodes[cut:], index - cut, join), root(nodes[:cut], join, None)]


def verify(expected, node, index, size, siblings, join):
    """Refuses a leaf that is not at `index` of the tree of `size` leaves."""
    if index >= size:
        raise Refused("index_out_of_range")
    sides = []
    while size > 1:
        cut = middle(size)
        sides.append(index >= cut)
        index, size = (index - cut, size - cut) if index >= cut else (index, cut)
    if len(sides) != len(siblings):
        raise Refused("wrong_length")
    for right, sibling in zip(reversed(sides), siblings):
        node = join(sibling, node) if right else join(node, sibling)
    if node != expected:
        raise Refused("root_mismatch")


def verify_range(expected, start, end, size, outside, inside):
    """Sum of the leaves start..end, or a refusal."""
    if not start < end <= size:
        raise Refused("bad_range")
    outside, inside = list(outside), list(inside)
    total = sum(node[0] for node in inside)

    def take(nodes):
        if not nodes:
            raise Refused("wrong_length")
        return nodes.pop(0)

    def rebuild(low, high):
        if high <= start or low >= end:
            return take(outside)
        if start <= low and high <= end:
            return take(inside)
        cut = low + middle(high - low)
        left = rebuild(low, cut)
        return sum_join(left, rebuild(cut, high))

    rebuilt = rebuild(0, size)
    if outside or inside:
        raise Refused("wrong_length")
    if rebuilt != expected:
        raise Refused("root_mismatch")
    return fit(total, "sum_overflow")
