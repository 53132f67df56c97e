//! Generates the ONNX structs from `proto/onnx.proto` with a pure Rust protobuf compiler.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto/onnx.proto");
    let descriptors = protox::compile(["proto/onnx.proto"], ["proto"])?;
    let mut config = prost_build::Config::new();
    // Weights stay slices of the file that was read.
    config.bytes([".onnx.TensorProto.raw_data"]);
    config.compile_fds(descriptors)?;
    Ok(())
}
