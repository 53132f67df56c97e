"""Bytes: protobuf as ADR-027 wants it, domain-tagged digests, amounts, commitments and Datanet rows."""

import hashlib
import struct


class Refused(Exception):
    """Input that the protocol refuses; its text is the name of the error in the vectors."""


U128_MAX = 2**128 - 1

# Fields of every message in proto/openledger/protocol/v1: number, name, type. A leading * marks a repeated field.
SCHEMA = {
    "Scope": [(1, "chain_id", "string"), (2, "contract", "string")],
    "Voucher": [
        (1, "scope", "Scope"),
        (2, "session_id", "uint64"),
        (3, "cumulative_amount", "string"),
        (4, "sequence", "uint64"),
    ],
    "SessionCharge": [
        (1, "session_id", "uint64"),
        (2, "cumulative_fee", "string"),
        (3, "voucher_amount", "string"),
        (4, "voucher_sequence", "uint64"),
    ],
    "BatchHeader": [
        (1, "scope", "Scope"),
        (2, "node", "string"),
        (3, "sequence", "uint64"),
        (4, "receipts_root", "bytes"),
        (5, "receipt_count", "uint64"),
        (6, "credits_root", "bytes"),
        (7, "credit_count", "uint64"),
        (8, "total", "string"),
        (9, "charges", "*SessionCharge"),
    ],
    "Credit": [
        (1, "payee", "string"),
        (2, "receipt_id", "bytes"),
        (3, "role", "role"),
        (4, "cluster", "uint64"),
        (5, "amount", "string"),
        (6, "receipt_index", "uint64"),
    ],
    "Payout": [(1, "scope", "Scope"), (2, "payee", "string"), (3, "cumulative_amount", "string")],
    "EpochStatement": [
        (1, "scope", "Scope"),
        (2, "epoch", "uint64"),
        (3, "set_id", "uint64"),
        (4, "batch_ids", "*uint64"),
        (5, "payout_root", "bytes"),
        (6, "payout_total", "string"),
        (7, "payout_count", "uint64"),
        (8, "round", "uint32"),
    ],
    "DisputeVerdict": [
        (1, "scope", "Scope"),
        (2, "dispute_id", "uint64"),
        (3, "set_id", "uint64"),
        (4, "receipt_id", "bytes"),
        (5, "verdict", "verdict"),
    ],
    "BatchAccess": [(1, "scope", "Scope"), (2, "validator", "string"), (3, "batch_id", "uint64")],
    "ProofOfPossession": [(1, "scope", "Scope"), (2, "validator", "string"), (3, "public_key", "bytes")],
    "Attribution": [
        (1, "policy", "string"),
        (2, "deltas", "*sint64"),
        (3, "floor", "uint64"),
        (4, "lift", "sint64"),
        (5, "shares", "*uint64"),
        (6, "explained", "uint64"),
        (7, "unattributed", "uint64"),
        (8, "query_commitment", "bytes"),
    ],
    "Receipt": [
        (1, "scope", "Scope"),
        (2, "node", "string"),
        (3, "session_id", "uint64"),
        (4, "voucher_sequence", "uint64"),
        (5, "adapter_id", "uint64"),
        (6, "adapter_version", "uint32"),
        (7, "base_digest", "bytes"),
        (8, "adapter_digest", "bytes"),
        (9, "tokenizer_digest", "bytes"),
        (10, "prompt_commitment", "bytes"),
        (11, "response_commitment", "bytes"),
        (12, "sampling_commitment", "bytes"),
        (13, "prompt_tokens", "uint32"),
        (14, "response_tokens", "uint32"),
        (15, "prompt_price", "string"),
        (16, "response_price", "string"),
        (17, "fee", "string"),
        (18, "cumulative_fee", "string"),
        (19, "attribution", "Attribution"),
        (20, "served_at", "uint64"),
    ],
    "Sampling": [
        (1, "temperature", "uint32"),
        (2, "top_k", "uint32"),
        (3, "top_p", "uint32"),
        (4, "min_p", "uint32"),
        (5, "repetition_penalty", "uint32"),
        (6, "presence_penalty", "sint64"),
        (7, "frequency_penalty", "sint64"),
        (8, "seed", "uint64"),
        (9, "max_new_tokens", "uint32"),
        (10, "stop", "*string"),
        (11, "json_schema", "string"),
        (12, "regex", "string"),
    ],
}

KINDS = {
    "voucher": "Voucher",
    "receipt": "Receipt",
    "batch": "BatchHeader",
    "credit": "Credit",
    "epoch": "EpochStatement",
    "verdict": "DisputeVerdict",
    "batch-access": "BatchAccess",
    "proof-of-possession": "ProofOfPossession",
}

ROLES = ["UNSPECIFIED", "CONTRIBUTOR", "COMMONS", "DEVELOPER", "NODE", "STAKERS", "TREASURY"]
VERDICTS = ["UNSPECIFIED", "HONEST", "FRAUD"]


def varint(value):
    """The shortest base-128 form of an unsigned 64-bit integer."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(kind, value):
    """What stands on the wire for an integer field: sint64 is zigzag, an enumeration its number."""
    if kind == "role":
        return ROLES.index(value.removeprefix("CREDIT_ROLE_"))
    if kind == "verdict":
        return VERDICTS.index(value.removeprefix("VERDICT_"))
    number = int(value)
    if kind == "sint64":
        assert -(2**63) <= number < 2**63
        return number * 2 if number >= 0 else -number * 2 - 1
    assert 0 <= number < (2**32 if kind == "uint32" else 2**64)
    return number


def chunk(number, data):
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def encode(name, message):
    """Deterministic encoding: ascending fields, defaults left out, integers packed."""
    unknown = set(message) - {field for _, field, _ in SCHEMA[name]}
    assert not unknown, f"{name} has no {unknown}"
    out = b""
    for number, field, kind in SCHEMA[name]:
        value = message.get(field)
        if value is None:
            continue
        if kind.startswith("*"):
            if kind[1:] in SCHEMA:
                out += b"".join(chunk(number, encode(kind[1:], item)) for item in value)
            elif kind == "*string":
                out += b"".join(chunk(number, item.encode()) for item in value)
            elif value:
                out += chunk(number, b"".join(varint(integer(kind[1:], item)) for item in value))
        elif kind in SCHEMA:
            out += chunk(number, encode(kind, value))
        elif kind in ("string", "bytes"):
            data = value.encode() if kind == "string" else bytes.fromhex(value)
            out += chunk(number, data) if data else b""
        elif integer(kind, value):
            out += varint(number << 3) + varint(integer(kind, value))
    return out


def sha256(data):
    """SHA-256 as bytes."""
    return hashlib.sha256(data).digest()


def tagged(kind, data):
    """SHA-256("openledger/<kind>/v1" || 0x00 || data)."""
    return sha256(f"openledger/{kind}/v1".encode() + b"\0" + data)


def digest(kind, message):
    """Digest of a message of a kind."""
    return tagged(kind, encode(KINDS[kind], message))


def amount(text):
    """Reads an amount; only one spelling of each value is accepted."""
    if not text or any(letter not in "0123456789" for letter in text) or (text[0] == "0" and text != "0"):
        raise Refused("not_canonical")
    return fit(int(text), "too_large")


def fit(value, name="overflow"):
    """Refuses what does not fit 128 bits."""
    if value > U128_MAX:
        raise Refused(name)
    return value


def commit_tokens(label, salt, ids):
    """Salted commitment to token ids."""
    return tagged("tokens", label.encode() + b"\0" + salt + b"".join(struct.pack(">I", token) for token in ids))


def commit_sampling(salt, sampling):
    """Salted commitment to sampling parameters."""
    return tagged("sampling", salt + encode("Sampling", sampling))


def commit_query(salt, vector):
    """Salted commitment to an int8 query vector."""
    return tagged("query", salt + struct.pack(f"{len(vector)}b", *vector))


def prefixed(text):
    """UTF-8 behind its length."""
    data = text.encode()
    return struct.pack(">I", len(data)) + data


def row(prompt, completion):
    """Digest of a Datanet row."""
    return tagged("row", prefixed(prompt) + prefixed(completion))


def manifest(contributor, rows, size, root):
    """Digest of a contribution's manifest."""
    return tagged("manifest", prefixed(contributor) + struct.pack(">QQ", rows, size) + root)
