// What a chain does with our artifacts before anybody calls them: checks, addresses, migration.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { accounts, artifact, committedChecksums, GAS } from "./lib/chain.js";
import { bumped, predictedAddress, upload } from "./lib/code.js";
import { record } from "./lib/gas.js";
import { SUPPLY } from "./lib/deploy.js";

let founder;
let stranger;

before(async () => {
  [founder, stranger] = await accounts(2);
});

const allocations = () => [{ address: founder.address, amount: SUPPLY }];

test("the chain's checksum is the committed one, for every artifact", async () => {
  const committed = await committedChecksums();
  assert.ok(committed.size >= 5);
  for (const [name, checksum] of committed) {
    assert.equal((await upload(founder, name)).checksum, checksum, name);
  }
});

test("instantiate2 gives the address that anybody can predict", async () => {
  const { codeId, checksum } = await upload(founder, "open_token");
  const salt = new TextEncoder().encode("openledger");
  const predicted = predictedAddress(checksum, founder.address, salt);
  const made = record(
    "open-token/instantiate2",
    await founder.client.instantiate2(founder.address, codeId, salt, { allocations: allocations() }, "OPEN", GAS),
  );
  assert.equal(made.contractAddress, predicted);
  const again = founder.client.instantiate2(founder.address, codeId, salt, { allocations: allocations() }, "OPEN", GAS);
  await assert.rejects(again, /duplicate|already exists/);
});

test("migration takes the next version of the same contract and nothing else", async () => {
  const { codeId } = await upload(founder, "open_token");
  const admin = { admin: founder.address };
  const made = await founder.client.instantiate(founder.address, codeId, { allocations: allocations() }, "OPEN", GAS, admin);
  const token = made.contractAddress;
  const migrate = (who, code) => who.client.migrate(who.address, token, code, {}, GAS);

  await assert.rejects(migrate(founder, codeId), /not newer|is not older|version/i, "the same version");
  const other = await upload(founder, "staking");
  await assert.rejects(migrate(founder, other.codeId), /openledger:open-token/, "another contract");
  const next = await upload(founder, "open_token", bumped(await artifact("open_token")));
  await assert.rejects(migrate(stranger, next.codeId), /unauthorized|can not migrate/i, "somebody else");

  record("open-token/migrate", await migrate(founder, next.codeId));
  assert.equal((await founder.client.getContract(token)).codeId, next.codeId);
  const raw = await founder.client.queryContractRaw(token, new TextEncoder().encode("contract_info"));
  assert.deepEqual(JSON.parse(new TextDecoder().decode(raw)), { contract: "openledger:open-token", version: "0.1.1" });
  await assert.rejects(migrate(founder, codeId), /not newer|is not older|version/i, "back to the older version");
  const { balance } = await founder.client.queryContractSmart(token, { balance: { address: founder.address } });
  assert.equal(balance, SUPPLY);
});
