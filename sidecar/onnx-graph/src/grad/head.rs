//! Finding the head: the last product, from hidden states to logits.

use super::{graph::GraphBuilder, prune::needed};
use crate::{Sites, proto::NodeProto, validate::plain_domain};

/// The head's node, when it is a plain product with a matrix that no LoRA factor reaches.
///
/// Then the positions that do not count can be left out before it. Otherwise (a cap on the logits, a scale)
/// `None`, and they are left out after it.
pub(super) fn find<'n>(
    nodes: &[&'n NodeProto],
    all: &[NodeProto],
    logits: &str,
    sites: &Sites,
) -> Option<&'n NodeProto> {
    let head = nodes.iter().copied().find(|node| node.output.iter().any(|output| output == logits))?;
    let plain = head.op_type() == "MatMul" && plain_domain(head.domain()).is_empty() && head.output.len() == 1;
    let read_by_others = nodes.iter().any(|node| super::prune::reads(node).contains(&logits));
    let weight = head.input.get(1)?;
    let at_site = |node: &&NodeProto| sites.linear.iter().any(|site| site.node == node.name());
    let frozen = !needed(all, [weight.as_str()]).iter().any(at_site);
    (plain && !read_by_others && frozen && !at_site(&head)).then_some(head)
}

/// The head's weight, when the graph knows it for a matrix.
pub(super) fn weight<'n>(graph: &GraphBuilder, head: &'n NodeProto) -> Option<&'n str> {
    let weight = head.input.get(1)?;
    graph.shape(weight).is_some_and(|shape| shape.len() == 2).then_some(weight.as_str())
}
