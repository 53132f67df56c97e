//! Generates the transcript's messages from `proto/` with a pure Rust protobuf compiler.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto/transcript.proto");
    let descriptors = protox::compile(["proto/transcript.proto"], ["proto"])?;
    prost_build::Config::new().compile_fds(descriptors)?;
    Ok(())
}
