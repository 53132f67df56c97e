//! Weights that live in files beside the model.

use std::{
    collections::BTreeMap,
    io::Read,
    path::{Component, Path},
    sync::Arc,
};

use crate::{
    GraphError, LoadLimits,
    proto::{GraphProto, TensorProto, tensor_proto::DataLocation},
    tensor::byte_size,
};

/// Where an external tensor's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalRange {
    /// File name relative to the model folder.
    pub location: String,
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// The external range of a tensor, or `None` when its data is inside the model.
///
/// # Errors
/// [`GraphError::ExternalPath`] for a reference that is absent, malformed or leaves the folder;
/// [`GraphError::Tensor`] when the declared length is not that of the shape.
pub fn external_range(tensor: &TensorProto) -> Result<Option<ExternalRange>, GraphError> {
    if tensor.data_location() != DataLocation::External {
        return Ok(None);
    }
    let entry = |key: &str| tensor.external_data.iter().find(|entry| entry.key() == key).map(|entry| entry.value());
    let location = entry("location").unwrap_or_default().to_owned();
    let refuse = |reason: &str| GraphError::ExternalPath {
        tensor: tensor.name().to_owned(),
        location: location.clone(),
        reason: reason.to_owned(),
    };
    if location.is_empty() {
        return Err(refuse("no file is named"));
    }
    let mut components = Path::new(&location).components();
    if !components.all(|part| matches!(part, Component::Normal(_))) {
        return Err(refuse("the path leaves the model folder"));
    }
    let number = |key: &str| match entry(key) {
        None => Ok(None),
        Some(text) => text.parse::<u64>().map(Some).map_err(|_| refuse("offset or length is not a number")),
    };
    let expected = byte_size(tensor)?;
    let length = number("length")?.unwrap_or(expected);
    if length != expected {
        return Err(crate::tensor::wrong(tensor, format!("{length} external bytes for a shape of {expected} bytes")));
    }
    let offset = number("offset")?.unwrap_or(0);
    Ok(Some(ExternalRange { location, offset, length }))
}

/// Every tensor of a graph and of the graphs inside its nodes.
pub(crate) fn for_each_tensor<'g>(
    graph: &'g GraphProto,
    visit: &mut dyn FnMut(&'g TensorProto) -> Result<(), GraphError>,
) -> Result<(), GraphError> {
    for tensor in &graph.initializer {
        visit(tensor)?;
    }
    for attribute in graph.node.iter().flat_map(|node| &node.attribute) {
        for tensor in attribute.t.iter().chain(&attribute.tensors) {
            visit(tensor)?;
        }
        for inner in attribute.g.iter().chain(&attribute.graphs) {
            for_each_tensor(inner, visit)?;
        }
    }
    Ok(())
}

/// Reads every external file a graph refers to and checks that all ranges are inside.
///
/// # Errors
/// A path that leaves `folder` (also through a link), a missing or oversized file, a range past
/// the end of its file.
pub(crate) fn read_external(
    graph: &GraphProto,
    folder: &Path,
    limits: &LoadLimits,
) -> Result<BTreeMap<String, Arc<[u8]>>, GraphError> {
    let mut files: BTreeMap<String, Arc<[u8]>> = BTreeMap::new();
    let mut left = limits.max_external_bytes;
    for_each_tensor(graph, &mut |tensor| {
        let Some(range) = external_range(tensor)? else {
            return Ok(());
        };
        if !files.contains_key(&range.location) {
            let bytes = read_confined(folder, tensor, &range.location, left)?;
            left = left.saturating_sub(bytes.len() as u64);
            files.insert(range.location.clone(), bytes);
        }
        let size = files.get(&range.location).map_or(0, |bytes| bytes.len() as u64);
        match range.offset.checked_add(range.length) {
            Some(end) if end <= size => Ok(()),
            _ => Err(crate::tensor::wrong(
                tensor,
                format!(
                    "bytes {}+{} are past the end of {:?} ({size} bytes)",
                    range.offset, range.length, range.location
                ),
            )),
        }
    })?;
    Ok(files)
}

fn read_confined(folder: &Path, tensor: &TensorProto, location: &str, limit: u64) -> Result<Arc<[u8]>, GraphError> {
    let path = folder.join(location);
    let io = |source| GraphError::Io { path: path.clone(), source };
    let root = folder.canonicalize().map_err(io)?;
    let real = path.canonicalize().map_err(io)?;
    if !real.starts_with(&root) {
        return Err(GraphError::ExternalPath {
            tensor: tensor.name().to_owned(),
            location: location.to_owned(),
            reason: "a link leads out of the model folder".to_owned(),
        });
    }
    read_bounded(&real, limit).map(Arc::from)
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// [`GraphError::Io`] and [`GraphError::TooLarge`].
pub(crate) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, GraphError> {
    let io = |source| GraphError::Io { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    let too_large = |size| GraphError::TooLarge { path: path.to_owned(), size, limit };
    if size > limit {
        return Err(too_large(size));
    }
    let mut bytes = Vec::new();
    // The file may grow while it is read: one byte past the limit proves it.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}
