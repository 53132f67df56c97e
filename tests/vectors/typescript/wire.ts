// Bytes: protobuf as ADR-027 wants it, domain-tagged digests, amounts, commitments and Datanet rows.

import { createHash } from "node:crypto";

export type Json = any;

/** Input that the protocol refuses; `code` is the name of the error in the vectors. */
export class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

export const U64_MAX = (1n << 64n) - 1n;
export const U128_MAX = (1n << 128n) - 1n;

type Scalar = "uint32" | "uint64" | "sint64" | "string" | "bytes" | "role" | "verdict";
type Field = { number: bigint; name: string; type: Scalar | string; repeated: boolean };

/** Messages of proto/openledger/protocol/v1 as "name:type"; the position is the field number, [] marks repeated ones. */
const SCHEMA: Record<string, Field[]> = Object.fromEntries(
  Object.entries({
    Scope: "chain_id:string contract:string",
    Voucher: "scope:Scope session_id:uint64 cumulative_amount:string sequence:uint64",
    SessionCharge: "session_id:uint64 cumulative_fee:string voucher_amount:string voucher_sequence:uint64",
    BatchHeader:
      "scope:Scope node:string sequence:uint64 receipts_root:bytes receipt_count:uint64 credits_root:bytes " +
      "credit_count:uint64 total:string charges:SessionCharge[]",
    Credit: "payee:string receipt_id:bytes role:role cluster:uint64 amount:string receipt_index:uint64",
    Payout: "scope:Scope payee:string cumulative_amount:string",
    EpochStatement:
      "scope:Scope epoch:uint64 set_id:uint64 batch_ids:uint64[] payout_root:bytes payout_total:string " +
      "payout_count:uint64 round:uint32",
    DisputeVerdict: "scope:Scope dispute_id:uint64 set_id:uint64 receipt_id:bytes verdict:verdict",
    BatchAccess: "scope:Scope validator:string batch_id:uint64",
    ProofOfPossession: "scope:Scope validator:string public_key:bytes",
    Attribution:
      "policy:string deltas:sint64[] floor:uint64 lift:sint64 shares:uint64[] explained:uint64 unattributed:uint64 " +
      "query_commitment:bytes",
    Receipt:
      "scope:Scope node:string session_id:uint64 voucher_sequence:uint64 adapter_id:uint64 adapter_version:uint32 " +
      "base_digest:bytes adapter_digest:bytes tokenizer_digest:bytes prompt_commitment:bytes " +
      "response_commitment:bytes sampling_commitment:bytes prompt_tokens:uint32 response_tokens:uint32 " +
      "prompt_price:string response_price:string fee:string cumulative_fee:string attribution:Attribution " +
      "served_at:uint64",
    Sampling:
      "temperature:uint32 top_k:uint32 top_p:uint32 min_p:uint32 repetition_penalty:uint32 presence_penalty:sint64 " +
      "frequency_penalty:sint64 seed:uint64 max_new_tokens:uint32 stop:string[] " +
      "json_schema:string regex:string",
  }).map(([message, fields]) => [
    message,
    fields.split(" ").map((field, position) => {
      const [name, type] = field.split(":") as [string, string];
      return { number: BigInt(position + 1), name, type: type.replace("[]", ""), repeated: type.endsWith("[]") };
    }),
  ]),
);

export const KINDS: Record<string, string> = {
  voucher: "Voucher",
  receipt: "Receipt",
  batch: "BatchHeader",
  credit: "Credit",
  epoch: "EpochStatement",
  verdict: "DisputeVerdict",
  "batch-access": "BatchAccess",
  "proof-of-possession": "ProofOfPossession",
};

export const ROLES = ["UNSPECIFIED", "CONTRIBUTOR", "COMMONS", "DEVELOPER", "NODE", "STAKERS", "TREASURY"];
const VERDICTS = ["UNSPECIFIED", "HONEST", "FRAUD"];

export const bytes = (hex: string): Uint8Array => {
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new Error(`not lower-case hex: ${hex}`);
  return Uint8Array.from(Buffer.from(hex, "hex"));
};
export const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const concat = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
export const sha256 = (data: Uint8Array): Uint8Array => Uint8Array.from(createHash("sha256").update(data).digest());

/** An unsigned integer as `width` big-endian bytes. */
export function bigEndian(value: bigint | number, width: number): Uint8Array {
  return bytes(BigInt(value).toString(16).padStart(width * 2, "0"));
}

function varint(value: bigint): Uint8Array {
  const out: number[] = [];
  for (; value > 127n; value >>= 7n) out.push(Number(value & 127n) | 128);
  return Uint8Array.of(...out, Number(value));
}

/** What stands on the wire for an integer: sint64 is zigzag, an enumeration its number. */
function integer(type: string, value: Json): bigint {
  if (type === "role") {
    const role = ROLES.indexOf(value.replace("CREDIT_ROLE_", ""));
    if (role < 0) throw new Error(`no role ${value}`);
    return BigInt(role);
  }
  if (type === "verdict") {
    const verdict = VERDICTS.indexOf(value.replace("VERDICT_", ""));
    if (verdict < 0) throw new Error(`no verdict ${value}`);
    return BigInt(verdict);
  }
  const number = BigInt(value);
  const wire = type === "sint64" ? BigInt.asUintN(64, (number << 1n) ^ (number >> 63n)) : number;
  if (wire < 0n || wire > (type === "uint32" ? (1n << 32n) - 1n : U64_MAX)) throw new Error(`${value} is no ${type}`);
  return wire;
}

const chunk = (number: bigint, data: Uint8Array): Uint8Array =>
  concat(varint((number << 3n) | 2n), varint(BigInt(data.length)), data);

/** Deterministic encoding: ascending fields, defaults left out, integers packed. */
export function encode(message: string, value: Json): Uint8Array {
  const fields = SCHEMA[message]!;
  for (const key of Object.keys(value)) {
    if (!fields.some((field) => field.name === key)) throw new Error(`${message} has no ${key}`);
  }
  return concat(...fields.map((field) => encodeField(field, value[field.name])));
}

function encodeField({ number, type, repeated }: Field, value: Json): Uint8Array {
  const nothing = new Uint8Array();
  if (value === undefined) return nothing;
  if (repeated) {
    if (SCHEMA[type]) return concat(...value.map((item: Json) => chunk(number, encode(type, item))));
    if (type === "string") return concat(...value.map((item: string) => chunk(number, utf8(item))));
    const packed = concat(...value.map((item: Json) => varint(integer(type, item))));
    return packed.length ? chunk(number, packed) : nothing;
  }
  if (SCHEMA[type]) return chunk(number, encode(type, value));
  if (type === "string" || type === "bytes") {
    const data = type === "string" ? utf8(value) : bytes(value);
    return data.length ? chunk(number, data) : nothing;
  }
  const wire = integer(type, value);
  return wire ? concat(varint(number << 3n), varint(wire)) : nothing;
}

/** SHA-256("openledger/<kind>/v1" || 0x00 || data). */
export const tagged = (kind: string, data: Uint8Array): Uint8Array =>
  sha256(concat(utf8(`openledger/${kind}/v1\0`), data));

/** Digest of a message of a kind. */
export const digest = (kind: string, message: Json): Uint8Array => tagged(kind, encode(KINDS[kind]!, message));

/** Refuses what does not fit 128 bits. */
export function fit(value: bigint, code = "overflow"): bigint {
  if (value > U128_MAX) throw new Refused(code);
  return value;
}

/** Reads an amount; only one spelling of each value is accepted. */
export function amount(text: string): bigint {
  if (!/^(0|[1-9][0-9]*)$/.test(text)) throw new Refused("not_canonical");
  return fit(BigInt(text), "too_large");
}

/** Salted commitment to token ids. */
export const commitTokens = (label: string, salt: Uint8Array, ids: number[]): Uint8Array =>
  tagged("tokens", concat(utf8(label), Uint8Array.of(0), salt, ...ids.map((id) => bigEndian(id, 4))));

/** Salted commitment to sampling parameters. */
export const commitSampling = (salt: Uint8Array, sampling: Json): Uint8Array =>
  tagged("sampling", concat(salt, encode("Sampling", sampling)));

/** Salted commitment to an int8 query vector. */
export const commitQuery = (salt: Uint8Array, vector: number[]): Uint8Array =>
  tagged("query", concat(salt, Uint8Array.from(vector, (value) => value & 0xff)));

const prefixed = (text: string): Uint8Array => concat(bigEndian(utf8(text).length, 4), utf8(text));

/** Digest of a Datanet row. */
export const row = (prompt: string, completion: string): Uint8Array =>
  tagged("row", concat(prefixed(prompt), prefixed(completion)));

/** Digest of a contribution's manifest. */
export const manifest = (contributor: string, rows: number, size: number, root: Uint8Array): Uint8Array =>
  tagged("manifest", concat(prefixed(contributor), bigEndian(rows, 8), bigEndian(size, 8), root));
