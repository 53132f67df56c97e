// secp256k1 and BLS12-381, with the protocol's rules on encodings.

import { bls12_381 } from "@noble/curves/bls12-381.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";

import { utf8 } from "./wire.js";

const { G1, G2, longSignatures } = bls12_381;

/** Bad encodings throw in the library; to the protocol they are signatures that do not hold. */
function holds(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

/** A 64-byte r||s with low s over a digest, by a compressed key. */
export const secpVerify = (key: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean =>
  key.length === 33 &&
  signature.length === 64 &&
  holds(() => secp256k1.verify(signature, digest, key, { prehash: false, lowS: true, format: "compact" }));

export const secpSign = (secret: Uint8Array, digest: Uint8Array): Uint8Array =>
  secp256k1.sign(digest, secret, { prehash: false, lowS: true, extraEntropy: false, format: "compact" });

export const secpPublic = (secret: Uint8Array): Uint8Array => secp256k1.getPublicKey(secret, true);

/** A key that may sign: a compressed point of the subgroup, not infinity. */
export const blsKey = (bytes: Uint8Array): boolean => bytes.length === 48 && holds(() => usable(G1.Point, bytes));

/** A signature that may be looked at: a compressed point of the subgroup, not infinity. */
export const blsSignature = (bytes: Uint8Array): boolean => bytes.length === 96 && holds(() => usable(G2.Point, bytes));

function usable(curve: typeof G1.Point | typeof G2.Point, bytes: Uint8Array): boolean {
  const point = curve.fromBytes(bytes);
  point.assertValidity();
  return !point.is0() && point.isTorsionFree();
}

export const blsVerify = (key: Uint8Array, digest: Uint8Array, suite: string, signature: Uint8Array): boolean =>
  blsKey(key) &&
  blsSignature(signature) &&
  holds(() => longSignatures.verify(signature, longSignatures.hash(digest, utf8(suite)), key));

export const blsSign = (secret: Uint8Array, digest: Uint8Array, suite: string): Uint8Array =>
  longSignatures.sign(longSignatures.hash(digest, utf8(suite)), secret).toBytes(true);

export const blsPublic = (secret: Uint8Array): Uint8Array => longSignatures.getPublicKey(secret).toBytes(true);

export const blsAddSignatures = (signatures: Uint8Array[]): Uint8Array =>
  longSignatures.aggregateSignatures(signatures).toBytes(true);

export const blsAddKeys = (keys: Uint8Array[]): Uint8Array => longSignatures.aggregatePublicKeys(keys).toBytes(true);

/** The key of everybody minus one absent key. */
export const blsSubtractKey = (everybody: Uint8Array, absent: Uint8Array): Uint8Array =>
  G1.Point.fromBytes(everybody).subtract(G1.Point.fromBytes(absent)).toBytes(true);
