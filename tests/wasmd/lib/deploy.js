// All contracts, deployed and owned as docs/guide.md says, with windows of seconds so that a test sees them pass.

import { DENOM, GAS } from "./chain.js";
import { upload } from "./code.js";
import { record } from "./gas.js";

/** All OPEN there is, in uopen. */
export const SUPPLY = "1000000000000000";

/** Seconds between an epoch and the first claim against it. */
export const CHALLENGE_WINDOW = 4;

/** Deploys one contract with an admin. Returns its address. */
export async function instantiate(who, name, msg, admin = who.address) {
  const { codeId } = await upload(who, name);
  const label = `openledger ${name}`;
  const made = await who.client.instantiate(who.address, codeId, msg, label, GAS, { admin });
  record(`${name.replaceAll("_", "-")}/instantiate`, made);
  return made.contractAddress;
}

/** Parameters of the models contract without bonds. */
export const modelsParams = (max_token_price) => ({
  max_pause_seconds: "86400",
  max_token_price,
  base_bond: "0",
  adapter_bond: "0",
  rebate_bps: 0,
  min_take_bps: 0,
  bond_unlock_seconds: "60",
  base_notice_seconds: "60",
  payout_delay_seconds: "0",
  max_suspension_seconds: "86400",
});

/** Parameters of governance with the shortest votes that it takes. A third of all power must vote. */
export const governanceParams = {
  min_deposit: "1000000",
  expedited_min_deposit: "2000000",
  datanet_min_deposit: "1000000",
  initial_deposit: 2500,
  deposit_seconds: "600",
  voting_seconds: "10",
  expedited_voting_seconds: "5",
  timelock_seconds: "2",
  expedited_timelock_seconds: "1",
  execution_seconds: "600",
  quorum: 3334,
  threshold: 5000,
  expedited_threshold: 6700,
  veto_threshold: 3300,
  datanet_quorum: 2000,
  max_pause_seconds: "600",
  guardian_term_seconds: "3600",
};

/** Price, caps and windows of a Datanet's shares: a share for an OPEN, income over seconds. */
export const sharesTerms = {
  price: "1000000",
  max_backed_shares: "1000000000",
  max_contribution_shares: "1000000000",
  max_contribution_shares_per_day: "1000000",
  unback_seconds: "60",
  income_seconds: "5",
  period_seconds: "3600",
  max_slash: 5000,
  max_commons_part: 5000,
};

/**
 * Deploys the six contracts that the story needs; Datanets may issue shares. `owner` may change their parameters, and names
 * arbiter and slasher itself if it is not who deploys. Returns their addresses.
 */
export async function deploy(who, treasury, owner = who.address) {
  const open_token = await instantiate(who, "open_token", {
    allocations: [{ address: who.address, amount: SUPPLY }],
  });
  const datanets = await instantiate(who, "datanets", {
    owner,
    token: open_token,
    shares_code_id: String((await upload(who, "shares")).codeId),
    params: {
      max_pause_seconds: "86400",
      max_clusters: 256,
      max_rows: 1000000,
      max_pending: 16,
      payout_delay_seconds: "5",
      recovery_delay_seconds: "5",
      contribution_deposit: "0",
      datanet_bond: "0",
      commit_lifetime_seconds: "60",
      sunset_seconds: "60",
    },
  });
  const models = await instantiate(who, "models", {
    owner,
    datanets,
    token: open_token,
    params: modelsParams("1000000000"),
  });
  const staking = await instantiate(who, "staking", {
    owner,
    token: open_token,
    params: {
      unbonding_seconds: "60",
      min_self_bond: "1000000",
      max_validators: 100,
      max_unbonding_entries: 7,
      snapshot_interval_seconds: "0",
      max_delegations: 16,
      jail_seconds: "60",
      min_operator_bond: "1000000",
    },
  });
  const settlement = await instantiate(who, "settlement", {
    owner,
    token: open_token,
    staking,
    models,
    treasury,
    params: {
      challenge_window_seconds: String(CHALLENGE_WINDOW),
      attestation_deadline_seconds: "600",
      max_session_seconds: "86400",
      settle_grace_seconds: "1",
      max_charges_per_batch: 64,
      max_batches_per_epoch: 64,
      set_overlap: 1,
      set_overlap_seconds: "30",
      max_pause_seconds: "86400",
      round_seconds: "60",
      max_open_epochs: 16,
      exposure_factor: 100,
    },
  });
  const disputes = await instantiate(who, "disputes", {
    owner,
    settlement,
    params: {
      node_slash: 5000,
      validator_slash: 500,
      reward: 2500,
      dispute_bond: "1000000",
      dispute_seconds: "3600",
    },
  });
  if (owner === who.address) {
    await caller("models", models)(who, { set_settlement: { settlement } });
    await caller("datanets", datanets)(who, { set_settlement: { settlement } });
    await caller("settlement", settlement)(who, { set_arbiter: { arbiter: disputes } });
    await caller("staking", staking)(who, { set_slasher: { slasher: disputes } });
  }
  return { open_token, datanets, models, staking, settlement, disputes };
}

/** Deploys governance over contracts that `deploy` made. It owns none of them yet. Returns its address. */
export async function govern(who, contracts, guardian) {
  const { open_token, staking, datanets, models, settlement, disputes } = contracts;
  const registered = { staking, datanets, models, settlement, disputes };
  return instantiate(who, "governance", { token: open_token, ...registered, params: governanceParams, guardian });
}

/**
 * Deploys all contracts: also governance, shares, which Datanets are to issue, and vesting, which needs nobody. Returns their
 * addresses by schema name.
 */
export async function deployAll(who) {
  const made = await deploy(who, who.address);
  const { open_token, ...rest } = made;
  const governance = await govern(who, made, who.address);
  const shares = await instantiate(who, "shares", {
    datanets: rest.datanets,
    datanet_id: "1",
    token: open_token,
    name: "Shares of a Datanet",
    symbol: "SHARE",
    params: sharesTerms,
  });
  const vesting = await instantiate(who, "vesting", {});
  return { "open-token": open_token, ...rest, governance, shares, vesting };
}

/** A caller that sends messages to a contract and records what they cost. */
export function caller(name, contract) {
  return async (who, msg, label = Object.keys(msg)[0]) =>
    record(`${name}/${label}`, await who.client.execute(who.address, contract, msg, GAS));
}

export { DENOM };
