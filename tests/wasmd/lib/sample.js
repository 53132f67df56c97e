// Messages made from a contract's JSON schema: every variant with every field, the optional ones too.

import { readFile } from "node:fs/promises";

/** Above 2^53, where a wallet that reads numbers as doubles would show and sign another one. */
const LARGE = "9007199254740993";

/** Everything that JSON encoders disagree about: amino escapes the first three, and sorts keys. */
const TEXT = `<a> & "b" \\ é 字`;

const VALUES = {
  Uint64: LARGE,
  Uint128: LARGE,
  Timestamp: LARGE,
  Binary: Buffer.from(TEXT).toString("base64"),
  HexBinary: "00ff",
  Json: { b: LARGE, a: [TEXT, true, null] },
};

/** The contract's schema as `cargo xtask schema` wrote it. */
export const schema = async (name) =>
  JSON.parse(await readFile(new URL(`../../../schema/${name}.json`, import.meta.url), "utf8"));

/** One message of every variant of ExecuteMsg, by name. Free strings take `address`, as nearly all of them are addresses. */
export function messages({ execute }, address) {
  const definitions = execute.definitions ?? {};

  const value = (node) => {
    if (node.$ref) {
      const name = node.$ref.split("/").pop();
      return VALUES[name] ?? value(definitions[name]);
    }
    if (node.allOf) return value(node.allOf[0]);
    const choice = node.oneOf ?? node.anyOf;
    if (choice) return value(choice.find(({ type }) => type !== "null"));
    if (node.enum) return node.enum[0];
    const type = [node.type].flat().find((type) => type !== "null");
    if (type === "object") return object(node);
    if (type === "array") return array(node);
    if (type === "integer") return Math.max(1, node.minimum ?? 0);
    if (type === "boolean") return true;
    if (type === "string") return string(node);
    throw new Error(`a schema that this sampler does not know: ${JSON.stringify(node)}`);
  };
  const object = ({ properties = {} }) =>
    Object.fromEntries(Object.entries(properties).map(([key, node]) => [key, value(node)]));
  const array = ({ items, minItems = 1 }) =>
    Array.isArray(items) ? items.map(value) : Array.from({ length: minItems }, () => value(items));
  const string = ({ pattern, minLength, maxLength }) => {
    if (pattern?.includes("0-9a-f")) return "ab".repeat(maxLength / 2);
    if (maxLength) return TEXT.slice(0, maxLength).trimEnd().padEnd(minLength ?? 0, "x");
    return address;
  };
  return new Map(execute.oneOf.map((node) => [Object.keys(node.properties ?? {})[0] ?? node.enum[0], value(node)]));
}
