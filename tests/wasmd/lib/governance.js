// The chain's own governance, gov v1: proposals whose messages the gov account sends.

import { MsgSubmitProposal, MsgVote } from "cosmjs-types/cosmos/gov/v1/tx";
import { MsgExecuteContract, MsgMigrateContract, MsgPinCodes, MsgSudoContract } from "cosmjs-types/cosmwasm/wasm/v1/tx";
import { VoteOption } from "cosmjs-types/cosmos/gov/v1/gov";

import { DENOM, faucet, GAS, node, ok } from "./chain.js";

const utf8 = (value) => new TextEncoder().encode(JSON.stringify(value));
const rest = async (path) => (await fetch(`${node.rest}${path}`)).json();

/** The account that proposals act as. */
export async function authority() {
  const { account } = await rest("/cosmos/auth/v1beta1/module_accounts/gov");
  const address = account?.base_account?.address ?? account?.value?.address;
  if (!address) throw new Error("the node names no gov account");
  return address;
}

/** Gives the faucet most of the chain's stake, so that its vote decides. Idempotent. */
async function voter() {
  const rich = await faucet();
  const { validators } = await rest("/cosmos/staking/v1beta1/validators");
  const [{ operator_address: validator }] = validators;
  const { delegation_responses: standing } = await rest(`/cosmos/staking/v1beta1/delegations/${rich.address}`);
  if (!standing?.length) {
    const coin = { denom: DENOM, amount: "20000000000000" };
    ok(await rich.client.delegateTokens(rich.address, validator, coin, GAS));
  }
  return rich;
}

/** `MsgExecuteContract` from the gov account. */
export const executing = (gov, contract, msg) => ({
  typeUrl: MsgExecuteContract.typeUrl,
  value: MsgExecuteContract.encode(
    MsgExecuteContract.fromPartial({ sender: gov, contract, msg: utf8(msg), funds: [] }),
  ).finish(),
});

/** `MsgSudoContract` from the gov account. */
export const sudo = (gov, contract, msg) => ({
  typeUrl: MsgSudoContract.typeUrl,
  value: MsgSudoContract.encode(MsgSudoContract.fromPartial({ authority: gov, contract, msg: utf8(msg) })).finish(),
});

/** `MsgMigrateContract` from the gov account, which must be the contract's admin. */
export const migrating = (gov, contract, codeId, msg) => ({
  typeUrl: MsgMigrateContract.typeUrl,
  value: MsgMigrateContract.encode(
    MsgMigrateContract.fromPartial({ sender: gov, contract, codeId: BigInt(codeId), msg: utf8(msg) }),
  ).finish(),
});

/** `MsgPinCodes` from the gov account: every node keeps these codes compiled in memory. */
export const pinning = (gov, codeIds) => ({
  typeUrl: MsgPinCodes.typeUrl,
  value: MsgPinCodes.encode(MsgPinCodes.fromPartial({ authority: gov, codeIds: codeIds.map(BigInt) })).finish(),
});

/** A proposal file, as a chain's binary reads it, in the shape that `decide` takes. */
export function fromFile(text) {
  const { title, messages } = JSON.parse(text);
  const packed = messages.map((message) => {
    const { "@type": type, contract, msg, authority: from, sender = from, code_id: codeId, code_ids: codeIds } = message;
    if (type === MsgSudoContract.typeUrl) return sudo(from, contract, msg);
    if (type === MsgMigrateContract.typeUrl) return migrating(sender, contract, codeId, msg);
    if (type === MsgExecuteContract.typeUrl) return executing(sender, contract, msg);
    if (type === MsgPinCodes.typeUrl) return pinning(from, codeIds);
    throw new Error(`no message ${type}`);
  });
  return { title, messages: packed };
}

/** Submits a proposal, votes yes and waits for its end. Returns the proposal as the node shows it. */
export async function decide({ title, messages }) {
  const rich = await voter();
  for (const type of [MsgSubmitProposal, MsgVote]) rich.client.registry.register(type.typeUrl, type);
  const submit = MsgSubmitProposal.fromPartial({
    messages,
    initialDeposit: [{ denom: DENOM, amount: "10000000" }],
    proposer: rich.address,
    title,
    summary: title,
    metadata: "",
    expedited: false,
  });
  const fee = { amount: [{ denom: DENOM, amount: "100000" }], gas: "10000000" };
  const send = (typeUrl, value) => rich.client.signAndBroadcast(rich.address, [{ typeUrl, value }], fee).then(ok);
  const submitted = await send(MsgSubmitProposal.typeUrl, submit);
  const id = submitted.events
    .find(({ type }) => type === "submit_proposal")
    .attributes.find(({ key }) => key === "proposal_id").value;
  const vote = MsgVote.fromPartial({ proposalId: BigInt(id), voter: rich.address, option: VoteOption.VOTE_OPTION_YES });
  await send(MsgVote.typeUrl, vote);
  const open = ["PROPOSAL_STATUS_VOTING_PERIOD", "PROPOSAL_STATUS_DEPOSIT_PERIOD"];
  for (let tries = 0; tries < 240; tries += 1) {
    const { proposal } = await rest(`/cosmos/gov/v1/proposals/${id}`);
    if (!open.includes(proposal.status)) return proposal;
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error(`proposal ${id} did not end`);
}
