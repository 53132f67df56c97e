//! `devnet`: the main job. Plays the story and relays its exit status.

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::DevnetArgs;
use crate::setup::Ready;
use crate::story::Story;

/// Plays the story on the chain that was asked for.
pub fn run(ready: &Ready, args: &DevnetArgs) -> Result<ExitCode> {
    let story = Story { chain: args.chain, once: args.once, json: args.json };
    let status = story.play(ready)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
