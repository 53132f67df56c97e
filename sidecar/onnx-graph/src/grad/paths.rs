//! Which nodes a gradient has to pass, told from the graph as it was exported.

use std::collections::HashSet;

use super::{
    GradError,
    prune::reads,
    rules::{has_rule, is_piecewise_constant, no_rule},
    unfuse::is_fused,
};
use crate::proto::NodeProto;

/// Refuses the first node, in graph order, that lies on a path from `sources` and can neither be
/// differentiated nor rewritten. It is named before anything that is missing because of it.
///
/// # Errors
/// [`GradError::NoRule`].
pub(crate) fn refuse_unknown<'g>(
    nodes: impl IntoIterator<Item = &'g NodeProto>,
    sources: impl IntoIterator<Item = &'g str>,
) -> Result<(), GradError> {
    let mut active: HashSet<&str> = sources.into_iter().collect();
    for node in nodes {
        let first = node.output.first().map_or("", String::as_str);
        // A source that a node produces is differentiated by, not through.
        if active.contains(first) || is_piecewise_constant(node) || !reads(node).iter().any(|v| active.contains(v)) {
            continue;
        }
        if !has_rule(node) && !is_fused(node) {
            return Err(no_rule(node));
        }
        active.extend(node.output.iter().map(String::as_str).filter(|output| !output.is_empty()));
    }
    Ok(())
}
