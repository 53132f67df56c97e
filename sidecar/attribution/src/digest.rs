//! What an adapter's registration commits to, and what else decides how its adapters compute.

use openledger_protocol::{Hash, digest::tagged};
use sha2::{Digest, Sha256};

use crate::{AuditError, Family, QueryPoint, VariantKind, family::read_bounded};

/// File with ranks and scales of an adapter.
const CONFIG: &str = "adapter_config.json";

impl Family {
    /// Digest of the family: per variant its kind, the contributor it leaves out and the digest of its weights, in the
    /// manifest's order within each kind; per contributor of the tail the same with the digest of the file that has its vector; then
    /// the query point unless it is the served adapter itself; then the recipe's digest where the family tells it. Names and paths on
    /// disk do not matter.
    #[must_use]
    pub fn digest(&self) -> Hash {
        let mut bytes = Vec::new();
        let mut add = |kind: u8, contributor: &str, digest: &[u8; 32]| {
            bytes.push(kind);
            bytes.extend_from_slice(&(contributor.len() as u64).to_be_bytes());
            bytes.extend_from_slice(contributor.as_bytes());
            bytes.extend_from_slice(digest);
        };
        for variant in self.variants() {
            let kind = match variant.kind {
                VariantKind::Full => 1,
                VariantKind::Counterfactual => 2,
                VariantKind::Placebo => 3,
            };
            add(kind, variant.contributor.as_deref().unwrap_or_default(), &variant.digest);
        }
        for tangent in &self.tail {
            add(4, &tangent.contributor, &tangent.digest);
        }
        // No variant begins with a zero, no strength is one, and the recipe is the only thing of its length.
        let QueryPoint { strength, shift } = self.query;
        if shift != 0 {
            bytes.extend([0, strength, shift]);
        } else if self.query != QueryPoint::default() {
            bytes.extend([0, strength]);
        }
        if let Some(recipe) = &self.recipe {
            bytes.extend([0, 0]);
            bytes.extend(recipe);
        }
        tagged("adapter-family", &bytes)
    }

    /// Digest of the adapters' configurations: `tagged("adapter-settings", …)` over the SHA-256 of each variant's
    /// `adapter_config.json`, in the order of [`Family::variants`]. Ranks and scales stand there, and the digests of weights do not
    /// cover them.
    ///
    /// # Errors
    /// [`AuditError::File`] for a configuration that is missing or oversized.
    pub fn settings_digest(&self) -> Result<Hash, AuditError> {
        let mut digests = Vec::new();
        for variant in self.variants() {
            digests.extend(Sha256::digest(read_bounded(&variant.folder.join(CONFIG))?));
        }
        Ok(tagged("adapter-settings", &digests))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::Variant;

    fn variant(kind: VariantKind, contributor: Option<&str>, byte: u8) -> Variant {
        Variant {
            name: format!("v{byte}"),
            kind,
            contributor: contributor.map(str::to_owned),
            folder: PathBuf::from("x"),
            digest: [byte; 32],
            rows: None,
        }
    }

    fn family() -> Family {
        Family {
            datanet: "d".into(),
            full: variant(VariantKind::Full, None, 1),
            counterfactuals: vec![variant(VariantKind::Counterfactual, Some("a"), 2)],
            tail: Vec::new(),
            placebos: vec![variant(VariantKind::Placebo, None, 3)],
            query: QueryPoint::default(),
            recipe: None,
        }
    }

    #[test]
    fn settings_are_those_of_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(folder.path().join(CONFIG), text).unwrap();
        let mut family = family();
        let missing = family.settings_digest().unwrap_err();
        assert_eq!(missing.code(), "AUDIT_FILE_INVALID");
        for variant in [&mut family.full, &mut family.counterfactuals[0], &mut family.placebos[0]] {
            variant.folder = folder.path().to_owned();
        }
        write("{}");
        let digest = family.settings_digest().unwrap();
        write("{ }");
        assert_ne!(family.settings_digest().unwrap(), digest);
    }

    #[test]
    fn weights_and_contributors_count_and_paths_do_not() {
        let digest = family().digest();
        let mut moved = family();
        moved.full.folder = PathBuf::from("elsewhere");
        assert_eq!(moved.digest(), digest);
        let mut other = family();
        other.counterfactuals[0].contributor = Some("b".into());
        assert_ne!(other.digest(), digest);
        let mut other = family();
        other.placebos[0].digest = [4; 32];
        assert_ne!(other.digest(), digest);
        let at = |query| Family { query, ..family() }.digest();
        let points = [QueryPoint::default(), QueryPoint::weaker(50), QueryPoint::shifted(50), QueryPoint::shifted(12)];
        let digests = points.map(at);
        assert_eq!(digests[0], digest);
        assert!((1..4).all(|place| !digests[..place].contains(&digests[place])));
        let recipes = [[0; 32], [1; 32]].map(|recipe| Family { recipe: Some(recipe), ..family() }.digest());
        assert!(recipes[0] != recipes[1] && !recipes.contains(&digest));
        let tangent = |contributor: &str, byte: u8| crate::Tangent {
            contributor: contributor.to_owned(),
            file: PathBuf::from("x"),
            digest: [byte; 32],
            rows: None,
            place: 1,
        };
        let tailed = |tangent| Family { tail: vec![tangent], ..family() }.digest();
        let whole = tailed(tangent("b", 5));
        assert_ne!(whole, digest);
        assert_ne!(tailed(tangent("c", 5)), whole);
        assert_ne!(tailed(tangent("b", 6)), whole);
        assert_eq!(tailed(crate::Tangent { file: PathBuf::from("y"), ..tangent("b", 5) }), whole);
    }
}
