//! Reading and writing model files.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use bytes::Bytes;
use prost::Message;

use crate::{
    GraphError,
    external::{read_bounded, read_external},
    proto::{GraphProto, ModelProto, OperatorSetIdProto},
    validate::validate,
};

/// Bounds on what is read into memory.
#[derive(Debug, Clone)]
pub struct LoadLimits {
    /// Size of the `.onnx` file in bytes. Protobuf itself ends at 2 GiB.
    pub max_model_bytes: u64,
    /// Sum of all external weight files in bytes.
    pub max_external_bytes: u64,
}

impl Default for LoadLimits {
    fn default() -> Self {
        Self { max_model_bytes: 2 << 30, max_external_bytes: 64 << 30 }
    }
}

/// A checked ONNX model and the weight files it refers to.
#[derive(Debug, Clone)]
pub struct Model {
    proto: ModelProto,
    source: Bytes,
    external: BTreeMap<String, Arc<[u8]>>,
}

impl Model {
    /// Reads a model file and the external weights beside it, then checks both.
    ///
    /// # Errors
    /// Every [`GraphError`] except those of LoRA sites.
    pub fn load(path: &Path, limits: &LoadLimits) -> Result<Self, GraphError> {
        let source = Bytes::from(read_bounded(path, limits.max_model_bytes)?);
        let mut model = Self::from_bytes(source)?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        model.external = read_external(model.graph(), folder, limits)?;
        Ok(model)
    }

    /// Decodes and checks a model without reading external files.
    ///
    /// # Errors
    /// As [`Model::load`], without those of external files.
    pub fn from_bytes(source: Bytes) -> Result<Self, GraphError> {
        let proto =
            ModelProto::decode(source.clone()).map_err(|error| GraphError::Corrupt { reason: error.to_string() })?;
        Self::from_proto(proto).map(|model| Self { source, ..model })
    }

    /// Takes a model that was built in memory and checks it.
    ///
    /// # Errors
    /// As [`Model::from_bytes`].
    pub fn from_proto(proto: ModelProto) -> Result<Self, GraphError> {
        validate(&proto)?;
        Ok(Self { proto, source: Bytes::new(), external: BTreeMap::new() })
    }

    /// The bytes the model was decoded from; empty when it was built in memory.
    #[must_use]
    pub fn source(&self) -> &Bytes {
        &self.source
    }

    /// External weight files by the name the model uses.
    #[must_use]
    pub fn external_files(&self) -> &BTreeMap<String, Arc<[u8]>> {
        &self.external
    }

    /// The whole message.
    #[must_use]
    pub fn proto(&self) -> &ModelProto {
        &self.proto
    }

    /// The main graph. [`Model`] always has one.
    #[must_use]
    pub fn graph(&self) -> &GraphProto {
        static EMPTY: std::sync::LazyLock<GraphProto> = std::sync::LazyLock::new(GraphProto::default);
        self.proto.graph.as_ref().unwrap_or(&EMPTY)
    }

    /// The main graph, to be changed; [`Model::check`] afterwards.
    pub(crate) fn graph_mut(&mut self) -> &mut GraphProto {
        self.proto.graph.get_or_insert_default()
    }

    /// The operator sets the model imports, to be changed; [`Model::check`] afterwards.
    pub(crate) fn opset_import_mut(&mut self) -> &mut Vec<OperatorSetIdProto> {
        &mut self.proto.opset_import
    }

    /// Checks the model again after a change.
    ///
    /// # Errors
    /// As [`Model::from_proto`].
    pub fn check(&self) -> Result<(), GraphError> {
        validate(&self.proto)
    }

    /// The model as an ONNX file. The same model always gives the same bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.proto.encode_to_vec()
    }

    /// Version of an operator set, or `None` when the model does not import it.
    #[must_use]
    pub fn opset(&self, domain: &str) -> Option<i64> {
        self.proto
            .opset_import
            .iter()
            .find(|set| crate::validate::plain_domain(set.domain()) == domain)
            .map(|set| set.version())
    }

    /// The same weight files with another message, checked.
    pub(crate) fn replaced(&self, proto: ModelProto) -> Result<Self, GraphError> {
        validate(&proto)?;
        Ok(Self { proto, source: Bytes::new(), external: self.external.clone() })
    }
}
