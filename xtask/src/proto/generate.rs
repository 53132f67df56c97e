//! From proto/ to Rust: parsed by protox, written by prost-build; no protoc on the machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use prost_build::Module;
use protox::prost::Message;

use crate::process::Step;

/// The package whose messages the protocol crate carries. Services are generated where they are served.
const PACKAGE: &str = "openledger.protocol.v1";

/// The whole proto/ module with comments, for reflection and for other languages.
const DESCRIPTORS: &str = "openledger.binpb";

/// File names and contents of everything generated from the folder `proto`.
pub fn all(proto: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut sources = Vec::new();
    collect(proto, &mut sources)?;
    if sources.is_empty() {
        bail!("no .proto file below {}", proto.display());
    }
    sources.sort();
    let descriptors = protox::Compiler::new([proto])
        .and_then(|mut compiler| {
            compiler.include_imports(true).include_source_info(true).open_files(&sources)?;
            Ok(compiler.encode_file_descriptor_set())
        })
        .map_err(|error| anyhow::anyhow!("{error:?}"))
        .context("proto/ does not compile\n  what to do: mend the file and line named below")?;

    let set = prost_types::FileDescriptorSet::decode(descriptors.as_slice())?;
    let requests: Vec<_> = set
        .file
        .into_iter()
        .filter(|file| file.package() == PACKAGE)
        .map(|file| (Module::from_protobuf_package_name(file.package()), file))
        .collect();
    let mut config = prost_build::Config::new();
    config.btree_map(["."]);
    let modules = config.generate(requests).context("prost-build cannot write these messages")?;

    let mut files = BTreeMap::new();
    files.insert(DESCRIPTORS.to_owned(), descriptors);
    for code in modules.into_values() {
        files.insert(format!("{PACKAGE}.rs"), formatted(&code)?.into_bytes());
    }
    Ok(files)
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            into.push(path);
        }
    }
    Ok(())
}

/// The repository's own style, so that `cargo fmt` leaves the file alone.
fn formatted(code: &str) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("generated.rs");
    fs::write(
        &path,
        format!("// Generated from proto/ by `cargo xtask proto`: edit the .proto files instead.\n{code}"),
    )?;
    Step::new("rustfmt", "run `cargo xtask setup`").args(["--edition", "2024"]).arg(&path).silent()?;
    Ok(fs::read_to_string(&path)?)
}
