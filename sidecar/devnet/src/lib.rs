//! A development simulation of a CosmWasm chain behind the real wire formats.
