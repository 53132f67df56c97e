//! `devnet`: the main job. Plays the story and relays its exit status.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::setup::Ready;
use crate::story::{Chain, Story};

/// Flags of `devnet`.
#[derive(Args)]
pub struct DevnetArgs {
    /// Which chain to run on.
    #[arg(long, value_enum, default_value = "embedded")]
    pub chain: Chain,
    /// Exit after the story instead of staying up.
    #[arg(long)]
    pub once: bool,
    /// End standard output with one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Plays the story on the chain that was asked for.
pub fn run(ready: &Ready, args: &DevnetArgs) -> Result<ExitCode> {
    let story = Story { chain: args.chain, once: args.once, json: args.json };
    let status = story.play(ready)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
