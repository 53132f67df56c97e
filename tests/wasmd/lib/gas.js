// The gas that every message took, as the chain reports it. One line per transaction goes to the file that
// OPENLEDGER_GAS_LOG names; `cargo xtask wasmd test` turns the log into docs/benchmarks/gas.md.

import { appendFileSync } from "node:fs";

/** Records what a transaction took under a name such as `settlement/open_session`. Returns the result. */
export function record(name, result) {
  const file = process.env.OPENLEDGER_GAS_LOG;
  if (file) appendFileSync(file, `${JSON.stringify({ name, gas: Number(result.gasUsed) })}\n`);
  return result;
}
