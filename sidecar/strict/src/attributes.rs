//! Reading a node's attributes so that none is overlooked.

use openledger_onnx_graph::proto::{AttributeProto, NodeProto, TensorProto};

use crate::Fault;

/// The attributes that have not been read yet.
pub(crate) struct Attributes<'n> {
    left: Vec<&'n AttributeProto>,
}

impl<'n> Attributes<'n> {
    pub fn of(node: &'n NodeProto) -> Self {
        Self { left: node.attribute.iter().collect() }
    }

    fn take(&mut self, name: &str) -> Option<&'n AttributeProto> {
        let place = self.left.iter().position(|attribute| attribute.name() == name)?;
        Some(self.left.swap_remove(place))
    }

    /// # Errors
    /// [`Fault::Attribute`] when it is no integer.
    pub fn int(&mut self, name: &str) -> Result<Option<i64>, Fault> {
        self.take(name).map(|found| found.i.ok_or_else(|| Fault::Attribute(name.to_owned()))).transpose()
    }

    /// # Errors
    /// [`Fault::Attribute`] when it is no integer or neither 0 nor 1.
    pub fn flag(&mut self, name: &str, default: bool) -> Result<bool, Fault> {
        match self.int(name)? {
            None => Ok(default),
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            Some(_) => Err(Fault::Attribute(name.to_owned())),
        }
    }

    pub fn ints(&mut self, name: &str) -> Option<&'n [i64]> {
        self.take(name).map(|found| found.ints.as_slice())
    }

    pub fn tensor(&mut self, name: &str) -> Option<&'n TensorProto> {
        self.take(name).and_then(|found| found.t.as_ref())
    }

    /// # Errors
    /// [`Fault::Attribute`] when one is left that nobody read.
    pub fn finish(self) -> Result<(), Fault> {
        self.left.first().map_or(Ok(()), |found| Err(Fault::Attribute(found.name().to_owned())))
    }
}
