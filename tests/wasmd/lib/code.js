// Uploading artifacts, once per process and content.

import { createHash } from "node:crypto";

import { fromBech32, fromHex, toBech32 } from "@cosmjs/encoding";

import { artifact, GAS } from "./chain.js";
import { record } from "./gas.js";

const stored = new Map();

/** Stores a contract's code, or `wasm` in its place. Returns the code id and the chain's checksum. */
export async function upload(who, name, wasm = undefined) {
  const bytes = wasm ?? (await artifact(name));
  const key = createHash("sha256").update(bytes).digest("hex");
  if (!stored.has(key)) {
    const result = await who.client.upload(who.address, bytes, GAS);
    record(`${name.replaceAll("_", "-")}/store_code`, result);
    stored.set(key, { codeId: result.codeId, checksum: result.checksum });
  }
  return stored.get(key);
}

/** The address that `instantiate2` gives: wasmd's rule, from the code's checksum, its creator and the salt. */
export function predictedAddress(checksum, creator, salt) {
  const sized = (bytes) => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    return Buffer.concat([length, bytes]);
  };
  const parts = [fromHex(checksum), fromBech32(creator, 90).data, salt, new Uint8Array()].map(sized);
  const key = Buffer.concat([Buffer.from("wasm\0"), ...parts]);
  const kind = createHash("sha256").update("module").digest();
  return toBech32("wasm", createHash("sha256").update(kind).update(key).digest(), 90);
}

/**
 * The same code under the next version number, 0.1.0 -> 0.1.1: what a release with nothing but a new version would
 * be. The version is one constant in the data section, so the bytes around it stay as they are.
 */
export function bumped(wasm) {
  const next = Buffer.from(wasm);
  const places = [];
  for (let at = next.indexOf("0.1.0"); at >= 0; at = next.indexOf("0.1.0", at + 1)) places.push(at);
  if (places.length === 0) throw new Error("this artifact names no version 0.1.0");
  for (const at of places) next.write("0.1.1", at);
  return next;
}
