//! Events of erasures.

use openledger_contract_kit::event;

use crate::msg::Erasure;

/// What happened to rows that were taken back.
#[derive(Debug, Clone, Copy)]
pub enum ErasureEvent<'a> {
    /// Rows have to be erased.
    Requested { datanet_id: u64, erasure: &'a Erasure },
    /// Somebody says that they are.
    Confirmed { datanet_id: u64, erasure: &'a Erasure },
}

impl event::Event for ErasureEvent<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "datanets/erasure_requested",
            Self::Confirmed { .. } => "datanets/erasure_confirmed",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        let (Self::Requested { datanet_id, erasure } | Self::Confirmed { datanet_id, erasure }) = *self;
        let which =
            vec![("datanet_id", datanet_id.to_string()), ("contribution_id", erasure.contribution_id.to_string())];
        let what = match (&erasure.confirmed_by, erasure.evidence) {
            (Some(by), Some(evidence)) => vec![("by", by.to_string()), ("evidence", evidence.to_string())],
            _ => vec![
                ("cluster", erasure.cluster.to_string()),
                ("last_version", erasure.last_version.to_string()),
                ("sunset_at", erasure.sunset_at.to_string()),
            ],
        };
        [which, what].concat()
    }
}
