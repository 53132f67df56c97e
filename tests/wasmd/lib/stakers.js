// Stake on a real node: bonds by allowance, and hooks of a cw20 send.

import { GAS } from "./chain.js";
import { record } from "./gas.js";
import { blsKey } from "./protocol.js";

/** Sends a message that takes `amount` by allowance, in one transaction with the allowance. Records its cost under a label. */
export async function paying(who, token, contract, amount, msg, label = undefined) {
  const allow = { increase_allowance: { spender: contract, amount } };
  const both = [
    { contractAddress: token, msg: allow },
    { contractAddress: contract, msg },
  ];
  const paid = await who.client.executeMultiple(who.address, both, GAS);
  return label ? record(label, paid) : paid;
}

/** Makes an account a validator with a new key. */
export async function bondValidator(who, { open_token, staking }, amount) {
  const key = blsKey();
  const msg = {
    register_validator: {
      amount,
      bls_public_key: key.publicKey,
      proof_of_possession: key.possession(staking, who.address),
      endpoint: "http://127.0.0.1:9100",
      moniker: "validator",
    },
  };
  return paying(who, open_token, staking, amount, msg, "staking/register_validator (with its allowance)");
}

/** Stakes on a validator. */
export async function delegate(who, { open_token, staking }, validator, amount) {
  const msg = { delegate: { validator, amount } };
  return paying(who, open_token, staking, amount, msg, "staking/delegate (with its allowance)");
}

/** A cw20 `send` whose hook is this message. */
export const sending = (contract, amount, hook) => ({
  send: { contract, amount, msg: Buffer.from(JSON.stringify(hook)).toString("base64") },
});
