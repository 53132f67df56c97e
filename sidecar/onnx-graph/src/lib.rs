//! ONNX models as data: read, check, transform, differentiate, write.
//!
//! No runtime is involved: a model is a protobuf message, and a transformation is a function
//! from one checked model to another whose bytes can be hashed.

pub mod build;
mod error;
mod external;
pub mod grad;
mod inject;
mod model;
mod nbits;
pub mod proto;
mod sites;
mod tensor;
mod validate;

pub use error::GraphError;
pub use external::{ExternalRange, external_range};
pub use inject::{
    LORA_DELTA, LoraForm, LoraSite, OPERATOR_DOMAIN, OPERATOR_DOMAIN_VERSION, PART_WIDTHS, ROW_SLOTS, SITE, SlotInputs,
    inject_lora,
};
pub use model::{LoadLimits, Model};
pub use prost::Message;
pub use sites::{AttentionShape, LinearSite, SitePart, Sites, find_sites};
pub use tensor::{byte_size, element, element_bits, element_count};
