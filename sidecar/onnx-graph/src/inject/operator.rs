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
    GraphError,
    build::{int_attribute, ints_attribute, node},
    domain::OPERATOR_DOMAIN,
    proto::NodeProto,
    sites::refuse,
};

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
