//! `cargo xtask`: every developer command of the workspace, in Rust, one module per verb.
//!
//! Progress goes to standard error. Standard output carries only what a caller may parse.

mod artifacts;
mod bench;
mod ci;
mod cli;
mod deny;
mod devnet;
mod digest;
mod e2e;
mod economy;
mod gpu;
mod mutants;
mod pins;
mod process;
mod proto;
mod schema;
mod setup;
mod story;
mod test;
mod tool;
mod vm;
mod wasmd;
mod wheel;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
