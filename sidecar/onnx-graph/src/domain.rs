//! The domain of our own operators.

use crate::{
    GraphError, Model,
    inject::LORA_DELTA,
    paged::PAGED_ATTENTION,
    proto::{NodeProto, OperatorSetIdProto},
};

/// Domain of the operators that whoever runs the graph provides.
pub const OPERATOR_DOMAIN: &str = "openlora";
/// Version of the domain.
pub const OPERATOR_DOMAIN_VERSION: i64 = 1;

/// Declares that `changed` uses the domain, for nodes of type `added` that `before` did not have.
///
/// # Errors
/// [`GraphError::Unsupported`] for a model that had the domain without our other transformation:
/// its nodes are not ours.
pub(crate) fn import_domain(changed: &mut Model, before: &Model, added: &str) -> Result<(), GraphError> {
    if before.opset(OPERATOR_DOMAIN).is_none() {
        let (domain, version) = (Some(OPERATOR_DOMAIN.to_owned()), Some(OPERATOR_DOMAIN_VERSION));
        changed.opset_import_mut().push(OperatorSetIdProto { domain, version });
        return Ok(());
    }
    let other = |node: &&NodeProto| [LORA_DELTA, PAGED_ATTENTION].contains(&node.op_type()) && node.op_type() != added;
    let mut found = before.graph().node.iter().filter(|node| node.domain() == OPERATOR_DOMAIN).peekable();
    if found.peek().is_some() && found.all(|node| other(&node)) {
        return Ok(());
    }
    Err(GraphError::Unsupported { what: format!("the operator domain {OPERATOR_DOMAIN}") })
}
