//! The three roots of a version. Sidecars link these functions, so both sides compute the same.

use openledger_contract_kit::Digest;
use openledger_protocol::{digest::tagged, merkle};

use crate::msg::Cluster;

/// RFC 6962 root over the clusters' rows roots, in cluster order: what the version's data is.
pub fn content_root(clusters: &[Cluster]) -> Digest {
    let leaves: Vec<Digest> = clusters.iter().map(|cluster| cluster.rows_root).collect();
    Digest::new(merkle::root(&leaves))
}

/// RFC 6962 root over [`leaf`] of each cluster, in cluster order: whose the version's data is.
pub fn cluster_root(datanet_id: u64, clusters: &[Cluster]) -> Digest {
    let leaves: Vec<Digest> = clusters.iter().map(|cluster| leaf(datanet_id, cluster)).collect();
    Digest::new(merkle::root(&leaves))
}

/// `SHA-256("openledger/cluster/v1" || 0x00 || datanet_id || cluster || contribution_id || rows_root || contributor)`.
///
/// Integers are big-endian of 8, 4 and 8 bytes and the root has 32, so only the address at the end varies in length.
pub fn leaf(datanet_id: u64, cluster: &Cluster) -> Digest {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend_from_slice(&datanet_id.to_be_bytes());
    bytes.extend_from_slice(&cluster.cluster.to_be_bytes());
    bytes.extend_from_slice(&cluster.contribution_id.to_be_bytes());
    bytes.extend_from_slice(cluster.rows_root.as_ref());
    bytes.extend_from_slice(cluster.contributor.as_bytes());
    Digest::new(tagged("cluster", &bytes))
}

/// RFC 6962 root over [`table_leaf`] of each cluster, in cluster order: which identity the version's data is credited to.
pub fn table_root(datanet_id: u64, clusters: &[Cluster]) -> Digest {
    let leaves: Vec<Digest> = clusters.iter().map(|cluster| table_leaf(datanet_id, cluster)).collect();
    Digest::new(merkle::root(&leaves))
}

/// `SHA-256("openledger/cluster-table/v1" || 0x00 || datanet_id || cluster || identity_id || rows_root)`, integers big-endian of 8, 4
/// and 8 bytes. With a path, it proves to anybody who knows the version's root whose a cluster is.
pub fn table_leaf(datanet_id: u64, cluster: &Cluster) -> Digest {
    let mut bytes = Vec::with_capacity(52);
    bytes.extend_from_slice(&datanet_id.to_be_bytes());
    bytes.extend_from_slice(&cluster.cluster.to_be_bytes());
    bytes.extend_from_slice(&cluster.identity_id.to_be_bytes());
    bytes.extend_from_slice(cluster.rows_root.as_ref());
    Digest::new(tagged("cluster-table", &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cosmwasm_std::{Addr, Uint64};

    fn cluster(index: u32, byte: u8, who: &str) -> Cluster {
        Cluster {
            cluster: index,
            contribution_id: Uint64::new(7),
            contributor: Addr::unchecked(who),
            identity_id: Uint64::one(),
            removed: false,
            merged_into: None,
            rows_root: Digest::new([byte; 32]),
        }
    }

    #[test]
    fn content_root_of_two_is_the_node_over_both_leaves() {
        let expected = merkle::node(&merkle::leaf(&[1; 32]), &merkle::leaf(&[2; 32]));
        assert_eq!(content_root(&[cluster(0, 1, "a"), cluster(1, 2, "b")]), Digest::new(expected));
    }

    /// Computed outside this repository's code, with Python's hashlib.
    #[test]
    fn the_leaf_is_the_documented_bytes() {
        let expected = "4a865fc49d2edc2c6f465f99bffb29111580f080067e48993e189ac31c058b3a";
        assert_eq!(leaf(1, &cluster(0, 1, "wasm1a")).to_string(), expected);
    }

    /// Computed outside this repository's code, with Python's hashlib.
    #[test]
    fn the_leaf_of_the_table_is_the_documented_bytes() {
        let expected = "d084f364d862db423b328859f8ce6198db9c035b63760272364aaf47c523846d";
        assert_eq!(table_leaf(1, &cluster(0, 1, "wasm1a")).to_string(), expected);
    }

    #[test]
    fn every_field_changes_the_leaf() {
        let one = leaf(1, &cluster(0, 1, "a"));
        let mut other = cluster(0, 1, "a");
        other.contribution_id = Uint64::new(8);
        for changed in [
            leaf(2, &cluster(0, 1, "a")),
            leaf(1, &cluster(1, 1, "a")),
            leaf(1, &cluster(0, 2, "a")),
            leaf(1, &cluster(0, 1, "b")),
            leaf(1, &other),
        ] {
            assert_ne!(one, changed);
        }
    }
}
