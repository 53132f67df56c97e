//! ONNX models as data: read, check, transform, differentiate, write.
//!
//! No runtime is involved: a model is a protobuf message, and a transformation is a function
//! from one checked model to another whose bytes can be hashed.

pub mod build;
mod domain;
mod error;
mod external;
pub mod grad;
mod head;
mod inject;
mod model;
mod nbits;
mod paged;
pub mod proto;
mod sites;
mod tensor;
mod validate;

pub use domain::{OPERATOR_DOMAIN, OPERATOR_DOMAIN_VERSION};
pub use error::GraphError;
pub use external::{ExternalRange, external_range};
pub use head::{LOGIT_ROWS, choose_logits};
pub use inject::{LORA_DELTA, LoraForm, LoraSite, PART_WIDTHS, ROW_SLOTS, SITE, SlotInputs, inject_lora};
pub use model::{LoadLimits, Model};
pub use paged::{
    ATTENTION_SCALE, ATTENTION_SOFTCAP, ATTENTION_WINDOW, DO_ROTARY, HEAD_SIZE, HEADS, KV_HEADS, LAYER,
    PAGED_ATTENTION, PagedGraph, PagedOptions, ROTARY_INTERLEAVED, page_attention,
};
pub use prost::Message;
pub use sites::{AttentionShape, LinearSite, SitePart, Sites, find_sites};
pub use tensor::{byte_size, element, element_bits, element_count};
