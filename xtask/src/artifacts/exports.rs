//! A contract without entry points links, validates and is useless: the validators do not look, so we do.

use anyhow::{Context, Result, bail};

use super::Artifact;

/// What every contract of ours must answer.
const ENTRY_POINTS: [&str; 3] = ["instantiate", "execute", "query"];

/// Id of the export section in the wasm binary format.
const EXPORT_SECTION: u8 = 7;

/// Refuses an artifact that lacks an entry point.
pub fn require(artifact: &Artifact) -> Result<()> {
    let names = names(&artifact.bytes).with_context(|| format!("{} is not a wasm module", artifact.name))?;
    let missing: Vec<_> =
        ENTRY_POINTS.iter().filter(|entry| !names.iter().any(|name| name == *entry)).copied().collect();
    if !missing.is_empty() {
        bail!(
            "{} has no {}\n  \
             what to do: see that the contract's #[entry_point] functions are compiled without the feature `library`",
            artifact.name,
            missing.join(", ")
        );
    }
    Ok(())
}

/// Names of everything a module exports.
fn names(wasm: &[u8]) -> Result<Vec<String>> {
    let mut module = Reader(wasm);
    if module.take(8)? != b"\0asm\x01\0\0\0" {
        bail!("it does not begin like one");
    }
    while !module.0.is_empty() {
        let id = module.byte()?;
        let size = module.number()?;
        let body = module.take(size)?;
        if id == EXPORT_SECTION {
            return exports(Reader(body));
        }
    }
    Ok(Vec::new())
}

fn exports(mut section: Reader<'_>) -> Result<Vec<String>> {
    let count = section.number()?;
    let mut names = Vec::new();
    for _ in 0..count {
        let length = section.number()?;
        let name = section.take(length)?;
        names.push(String::from_utf8_lossy(name).into_owned());
        // What kind of thing, and which one.
        section.byte()?;
        section.number()?;
    }
    Ok(names)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).context("it is cut short")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        self.take(1)?.first().copied().context("it is cut short")
    }

    /// An unsigned LEB128 number of at most 32 bits.
    fn number(&mut self) -> Result<usize> {
        let mut value = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(value).context("a number is too large");
            }
        }
        bail!("a number has too many bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module that exports functions of these names, preceded by an unrelated section.
    fn module(exports: &[&str]) -> Vec<u8> {
        let mut body = vec![exports.len() as u8];
        for name in exports {
            body.push(name.len() as u8);
            body.extend(name.as_bytes());
            body.extend([0, 0]);
        }
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        wasm.extend([0, 3, 1, b'x', 0]);
        wasm.push(EXPORT_SECTION);
        // A two-byte length, as linkers write it.
        wasm.extend([body.len() as u8 | 0x80, 0]);
        wasm.extend(body);
        wasm
    }

    fn artifact(bytes: Vec<u8>) -> Artifact {
        Artifact::new("a.wasm".to_owned(), bytes)
    }

    #[test]
    fn all_entry_points_are_required_by_their_exact_names() {
        let whole = module(&["memory", "instantiate", "execute", "query"]);
        assert!(require(&artifact(whole)).is_ok());
        let error = require(&artifact(module(&["instantiate", "executed", "query"]))).expect_err("execute is missing");
        assert!(error.to_string().starts_with("a.wasm has no execute"));
    }

    #[test]
    fn broken_modules_are_errors() {
        let mut cut = module(&["instantiate", "execute", "query"]);
        cut.truncate(cut.len() - 4);
        assert!(require(&artifact(cut)).is_err());
        assert!(require(&artifact(b"text".to_vec())).is_err());
        assert!(require(&artifact(Vec::new())).is_err());
    }
}
