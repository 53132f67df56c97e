// Starts the development simulation as a child process: the program that OPENLEDGER_SIMULATION names, or what cargo builds.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const repository = new URL("../../", import.meta.url);

/** Starts a simulation in which the given addresses own fee coins. */
export async function start(addresses) {
  const built = process.env.OPENLEDGER_SIMULATION;
  const cargo = ["run", "--quiet", "--package", "openledger-devnet", "--example", "serve", "--", ...addresses];
  const options = { cwd: repository, stdio: ["pipe", "pipe", "inherit"] };
  const child = built ? spawn(built, addresses, options) : spawn("cargo", cargo, options);
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the simulation ended with code ${code} before it was up`);
  });
  const [line] = await Promise.race([once(lines, "line"), ended]);
  ended.catch(() => {});
  const stop = async () => {
    const exit = once(child, "exit");
    child.stdin.end();
    await exit;
  };
  return { ...JSON.parse(line), stop };
}
