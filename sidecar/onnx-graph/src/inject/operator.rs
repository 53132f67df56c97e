//! The low-rank products as a custom operator.
//!
//! ```text
//! (product [batch, seq, out], x [batch, seq, in], row_slots [batch]) -> LoraDelta -> y [batch, seq, out]
//! ```
//!
//! `y` has the shape of the product, so that the operator can write into its memory. The slots
//! belong to the operator's implementation: the graph names the modules of a site by the index
//! of the first ([`SITE`]) and the columns of each ([`PART_WIDTHS`]).

use super::{Product, ROW_SLOTS};
use crate::{
    GraphError, Model,
    build::{int_attribute, ints_attribute, node},
    proto::{NodeProto, OperatorSetIdProto},
    sites::refuse,
};

/// Domain of the operator.
pub const OPERATOR_DOMAIN: &str = "openlora";
/// Version of the domain.
pub const OPERATOR_DOMAIN_VERSION: i64 = 1;
/// Name of the operator.
pub const LORA_DELTA: &str = "LoraDelta";
/// Attribute: index of the site's first module in the list that the transformation returns.
pub const SITE: &str = "site";
/// Attribute: output columns of the site's modules, in order.
pub const PART_WIDTHS: &str = "part_widths";

/// The node behind one product; `first` is the index of its first module.
pub(super) fn delta(at: &Product<'_>, first: usize) -> Result<NodeProto, GraphError> {
    let number = |value: usize| {
        i64::try_from(value).map_err(|_| refuse(&at.site.node, format!("{value} does not fit an attribute")))
    };
    let name = format!("{}/lora", at.site.node);
    let mut delta = node(LORA_DELTA, &name, &[&at.product, &at.x, ROW_SLOTS], &at.y);
    delta.domain = Some(OPERATOR_DOMAIN.to_owned());
    let widths = at.site.parts.iter().map(|part| number(part.columns.len())).collect::<Result<Vec<_>, _>>()?;
    delta.attribute.push(int_attribute(SITE, number(first)?));
    delta.attribute.push(ints_attribute(PART_WIDTHS, widths));
    Ok(delta)
}

/// Declares that the model uses the domain.
///
/// # Errors
/// [`GraphError::Unsupported`] for a model that has the domain already: its nodes are not ours.
pub(super) fn import_domain(model: &mut Model) -> Result<(), GraphError> {
    let imports = model.opset_import_mut();
    if imports.iter().any(|import| import.domain() == OPERATOR_DOMAIN) {
        return Err(GraphError::Unsupported { what: format!("the operator domain {OPERATOR_DOMAIN}") });
    }
    imports
        .push(OperatorSetIdProto { domain: Some(OPERATOR_DOMAIN.to_owned()), version: Some(OPERATOR_DOMAIN_VERSION) });
    Ok(())
}
