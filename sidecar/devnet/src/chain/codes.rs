//! Stored codes. Wasm cannot run here: uploaded bytes are recognised and stand for the same contract compiled in.

use std::{borrow::Cow, collections::BTreeMap, fs, io::Read, path::Path};

use cosmwasm_std::{Addr, Checksum, Storage};
use openledger_cosmos_api::cosmwasm::wasm::v1::{AccessConfig, AccessType, CodeInfoResponse, MsgStoreCode};
use prost::Message;
use sha2::{Digest, Sha256};

use super::{Chain, fault::Fault};
use crate::{contracts, error::DevnetError};

const CODE: &[u8] = b"\0\x04wasmcode/";
const NEXT_CODE: &[u8] = b"\0\x04wasmnextcode";
/// Payload that stands for a compiled-in contract where no wasm was built: `native:<name>`.
const PLACEHOLDER: &str = "native:";

/// Largest wasm, unpacked, as in wasmd.
const MAX_WASM: u64 = 800 * 1024;
/// How gzip begins.
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];

/// Which checksum stands for which compiled-in contract.
#[derive(Clone, Default)]
pub struct Artifacts(BTreeMap<[u8; 32], String>);

impl Artifacts {
    /// Reads a `checksums.txt`: lines of `<sha256 hex>  <name>.wasm`. Unknown names are left out.
    ///
    /// # Errors
    /// [`DevnetError::Artifacts`] when the file cannot be read or has other lines.
    pub fn read(path: &Path) -> Result<Self, DevnetError> {
        let failed = |reason: String| DevnetError::Artifacts { path: path.to_owned(), reason };
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let mut table = BTreeMap::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (digest, file) = line
                .split_once(char::is_whitespace)
                .ok_or_else(|| failed(format!("{line:?} is not a checksum and a name")))?;
            let mut bytes = [0; 32];
            hex::decode_to_slice(digest, &mut bytes)
                .map_err(|_| failed(format!("{digest:?} is not a SHA-256 in hex")))?;
            let file = file.trim().trim_start_matches('*');
            let name = file.rsplit('/').next().unwrap_or(file);
            let name = name.strip_suffix(".wasm").unwrap_or(name).replace('_', "-");
            if contracts::native(&name).is_some() {
                table.insert(bytes, name);
            }
        }
        Ok(Self(table))
    }

    fn recognise(&self, payload: &[u8]) -> Result<(String, [u8; 32]), Fault> {
        let checksum: [u8; 32] = Sha256::digest(payload).into();
        if let Some(name) = self.0.get(&checksum) {
            return Ok((name.clone(), checksum));
        }
        let placeholder = std::str::from_utf8(payload).ok().and_then(|text| text.strip_prefix(PLACEHOLDER));
        match placeholder {
            Some(name) if contracts::native(name).is_some() => Ok((name.to_owned(), checksum)),
            Some(name) => Err(Fault::create_failed(format!(
                "no contract {:?} is compiled in; there are {}",
                name.chars().take(64).collect::<String>(),
                contracts::NAMES.join(", ")
            ))),
            None => Err(Fault::create_failed(format!(
                "this simulation cannot run wasm and checksum {} stands for no compiled-in contract; \
                 upload an artifact listed in checksums.txt, or {PLACEHOLDER}<name>",
                hex::encode(checksum)
            ))),
        }
    }
}

/// A code that becomes usable when its transaction succeeds.
pub struct PendingCode {
    code_id: u64,
    creator: String,
    name: String,
    checksum: [u8; 32],
    payload: Vec<u8>,
}

impl Chain {
    /// Records an uploaded code under the next number.
    pub(super) fn store_code(&mut self, msg: &MsgStoreCode) -> Result<(u64, [u8; 32]), Fault> {
        if let Some(access) = &msg.instantiate_permission
            && access.permission() != AccessType::Everybody
        {
            return Err(Fault::create_failed("only codes that everybody may instantiate are known in this simulation"));
        }
        let payload = unpack(&msg.wasm_byte_code)?;
        let (name, checksum) = self.artifacts.recognise(&payload)?;
        let state = self.app.storage_mut();
        let code_id = next_code(state);
        state.set(NEXT_CODE, &code_id.saturating_add(1).to_be_bytes());
        let info = CodeInfoResponse {
            code_id,
            creator: msg.sender.clone(),
            data_hash: checksum.to_vec(),
            instantiate_permission: Some(AccessConfig {
                permission: AccessType::Everybody.into(),
                addresses: Vec::new(),
            }),
        };
        state.set(&code_key(code_id), &info.encode_to_vec());
        self.pending_codes.push(PendingCode {
            code_id,
            creator: msg.sender.clone(),
            name,
            checksum,
            payload: payload.into_owned(),
        });
        Ok((code_id, checksum))
    }

    /// Makes the codes of a successful transaction usable.
    pub(super) fn register_codes(&mut self) -> Result<(), Fault> {
        for code in std::mem::take(&mut self.pending_codes) {
            let build = contracts::native(&code.name)
                .ok_or_else(|| Fault::panicked(format!("contract {} is missing", code.name)))?;
            self.app
                .store_code_with_id(Addr::unchecked(code.creator), code.code_id, build(Checksum::from(code.checksum)))
                .map_err(|error| Fault::panicked(error.root_cause()))?;
            self.code_bytes.insert(code.code_id, code.payload.into());
        }
        Ok(())
    }

    /// A stored code's record.
    pub(crate) fn code_info(&self, code_id: u64) -> Option<CodeInfoResponse> {
        let bytes = self.app.storage().get(&code_key(code_id))?;
        CodeInfoResponse::decode(bytes.as_slice()).ok()
    }

    /// The highest code number in use; zero for none.
    pub(crate) fn last_code_id(&self) -> u64 {
        next_code(self.app.storage()).saturating_sub(1)
    }
}

/// The code as it is hashed: clients may send it in gzip.
fn unpack(code: &[u8]) -> Result<Cow<'_, [u8]>, Fault> {
    let mut unpacked = Vec::new();
    let code = if code.starts_with(&GZIP) {
        flate2::read::GzDecoder::new(code)
            .take(MAX_WASM.saturating_add(1))
            .read_to_end(&mut unpacked)
            .map_err(|error| Fault::create_failed(format!("gzip: {error}")))?;
        Cow::Owned(unpacked)
    } else {
        Cow::Borrowed(code)
    };
    match u64::try_from(code.len()) {
        Ok(1..=MAX_WASM) => Ok(code),
        _ => Err(Fault::create_failed(format!("code must have 1 to {MAX_WASM} bytes"))),
    }
}

fn next_code(state: &dyn Storage) -> u64 {
    state.get(NEXT_CODE).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()).map_or(1, u64::from_be_bytes)
}

fn code_key(code_id: u64) -> Vec<u8> {
    [CODE, &code_id.to_be_bytes()].concat()
}

impl Chain {
    /// The addresses of a code's contracts, sorted.
    pub(crate) fn contracts_of(&self, code_id: u64) -> Vec<String> {
        const CONTRACTS: cw_storage_plus::Map<&Addr, cw_multi_test::ContractData> =
            cw_storage_plus::Map::new("contracts");
        let storage = self.app.prefixed_storage(b"wasm");
        CONTRACTS
            .range(storage.as_ref(), None, None, cosmwasm_std::Order::Ascending)
            .filter_map(Result::ok)
            .filter(|(_, data)| data.code_id == code_id)
            .map(|(address, _)| address.into_string())
            .collect()
    }
}
