//! Batched multi-LoRA generation on ONNX Runtime.
