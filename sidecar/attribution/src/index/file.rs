//! The index as a file: header, names, rows, placebos, basis, digest.
//!
//! All integers are little-endian. After the magic come 32-bit integers (version, dimensions, directions, rows, placebos,
//! exponent, capped rows), the number of parameters in 64 bits, the cap as a 64-bit float, the digests of family and base and the root; then
//! per row the contributor's name after its length in 16 bits; rows and placebos, one byte per dimension; the basis, its
//! directions in 32-bit floats; and last the SHA-256 of everything before it.
//!
//! It is read whole and not mapped: its digest needs every byte anyway, and a mapped file that somebody shortens ends the
//! process.

use std::{io::Read, io::Write, path::Path};

use openledger_protocol::Hash;
use sha2::{Digest, Sha256};

use super::{
    Frame, Index, IndexError, MAX_CLUSTERS, MAX_DIMENSIONS, Projection, leverage::Leverage, quantise::MAX_EXPONENT,
};

const MAGIC: &[u8; 8] = b"OLINDEX\0";
/// Version of the file, and of how rows are made: 3 since no row may be longer than twice the median for each row of its cluster, which
/// was three times in version 2; 2 since coordinates are spread over a frame, which in version 1 were the rows themselves.
pub const VERSION: u32 = 3;

/// Largest file that is written or read, in bytes.
pub const MAX_FILE_BYTES: u64 = 1 << 30;
/// Longest name of a contributor, in bytes.
const MAX_NAME_BYTES: usize = 256;
/// Most placebos: each is a training of its own.
const MAX_PLACEBOS: usize = 1024;

impl Index {
    /// Writes the index beside its place and moves it there: it is there whole or not at all.
    ///
    /// # Errors
    /// [`IndexError::File`], also for an index over the bounds of a file.
    pub fn write(&self, path: &Path) -> Result<(), IndexError> {
        let bytes = self.to_bytes().map_err(|reason| IndexError::file(path, reason))?;
        let fail = |error: std::io::Error| IndexError::file(path, error);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
        file.write_all(&bytes).map_err(fail)?;
        readable(file.as_file()).map_err(fail)?;
        file.as_file().sync_all().map_err(fail)?;
        file.persist(path).map_err(|error| fail(error.error))?;
        Ok(())
    }

    /// Reads and checks an index: sizes, digest, root, and that every number is one.
    ///
    /// # Errors
    /// [`IndexError::File`].
    pub fn read(path: &Path) -> Result<Self, IndexError> {
        let fail = |error: std::io::Error| IndexError::file(path, error);
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(fail)?;
        file.take(MAX_FILE_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(fail)?;
        Self::from_bytes(&bytes).map_err(|reason| IndexError::file(path, reason))
    }

    /// Encodes the index.
    ///
    /// # Errors
    /// What is over its bound.
    fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let count = |value: usize| u32::try_from(value).map_err(|_| format!("{value} is more than a file can count"));
        let placebos = self.placebos.len().checked_div(self.dimensions()).unwrap_or(0);
        let mut bytes = MAGIC.to_vec();
        let (dimensions, directions) = (count(self.dimensions())?, count(self.projection.dimensions())?);
        for value in [VERSION, dimensions, directions, count(self.contributors.len())?, count(placebos)?] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(self.exponent.to_le_bytes());
        bytes.extend(self.leverage.capped.to_le_bytes());
        let parameters = u64::try_from(self.projection.parameters()).map_err(|error| error.to_string())?;
        bytes.extend(parameters.to_le_bytes());
        bytes.extend(self.leverage.cap.to_le_bytes());
        for digest in [self.family, self.base, self.facts().root] {
            bytes.extend(digest);
        }
        for name in &self.contributors {
            let length = u16::try_from(name.len()).ok().filter(|_| name.len() <= MAX_NAME_BYTES);
            let length = length.ok_or_else(|| format!("the name {name:?} is longer than {MAX_NAME_BYTES} bytes"))?;
            bytes.extend(length.to_le_bytes());
            bytes.extend(name.as_bytes());
        }
        bytes.extend(self.rows.iter().chain(&self.placebos).map(|value| value.cast_unsigned()));
        bytes.extend(self.projection.basis().iter().flat_map(|value| value.to_le_bytes()));
        let digest: Hash = Sha256::digest(&bytes).into();
        bytes.extend(digest);
        // What is written can be read again: the same checks, and the same bounds.
        Self::from_bytes(&bytes).map(|_| bytes)
    }

    /// Decodes an index, or says what is wrong.
    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
            return Err(format!("it is larger than {MAX_FILE_BYTES} bytes"));
        }
        let (body, digest) = bytes.split_last_chunk::<32>().ok_or("it is cut off")?;
        let mut reader = Reader(body);
        if reader.array::<8>()? != *MAGIC {
            return Err("it is no index".to_owned());
        }
        let version = u32::from_le_bytes(reader.array()?);
        if version != VERSION {
            return Err(format!("it has version {version}, this program reads {VERSION}"));
        }
        if Hash::from(Sha256::digest(body)) != *digest {
            return Err("its digest is not that of its content".to_owned());
        }
        let dimensions = reader.count("dimensions", 1, MAX_DIMENSIONS)?;
        let frame = Frame::new(dimensions).map_err(|error| error.to_string())?;
        let directions = reader.count("directions", 1, dimensions)?;
        let clusters = reader.count("rows", 1, MAX_CLUSTERS)?;
        let placebos = reader.count("placebos", 0, MAX_PLACEBOS)?;
        let exponent = i32::from_le_bytes(reader.array()?);
        let capped = u32::from_le_bytes(reader.array()?);
        let parameters = usize::try_from(u64::from_le_bytes(reader.array()?)).map_err(|error| error.to_string())?;
        let cap = f64::from_le_bytes(reader.array()?);
        if exponent.unsigned_abs() > MAX_EXPONENT.unsigned_abs() || !cap.is_finite() || cap < 0.0 {
            return Err("its scale or cap makes no sense".to_owned());
        }
        if usize::try_from(capped).map_or(true, |capped| capped > clusters) {
            return Err("more rows were capped than there are".to_owned());
        }
        let (family, base, root) = (reader.array()?, reader.array()?, reader.array::<32>()?);
        let contributors = (0..clusters).map(|_| reader.name()).collect::<Result<Vec<_>, _>>()?;
        let size = |rows: usize| rows.checked_mul(dimensions).ok_or("its sizes overflow");
        let mut integers = |rows: usize| -> Result<Vec<i8>, String> {
            let values: Vec<i8> = reader.take(size(rows)?)?.iter().map(|byte| byte.cast_signed()).collect();
            // A query holds no −128 either; the bound on sums counts on neither.
            if values.contains(&i8::MIN) { Err("a row holds −128".to_owned()) } else { Ok(values) }
        };
        let (rows, placebos) = (integers(clusters)?, integers(placebos)?);
        let elements = directions.checked_mul(parameters).and_then(|count| count.checked_mul(4));
        let basis = reader.take(elements.ok_or("its sizes overflow")?)?;
        let basis = basis.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if !reader.0.is_empty() {
            return Err("it has bytes that belong to nothing".to_owned());
        }
        let projection = Projection::from_basis(parameters, basis).map_err(|error| error.to_string())?;
        let leverage = Leverage { cap, capped };
        let index = Self { family, base, contributors, rows, placebos, exponent, leverage, projection, frame };
        if index.facts().root != root { Err("its root is not that of its rows".to_owned()) } else { Ok(index) }
    }
}

/// A temporary file is its owner's alone; an index is as readable as any other file.
#[cfg(unix)]
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// What is left of a file.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Result<&'b [u8], String> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("it is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.0.split_first_chunk().ok_or("it is cut off")?;
        self.0 = rest;
        Ok(*taken)
    }

    fn count(&mut self, what: &str, least: usize, most: usize) -> Result<usize, String> {
        let value = u32::from_le_bytes(self.array()?);
        let count = usize::try_from(value).ok().filter(|count| (least..=most).contains(count));
        count.ok_or_else(|| format!("it has {value} {what}; {least} to {most} are accepted"))
    }

    fn name(&mut self) -> Result<String, String> {
        let length = usize::from(u16::from_le_bytes(self.array()?));
        if length > MAX_NAME_BYTES {
            return Err(format!("a name has {length} bytes; up to {MAX_NAME_BYTES} are accepted"));
        }
        String::from_utf8(self.take(length)?.to_vec()).map_err(|_| "a name is no UTF-8".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        Index {
            family: [1; 32],
            base: [2; 32],
            contributors: vec!["ann".into(), "bob".into(), "čeněk".into()],
            rows: vec![1, -2, 3, -127, 127, 0],
            placebos: vec![4, -4],
            exponent: -9,
            leverage: Leverage { cap: 1.5, capped: 1 },
            projection: Projection::from_basis(3, vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0]).unwrap(),
            frame: Frame::new(2).unwrap(),
        }
    }

    /// A file whose digest is right whatever its content.
    fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
        let digest = Sha256::digest(&bytes);
        bytes.extend(digest);
        bytes
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.index");
        index().write(&path).unwrap();
        assert_eq!(Index::read(&path).unwrap(), index());
        let error = Index::read(&folder.path().join("none")).unwrap_err();
        assert_eq!(error.code(), "INDEX_FILE_INVALID");
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_refused() {
        let bytes = index().to_bytes().unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(Index::from_bytes(&changed).is_err(), "byte {at}");
            assert!(Index::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
        }
        assert!(Index::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
    }

    #[test]
    fn contents_that_make_no_sense_are_refused_also_under_a_right_digest() {
        let bytes = index().to_bytes().unwrap();
        let body = &bytes[..bytes.len() - 32];
        let refused = |at: usize, with: &[u8]| {
            let mut changed = body.to_vec();
            changed[at..at + with.len()].copy_from_slice(with);
            Index::from_bytes(&sealed(changed)).unwrap_err()
        };
        let huge = u32::MAX.to_le_bytes();
        assert!(refused(8, &1_u32.to_le_bytes()).contains("version 1"));
        assert!(refused(12, &huge).contains("dimensions"));
        assert!(refused(12, &[0; 4]).contains("dimensions"));
        assert!(refused(12, &[3]).contains("power of two"));
        assert!(refused(16, &[0; 4]).contains("directions"));
        assert!(refused(16, &[3]).contains("directions"));
        assert!(refused(20, &huge).contains("rows"));
        assert!(refused(24, &huge).contains("placebos"));
        assert!(refused(28, &9_999_i32.to_le_bytes()).contains("scale"));
        assert!(refused(28, &i32::MIN.to_le_bytes()).contains("scale"));
        assert!(refused(32, &4_u32.to_le_bytes()).contains("capped"));
        assert!(refused(36, &u64::MAX.to_le_bytes()).contains("overflow"));
        assert!(refused(36, &[4]).contains("cut off"));
        assert!(refused(36, &[2]).contains("belong to nothing"));
        assert!(refused(44, &f64::NAN.to_le_bytes()).contains("cap"));
        assert!(refused(116, &[0; 32]).contains("root"));
        assert!(refused(148, &[0xff, 0xff]).contains("name"));
        assert!(refused(150, &[0xff]).contains("UTF-8"));
        let rows = body.len() - 2 * 3 * 4 - 8;
        assert!(refused(rows, &[0x80]).contains("−128"));
        assert!(refused(rows, &[9]).contains("root"));
        assert!(refused(body.len() - 4, &f32::NAN.to_le_bytes()).contains("finite"));
    }

    #[test]
    fn what_could_not_be_read_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.index");
        let long = Index { contributors: vec!["x".repeat(257), "b".into(), "c".into()], ..index() };
        let short = Index { rows: vec![1, 2], ..index() };
        for bad in [long, short] {
            assert_eq!(bad.write(&path).unwrap_err().code(), "INDEX_FILE_INVALID");
            assert!(!path.exists());
        }
    }
}
