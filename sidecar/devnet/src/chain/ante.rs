//! What must hold before a transaction's messages run: limits, fee, signatures, sequence.

use cosmwasm_std::{BankMsg, Coin};
use cw_multi_test::Executor;
use openledger_cosmos_api::{cosmos::crypto::secp256k1::PubKey, tendermint::abci::Event};
use prost_types::Any;

use super::{
    BECH32_PREFIX, Chain,
    accounts::{self, FEE_COLLECTOR},
    decode::{DecodedTx, read_coins},
    events::{event, show_coins},
    fault::Fault,
    limits::Limits,
    signature::{self, Binding},
};

/// Which check it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For the waiting list.
    Check,
    /// In a block.
    Deliver,
    /// For an estimate: no signature yet, and no fee.
    Simulate,
}

impl Chain {
    /// Runs every check, pays the fee and uses the sequence up. The caller takes the writes back on error.
    pub(super) fn ante(&mut self, tx: &DecodedTx, mode: Mode) -> Result<Vec<Event>, Fault> {
        let height = self.height().saturating_add(1);
        if tx.body.timeout_height != 0 && height > tx.body.timeout_height {
            return Err(Fault::tx_timeout(format!(
                "block height: {height}, timeout height: {}",
                tx.body.timeout_height
            )));
        }
        self.check_signers(tx)?;
        let mut events = self.pay_fee(tx, mode)?;
        for (index, signer) in tx.signers.iter().enumerate() {
            events.push(self.check_signature(tx, index, signer, mode)?);
        }
        Ok(events)
    }

    fn check_signers(&self, tx: &DecodedTx) -> Result<(), Fault> {
        if tx.raw.signatures.is_empty() {
            return Err(Fault::no_signatures("the transaction has none"));
        }
        let (wanted, infos) = (tx.signers.len(), tx.auth.signer_infos.len());
        if wanted != tx.raw.signatures.len() || wanted != infos {
            return Err(Fault::unauthorized(format!(
                "wrong number of signers; expected {wanted}, got {infos} signer infos and {} signatures",
                tx.raw.signatures.len()
            )));
        }
        for signer in &tx.signers {
            accounts::check_address(signer)?;
        }
        Ok(())
    }

    fn pay_fee(&mut self, tx: &DecodedTx, mode: Mode) -> Result<Vec<Event>, Fault> {
        let fee = tx.auth.fee.clone().unwrap_or_default();
        let payer = tx.signers.first().cloned().unwrap_or_default();
        if !fee.granter.is_empty() || (!fee.payer.is_empty() && fee.payer != payer) {
            return Err(Fault::invalid_request(
                "fees are paid by the first signer; grants are not known in this simulation",
            ));
        }
        let amount = read_coins(&fee.amount)?;
        if mode == Mode::Simulate {
            return Ok(Vec::new());
        }
        if fee.gas_limit == 0 || fee.gas_limit > self.limits.max_gas {
            return Err(Fault::invalid_request(format!("gas limit must be between 1 and {}", self.limits.max_gas)));
        }
        let required = u128::from(fee.gas_limit).saturating_mul(self.limits.gas_price).div_ceil(Limits::GAS_PRICE_BASE);
        let paid = amount.iter().find(|coin| coin.denom == self.fee_denom).map_or(0, |coin| coin.amount.u128());
        if paid < required {
            return Err(Fault::insufficient_fee(format!(
                "insufficient fees; got: {} required: {required}{}",
                show_coins(&amount),
                self.fee_denom
            )));
        }
        if accounts::find(self.app.storage(), &payer).is_none() {
            return Err(Fault::unknown_address(format!("fee payer address: {payer} does not exist")));
        }
        if !amount.is_empty() {
            self.move_coins(&payer, &accounts::module_address(FEE_COLLECTOR)?, &amount)?;
        }
        let shown = show_coins(&amount);
        Ok(vec![event("tx", &[("fee", shown.as_str()), ("fee_payer", payer.as_str())])])
    }

    /// Moves native coins between accounts.
    pub(super) fn move_coins(
        &mut self,
        from: &str,
        to: &str,
        amount: &[Coin],
    ) -> Result<cw_multi_test::AppResponse, Fault> {
        for coin in amount {
            let held = self.balance(from, &coin.denom);
            if held < coin.amount.u128() {
                return Err(Fault::insufficient_funds(format!(
                    "spendable balance {held}{} is smaller than {}{}",
                    coin.denom, coin.amount, coin.denom
                )));
            }
        }
        let message = BankMsg::Send { to_address: to.to_owned(), amount: amount.to_vec() };
        self.app
            .execute(cosmwasm_std::Addr::unchecked(from), message.into())
            .map_err(|error| Fault::insufficient_funds(error.root_cause()))
    }

    fn check_signature(&mut self, tx: &DecodedTx, index: usize, signer: &str, mode: Mode) -> Result<Event, Fault> {
        let mut account = accounts::find(self.app.storage(), signer)
            .ok_or_else(|| Fault::unknown_address(format!("account {signer} does not exist")))?;
        let missing = || Fault::unauthorized("a signer has no signer info");
        let info = tx.auth.signer_infos.get(index).ok_or_else(missing)?;
        let given = tx.raw.signatures.get(index).ok_or_else(missing)?;
        // Transactions that wait have used sequences up which the state does not show yet.
        let waiting = match mode {
            Mode::Deliver => 0,
            Mode::Check | Mode::Simulate => self.waiting_of(signer),
        };
        let expected = account.sequence.saturating_add(waiting);
        if info.sequence != expected {
            return Err(Fault::wrong_sequence(format!(
                "account sequence mismatch, expected {expected}, got {}",
                info.sequence
            )));
        }
        let key = match (&info.public_key, &account.pub_key) {
            (Some(any), _) => Some(signature::read_key(any)?),
            (None, Some(any)) => Some(signature::read_key(any)?),
            (None, None) if mode == Mode::Simulate => None,
            (None, None) => {
                return Err(Fault::invalid_pubkey("the account's key is not known yet and the signer gives none"));
            }
        };
        if let Some(key) = key {
            if signature::address_of(&key, BECH32_PREFIX)? != signer {
                return Err(Fault::invalid_pubkey(format!("pubKey does not match signer address {signer}")));
            }
            if mode != Mode::Simulate {
                let binding =
                    Binding { chain_id: &self.chain_id, account_number: account.account_number, sequence: expected };
                signature::verify(tx, info, &key, given, &binding)?;
            }
            let known = PubKey { key: key.to_vec() };
            account.pub_key = Any::from_msg(&known).ok();
        }
        account.sequence = account.sequence.saturating_add(1);
        accounts::save(self.app.storage_mut(), &account);
        let shown = format!("{signer}/{expected}");
        Ok(event("tx", &[("acc_seq", shown.as_str())]))
    }
}
