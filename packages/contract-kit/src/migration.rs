//! Migration only from an older version of the same contract.

use cosmwasm_std::Storage;

use crate::KitError;

/// Checks the stored name and version, then records the new version. Returns the version found.
///
/// The same version is refused as well: running a migration twice is always a mistake.
pub fn upgrade(storage: &mut dyn Storage, name: &str, version: &str) -> Result<String, KitError> {
    let found = cw2::get_contract_version(storage)?;
    if found.contract != name {
        return Err(KitError::MigrateOtherContract { found: found.contract, expected: name.to_owned() });
    }
    let not_newer = || KitError::MigrateNotNewer { found: found.version.clone(), code: version.to_owned() };
    if found.version == version {
        return Err(not_newer());
    }
    // Names are equal here, so the only refusals left are a newer or an unreadable version.
    cw2::ensure_from_older_version(storage, name, version).map_err(|_| not_newer())?;
    Ok(found.version)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use cosmwasm_std::testing::MockStorage;

    #[test]
    fn only_from_an_older_version_of_the_same_contract() {
        let mut storage = MockStorage::new();
        cw2::set_contract_version(&mut storage, "a", "0.9.0").unwrap();
        assert!(matches!(upgrade(&mut storage, "b", "0.10.0"), Err(KitError::MigrateOtherContract { .. })));
        assert!(matches!(upgrade(&mut storage, "a", "0.9.0"), Err(KitError::MigrateNotNewer { .. })));
        assert!(matches!(upgrade(&mut storage, "a", "0.8.9"), Err(KitError::MigrateNotNewer { .. })));
        assert_eq!(upgrade(&mut storage, "a", "0.10.0").unwrap(), "0.9.0");
        assert_eq!(cw2::get_contract_version(&storage).unwrap().version, "0.10.0");
    }
}
