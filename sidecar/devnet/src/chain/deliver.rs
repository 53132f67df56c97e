//! Running transactions: the fee and the sequence stay, the messages happen all or not at all.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cosmwasm_std::{Addr, Binary, CosmosMsg, WasmMsg};
use cw_multi_test::{AppResponse, Executor, SudoMsg, WasmSudo};
use openledger_cosmos_api::{
    cosmos::{bank::v1beta1::MsgSendResponse, base::abci::v1beta1::TxMsgData},
    cosmwasm::wasm::v1::{
        MsgClearAdminResponse, MsgExecuteContractResponse, MsgInstantiateContract2Response,
        MsgInstantiateContractResponse, MsgMigrateContractResponse, MsgStoreCodeResponse, MsgSudoContractResponse,
        MsgUpdateAdminResponse,
    },
    tendermint::abci::Event,
};
use prost::{Message, Name};
use prost_types::Any;

use super::{
    Chain,
    accounts::{self, GOV},
    ante::Mode,
    decode::{Action, DecodedTx, read_coins},
    events::{event, of_message},
    fault::Fault,
    limits::Limits,
};

/// Longest label of a contract, as in wasmd.
const MAX_LABEL: usize = 128;
/// Longest salt of a predictable address, as in wasmd.
const MAX_SALT: usize = 64;

/// What a transaction did.
#[derive(Clone, Debug, Default)]
pub struct TxResult {
    /// Zero on success.
    pub code: u32,
    pub codespace: String,
    pub log: String,
    /// `TxMsgData` in protobuf.
    pub data: Vec<u8>,
    pub events: Vec<Event>,
    pub gas_wanted: u64,
    /// An estimate from the transaction's shape; nothing is metered here.
    pub gas_used: u64,
}

impl TxResult {
    fn refused(tx: &DecodedTx, fault: Fault, events: Vec<Event>) -> Self {
        Self {
            code: fault.code,
            codespace: fault.codespace.to_owned(),
            log: fault.log,
            events,
            gas_wanted: gas_wanted(tx),
            ..Self::default()
        }
    }
}

impl Chain {
    /// Runs a transaction in the block under construction.
    pub(super) fn deliver(&mut self, tx: &DecodedTx) -> TxResult {
        let before = self.app.storage().savepoint();
        let events = match self.guarded(|chain| chain.ante(tx, Mode::Deliver)) {
            Ok(events) => events,
            Err(fault) => {
                self.app.storage_mut().rollback(before);
                return TxResult::refused(tx, fault, Vec::new());
            }
        };
        let paid = self.app.storage().savepoint();
        match self.guarded(|chain| chain.run_messages(tx)) {
            Ok((data, done)) => TxResult {
                data,
                events: [events, done].concat(),
                gas_wanted: gas_wanted(tx),
                gas_used: gas_estimate(tx).min(gas_wanted(tx)),
                ..TxResult::default()
            },
            Err(fault) => {
                self.app.storage_mut().rollback(paid);
                self.pending_codes.clear();
                TxResult { gas_used: gas_estimate(tx).min(gas_wanted(tx)), ..TxResult::refused(tx, fault, events) }
            }
        }
    }

    /// Runs a transaction as if it were next, and forgets it. Nothing is metered: the gas is
    /// [`Limits::gas_estimate`].
    pub(crate) fn simulate(&mut self, tx: &DecodedTx) -> Result<TxResult, Fault> {
        let before = self.app.storage().savepoint();
        let block = self.app.block_info();
        let mut next = block.clone();
        next.height = next.height.saturating_add(1);
        next.time = cosmwasm_std::Timestamp::from_nanos(self.next_time_ns());
        self.app.set_block(next);
        let outcome = self.guarded(|chain| chain.ante(tx, Mode::Simulate)).and_then(|events| {
            let (data, done) = self.guarded(|chain| chain.run_messages_only(tx))?;
            Ok((data, [events, done].concat()))
        });
        self.pending_codes.clear();
        self.app.set_block(block);
        self.app.storage_mut().rollback(before);
        let (data, events) = outcome?;
        Ok(TxResult { data, events, gas_wanted: gas_wanted(tx), gas_used: gas_estimate(tx), ..TxResult::default() })
    }

    /// Checks a transaction for the waiting list; the state stays as it was.
    pub(super) fn check(&mut self, tx: &DecodedTx) -> Result<(), Fault> {
        let before = self.app.storage().savepoint();
        let outcome = self.guarded(|chain| chain.ante(tx, Mode::Check));
        self.app.storage_mut().rollback(before);
        outcome.map(drop)
    }

    /// Turns a panic below (multi-test panics where it knows no answer) into a fault. The caller rolls back.
    pub(crate) fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|cause| {
            let text = cause
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| cause.downcast_ref::<&str>().copied())
                .unwrap_or("no text");
            let text: String = text.chars().take(512).collect();
            tracing::error!(text, "the simulation panicked; the transaction or query is refused");
            Err(Fault::panicked(text))
        })
    }

    fn run_messages(&mut self, tx: &DecodedTx) -> Result<(Vec<u8>, Vec<Event>), Fault> {
        let done = self.run_messages_only(tx)?;
        self.register_codes()?;
        Ok(done)
    }

    fn run_messages_only(&mut self, tx: &DecodedTx) -> Result<(Vec<u8>, Vec<Event>), Fault> {
        let mut responses = Vec::with_capacity(tx.actions.len());
        let mut events = Vec::new();
        for (index, action) in tx.actions.iter().enumerate() {
            let number = index.to_string();
            events.push(event(
                "message",
                &[
                    ("action", action.type_url().as_str()),
                    ("sender", action.signer()),
                    ("module", action.module()),
                    ("msg_index", number.as_str()),
                ],
            ));
            let (response, done) = self.run(action).map_err(|fault| fault.at_message(index))?;
            self.open_accounts(&done);
            events.extend(done.iter().map(|source| of_message(source, index)));
            responses.push(response);
        }
        let data = TxMsgData { msg_responses: responses };
        Ok((data.encode_to_vec(), events))
    }

    /// Whoever is paid native coins has an account from then on, as on the real chain.
    fn open_accounts(&mut self, events: &[cosmwasm_std::Event]) {
        let paid = events
            .iter()
            .filter(|event| event.ty == "transfer")
            .flat_map(|event| &event.attributes)
            .filter(|pair| pair.key == "recipient");
        for pair in paid {
            if accounts::check_address(&pair.value).is_ok() {
                accounts::ensure(self.app.storage_mut(), &pair.value);
            }
        }
    }

    fn run(&mut self, action: &Action) -> Result<(Any, Vec<cosmwasm_std::Event>), Fault> {
        match action {
            Action::Send(msg) => {
                accounts::check_address(&msg.to_address)?;
                let amount = read_coins(&msg.amount)?;
                if amount.is_empty() {
                    return Err(Fault::invalid_coins("nothing to send"));
                }
                let done = self.move_coins(&msg.from_address, &msg.to_address, &amount)?;
                Ok((packed(&MsgSendResponse {})?, done.events))
            }
            Action::Store(msg) => {
                let (code_id, checksum) = self.store_code(msg)?;
                let stored = cosmwasm_std::Event::new("store_code")
                    .add_attribute("code_checksum", hex::encode(checksum))
                    .add_attribute("code_id", code_id.to_string());
                let response = MsgStoreCodeResponse { code_id, checksum: checksum.to_vec() };
                Ok((packed(&response)?, vec![stored]))
            }
            Action::Instantiate(msg) => {
                let message = WasmMsg::Instantiate {
                    admin: self.checked_admin(&msg.admin)?,
                    code_id: self.checked_code(msg.code_id)?,
                    msg: checked_json(&msg.msg)?,
                    funds: read_coins(&msg.funds)?,
                    label: checked_label(&msg.label)?,
                };
                let done = self.wasm(&msg.sender, message, Fault::instantiate_failed)?;
                Ok(answered::<MsgInstantiateContractResponse>(done))
            }
            Action::Instantiate2(msg) => {
                if msg.fix_msg {
                    return Err(Fault::invalid_request("fix_msg is not known in this simulation"));
                }
                if msg.salt.is_empty() || msg.salt.len() > MAX_SALT {
                    return Err(Fault::invalid_request("salt must have 1 to 64 bytes"));
                }
                let message = WasmMsg::Instantiate2 {
                    admin: self.checked_admin(&msg.admin)?,
                    code_id: self.checked_code(msg.code_id)?,
                    msg: checked_json(&msg.msg)?,
                    funds: read_coins(&msg.funds)?,
                    label: checked_label(&msg.label)?,
                    salt: Binary::from(msg.salt.as_slice()),
                };
                let done = self.wasm(&msg.sender, message, Fault::instantiate_failed)?;
                Ok(answered::<MsgInstantiateContract2Response>(done))
            }
            Action::Execute(msg) => {
                self.checked_contract(&msg.contract)?;
                let message = WasmMsg::Execute {
                    contract_addr: msg.contract.clone(),
                    msg: checked_json(&msg.msg)?,
                    funds: read_coins(&msg.funds)?,
                };
                let done = self.wasm(&msg.sender, message, Fault::execute_failed)?;
                Ok(answered::<MsgExecuteContractResponse>(done))
            }
            Action::Migrate(msg) => {
                self.checked_contract(&msg.contract)?;
                let message = WasmMsg::Migrate {
                    contract_addr: msg.contract.clone(),
                    new_code_id: self.checked_code(msg.code_id)?,
                    msg: checked_json(&msg.msg)?,
                };
                let done = self.wasm(&msg.sender, message, Fault::migrate_failed)?;
                Ok(answered::<MsgMigrateContractResponse>(done))
            }
            Action::UpdateAdmin(msg) => {
                self.checked_contract(&msg.contract)?;
                accounts::check_address(&msg.new_admin)?;
                let message =
                    WasmMsg::UpdateAdmin { contract_addr: msg.contract.clone(), admin: msg.new_admin.clone() };
                let done = self.wasm(&msg.sender, message, Fault::unauthorized)?;
                Ok(answered::<MsgUpdateAdminResponse>(done))
            }
            Action::ClearAdmin(msg) => {
                self.checked_contract(&msg.contract)?;
                let message = WasmMsg::ClearAdmin { contract_addr: msg.contract.clone() };
                let done = self.wasm(&msg.sender, message, Fault::unauthorized)?;
                Ok(answered::<MsgClearAdminResponse>(done))
            }
            // Nobody holds the gov account's key and this chain has no votes, so only simulations get here.
            Action::Sudo(msg) => {
                let gov = accounts::module_address(GOV)?;
                if msg.authority != gov {
                    return Err(Fault::unauthorized(format!("expected authority {gov}, got {}", msg.authority)));
                }
                self.checked_contract(&msg.contract)?;
                let message = SudoMsg::Wasm(WasmSudo {
                    contract_addr: Addr::unchecked(&msg.contract),
                    message: checked_json(&msg.msg)?,
                });
                let done = self.app.sudo(message).map_err(|error| Fault::execute_failed(cause_of(&error)))?;
                Ok(answered::<MsgSudoContractResponse>(done))
            }
        }
    }

    fn wasm(&mut self, sender: &str, message: WasmMsg, refused: fn(String) -> Fault) -> Result<AppResponse, Fault> {
        self.app.execute(Addr::unchecked(sender), CosmosMsg::Wasm(message)).map_err(|error| refused(cause_of(&error)))
    }

    fn checked_contract(&self, address: &str) -> Result<(), Fault> {
        accounts::check_address(address)?;
        match self.app.contract_data(&Addr::unchecked(address)) {
            Ok(_) => Ok(()),
            Err(_) => Err(Fault::no_such_contract(format!("address {address}"))),
        }
    }

    fn checked_admin(&self, admin: &str) -> Result<Option<String>, Fault> {
        if admin.is_empty() {
            return Ok(None);
        }
        accounts::check_address(admin)?;
        Ok(Some(admin.to_owned()))
    }

    fn checked_code(&self, code_id: u64) -> Result<u64, Fault> {
        match self.code_info(code_id) {
            Some(_) => Ok(code_id),
            None => Err(Fault::no_such_code(format!("code id {code_id}"))),
        }
    }
}

/// A contract's own words out of multi-test's chain of contexts.
pub fn cause_of(error: &cw_multi_test::error::AnyError) -> String {
    const CONTEXT: &str = "Error executing WasmMsg:";
    error
        .chain()
        .map(ToString::to_string)
        .find(|text| !text.starts_with(CONTEXT))
        .unwrap_or_else(|| error.root_cause().to_string())
}

fn answered<M: Name>(done: AppResponse) -> (Any, Vec<cosmwasm_std::Event>) {
    let response = Any { type_url: M::type_url(), value: done.data.unwrap_or_default().into() };
    (response, done.events)
}

fn packed<M: Name>(message: &M) -> Result<Any, Fault> {
    Any::from_msg(message).map_err(Fault::panicked)
}

fn checked_json(msg: &[u8]) -> Result<Binary, Fault> {
    serde_json::from_slice::<serde::de::IgnoredAny>(msg)
        .map_err(|error| Fault::invalid_request(format!("contract message is not JSON: {error}")))?;
    Ok(Binary::from(msg))
}

fn checked_label(label: &str) -> Result<String, Fault> {
    if label.is_empty() || label.len() > MAX_LABEL || label.trim() != label {
        return Err(Fault::invalid_request("label must have 1 to 128 bytes without white space around"));
    }
    Ok(label.to_owned())
}

fn gas_wanted(tx: &DecodedTx) -> u64 {
    tx.auth.fee.as_ref().map_or(0, |fee| fee.gas_limit)
}

fn gas_estimate(tx: &DecodedTx) -> u64 {
    Limits::gas_estimate(tx.actions.len(), tx.bytes.len())
}
