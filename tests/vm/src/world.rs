//! A few contracts that call and ask each other. Every call runs in a fresh instance, as on a chain.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use cosmwasm_std::{
    Addr, Binary, Checksum, ContractResult, CosmosMsg, Empty, Env, MessageInfo, Order, ReplyOn, Response, SystemError,
    SystemResult, Timestamp, WasmMsg,
};
use cosmwasm_vm::testing::{MockApi, MockStorage, mock_env};
use cosmwasm_vm::{
    Backend, Cache, CacheOptions, Instance, InstanceOptions, Size, Storage, call_execute, call_instantiate, call_query,
    capabilities_from_csv,
};
use serde_json::Value;

use crate::artifacts;
use crate::sight::Sight;

/// Far above a block's, so that no test runs into it; a pairing alone is above the machine's own default.
const GAS_LIMIT: u64 = 1_000_000_000_000;
/// What a chain gives an instance.
const MEMORY: Size = Size::mebi(32);

type Vm = Cache<MockApi, MockStorage, Sight>;
type Run = Instance<MockApi, MockStorage, Sight>;

/// What is called.
enum Entry {
    Instantiate,
    Execute,
}

/// The contracts and the machine.
pub(crate) struct Inner {
    vm: Vm,
    contracts: RefCell<BTreeMap<String, Contract>>,
    now: Cell<u64>,
}

struct Contract {
    code: Checksum,
    /// Away while the contract runs.
    storage: Option<MockStorage>,
}

/// A chain without anything but contracts.
pub struct World {
    inner: Rc<Inner>,
    codes: BTreeMap<String, Checksum>,
    made: u64,
    _folder: tempfile::TempDir,
}

/// What a transaction did.
#[derive(Debug, Default)]
pub struct Done {
    /// What all calls and queries in it took, in the machine's unit.
    pub gas: u64,
    /// Events in order, with their attributes.
    pub events: Vec<(String, Vec<(String, String)>)>,
}

impl Done {
    /// The value of an attribute of one of our events.
    pub fn of(&self, event: &str, key: &str) -> &str {
        let found = self.events.iter().find(|(kind, _)| kind == event);
        let (_, attributes) = found.unwrap_or_else(|| panic!("no event {event} in {self:?}"));
        let value = attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        value.unwrap_or_else(|| panic!("no {key} in {event}"))
    }
}

impl World {
    /// Without contracts, at a round second.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let capabilities = capabilities_from_csv(artifacts::CAPABILITIES);
        let options = CacheOptions::new(folder.path(), capabilities, Size::mebi(200), MEMORY);
        // SAFETY: nobody else uses the new folder.
        let vm = unsafe { Vm::new(options) }.expect("a machine");
        let inner = Inner { vm, contracts: RefCell::default(), now: Cell::new(1_800_000_000) };
        Self { inner: Rc::new(inner), codes: BTreeMap::new(), made: 0, _folder: folder }
    }

    /// Seconds since 1970.
    pub fn now(&self) -> u64 {
        self.inner.now.get()
    }

    /// What contracts see as the chain's id.
    pub fn chain_id(&self) -> String {
        mock_env().block.chain_id
    }

    /// Lets time pass.
    pub fn wait(&self, seconds: u64) {
        self.inner.now.set(self.now() + seconds);
    }

    /// The address of an account by name.
    pub fn account(&self, name: &str) -> String {
        MockApi::default().addr_make(name)
    }

    /// Stores bytes with all of the machine's checks.
    pub fn store(&self, wasm: &[u8]) -> Result<Checksum, String> {
        self.inner.vm.store_code(wasm, true, true).map_err(|error| error.to_string())
    }

    /// Creates a contract from its artifact. Returns its address as well.
    pub fn instantiate(&mut self, name: &str, sender: &str, msg: &Value) -> Result<(String, Done), String> {
        let code = match self.codes.get(name) {
            Some(code) => *code,
            None => self.store(&artifacts::one(name))?,
        };
        self.codes.insert(name.to_owned(), code);
        self.made += 1;
        let address = self.account(&format!("{name} {}", self.made));
        let contract = Contract { code, storage: Some(MockStorage::new()) };
        self.inner.contracts.borrow_mut().insert(address.clone(), contract);
        let msg = msg.to_string();
        let done =
            self.transaction(|inner, done| inner.call(Entry::Instantiate, &address, sender, msg.as_bytes(), done));
        if done.is_err() {
            self.inner.contracts.borrow_mut().remove(&address);
        }
        done.map(|done| (address, done))
    }

    /// Calls a contract, and whatever that calls.
    pub fn execute(&mut self, contract: &str, sender: &str, msg: &Value) -> Result<Done, String> {
        let msg = msg.to_string();
        self.transaction(|inner, done| inner.call(Entry::Execute, contract, sender, msg.as_bytes(), done))
    }

    /// Asks a contract.
    pub fn query(&self, contract: &str, msg: &Value) -> Result<Value, String> {
        match self.inner.ask(contract, msg.to_string().as_bytes(), GAS_LIMIT) {
            (SystemResult::Ok(ContractResult::Ok(answer)), _) => {
                serde_json::from_slice(&answer).map_err(|error| error.to_string())
            }
            (SystemResult::Ok(ContractResult::Err(refusal)), _) => Err(refusal),
            (SystemResult::Err(error), _) => Err(error.to_string()),
        }
    }

    /// All or nothing.
    fn transaction(&self, run: impl FnOnce(&Rc<Inner>, &mut Done) -> Result<(), String>) -> Result<Done, String> {
        let before = self.inner.copies();
        let mut done = Done::default();
        match run(&self.inner, &mut done) {
            Ok(()) => Ok(done),
            Err(refusal) => {
                self.inner.restore(before);
                Err(refusal)
            }
        }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl Inner {
    /// Runs one call in an instance of its own, then what it asks to be called.
    fn call(
        self: &Rc<Self>,
        entry: Entry,
        contract: &str,
        sender: &str,
        msg: &[u8],
        done: &mut Done,
    ) -> Result<(), String> {
        let info = MessageInfo { sender: Addr::unchecked(sender), funds: Vec::new() };
        let (outcome, gas) = self.run(contract, GAS_LIMIT, |run, env| match entry {
            Entry::Instantiate => call_instantiate(run, env, &info, msg),
            Entry::Execute => call_execute(run, env, &info, msg),
        })?;
        done.gas += gas;
        let response: Response<Empty> = outcome.map_err(|error| error.to_string())?.into_result()?;
        let pairs = |attributes: Vec<cosmwasm_std::Attribute>| {
            attributes.into_iter().map(|attribute| (attribute.key, attribute.value)).collect()
        };
        if !response.attributes.is_empty() {
            done.events.push(("wasm".to_owned(), pairs(response.attributes)));
        }
        done.events.extend(response.events.into_iter().map(|event| (event.ty, pairs(event.attributes))));
        for message in response.messages {
            let CosmosMsg::Wasm(WasmMsg::Execute { contract_addr, msg, funds }) = message.msg else {
                return Err(format!("this world has contracts only, not {:?}", message.msg));
            };
            if message.reply_on != ReplyOn::Never || !funds.is_empty() {
                return Err("this world knows neither replies nor coins".to_owned());
            }
            self.call(Entry::Execute, &contract_addr, contract, &msg, done)?;
        }
        Ok(())
    }

    /// The answer of a contract and what it took.
    pub(crate) fn ask(
        self: &Rc<Self>,
        contract: &str,
        msg: &[u8],
        gas_limit: u64,
    ) -> (SystemResult<ContractResult<Binary>>, u64) {
        match self.run(contract, gas_limit, |run, env| call_query(run, env, msg)) {
            Ok((Ok(answer), gas)) => (SystemResult::Ok(answer), gas),
            Ok((Err(error), gas)) => (SystemResult::Ok(ContractResult::Err(error.to_string())), gas),
            Err(_) => (SystemResult::Err(SystemError::NoSuchContract { addr: contract.to_owned() }), 0),
        }
    }

    /// A contract's raw state.
    pub(crate) fn raw(&self, contract: &str, key: &[u8]) -> SystemResult<ContractResult<Binary>> {
        let contracts = self.contracts.borrow();
        let storage = contracts.get(contract).and_then(|contract| contract.storage.as_ref());
        let Some(storage) = storage else {
            return SystemResult::Err(SystemError::NoSuchContract { addr: contract.to_owned() });
        };
        let value = storage.get(key).0.expect("storage in memory").unwrap_or_default();
        SystemResult::Ok(ContractResult::Ok(value.into()))
    }

    /// Lends an instance of the contract with its state. An error means that there is none, or that it runs already.
    fn run<T>(
        self: &Rc<Self>,
        contract: &str,
        gas_limit: u64,
        work: impl FnOnce(&mut Run, &Env) -> T,
    ) -> Result<(T, u64), String> {
        let lent = self.contracts.borrow_mut().get_mut(contract).and_then(|it| Some((it.code, it.storage.take()?)));
        let (code, storage) = lent.ok_or_else(|| format!("no such contract: {contract}"))?;
        let backend = Backend { api: MockApi::default(), storage, querier: Sight(Rc::clone(self)) };
        let mut instance = self.vm.get_instance(&code, backend, InstanceOptions { gas_limit }).expect("an instance");
        let result = work(&mut instance, &self.env(contract));
        let report = instance.create_gas_report();
        let storage = instance.recycle().expect("a backend").storage;
        if let Some(contract) = self.contracts.borrow_mut().get_mut(contract) {
            contract.storage = Some(storage);
        }
        Ok((result, report.used_internally + report.used_externally))
    }

    fn env(&self, contract: &str) -> Env {
        let mut env = mock_env();
        env.block.time = Timestamp::from_seconds(self.now.get());
        env.contract.address = Addr::unchecked(contract);
        env
    }

    fn copies(&self) -> BTreeMap<String, MockStorage> {
        let mut contracts = self.contracts.borrow_mut();
        let stores = contracts.iter_mut().filter_map(|(address, contract)| Some((address, contract.storage.as_mut()?)));
        stores.map(|(address, storage)| (address.clone(), copy(storage))).collect()
    }

    fn restore(&self, copies: BTreeMap<String, MockStorage>) {
        let mut contracts = self.contracts.borrow_mut();
        for (address, storage) in copies {
            if let Some(contract) = contracts.get_mut(&address) {
                contract.storage = Some(storage);
            }
        }
    }
}

fn copy(storage: &mut MockStorage) -> MockStorage {
    let all = storage.scan(None, None, Order::Ascending).0.expect("storage in memory");
    let mut copy = MockStorage::new();
    for (key, value) in storage.all(all).0.expect("storage in memory") {
        copy.set(&key, &value).0.expect("storage in memory");
    }
    copy
}
