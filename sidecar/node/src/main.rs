//! The `openledger` program.

use std::process::ExitCode;

use clap::Parser;
use openledger_node::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
