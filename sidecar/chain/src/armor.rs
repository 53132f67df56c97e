//! ASCII armour (RFC 4880, section 6.2): headers and base64 between two lines, with a checksum of 24 bits.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// More text than this is no key.
pub(crate) const MAX_TEXT: usize = 16 * 1024;
/// Headers of an armour at most; key exports have three.
const MAX_HEADERS: usize = 16;
/// Characters of base64 on a line.
const LINE: usize = 64;

/// Why a text cannot be read as the armour of a private key, or not with this passphrase. The texts never hold the
/// key, the passphrase or the armour's content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmorError {
    /// There is no armour in the text, or it is larger than any key.
    #[error("there is no armoured key in the text: {0}")]
    NotArmor(&'static str),
    /// The armour begins and does not end: the end of the text is missing.
    #[error("the armour is cut off: {0}. Copy the whole text from the BEGIN line to the END line")]
    Truncated(&'static str),
    /// A line, a header or the base64 is malformed.
    #[error("the armour is malformed: {0}")]
    Malformed(&'static str),
    /// The checksum does not fit the content: some characters were changed.
    #[error("the armour's checksum is wrong: some of its characters were changed. Copy it again")]
    BadChecksum,
    /// The armour holds something else, for example a public key.
    #[error("the armour holds a {found}, not a {expected}. Make it with keys export")]
    WrongBlock {
        /// What the BEGIN line says.
        found: String,
        /// What it must say.
        expected: &'static str,
    },
    /// The passphrase is turned into a key by a function that is not known here.
    #[error("the key derivation {kdf:?} is not known; keys export of SDK 0.45 to 0.53 writes bcrypt or argon2")]
    UnknownKdf {
        /// The header's value.
        kdf: String,
    },
    /// A key of another curve.
    #[error("the armour holds a key of type {algorithm:?}; accounts here sign with secp256k1")]
    UnknownAlgorithm {
        /// The header's value, or what the content says.
        algorithm: String,
    },
    /// The passphrase does not open the armour, or its ciphertext was changed together with its checksum.
    #[error("the passphrase does not open the key")]
    WrongPassphrase,
    /// A passphrase that cannot protect anything.
    #[error("the passphrase must have at least {least} characters")]
    WeakPassphrase {
        /// The least number.
        least: usize,
    },
    /// The passphrase opened the armour and what lies inside is no private key.
    #[error("the armour was opened, and its content is not the encoding of a private key")]
    NotAKey,
    /// A key derivation or cipher failed for want of memory or randomness.
    #[error("the key could not be derived: {0}")]
    Derivation(&'static str),
}

/// An armour, taken apart.
pub(crate) struct Armor {
    /// What the BEGIN line names.
    pub block: String,
    /// Headers by name.
    pub headers: BTreeMap<String, String>,
    /// The content.
    pub data: Zeroizing<Vec<u8>>,
}

impl Armor {
    /// Reads the first armour of a text; what stands before and after it is ignored.
    pub fn decode(text: &str) -> Result<Self, ArmorError> {
        if text.len() > MAX_TEXT {
            return Err(ArmorError::NotArmor("it is too large"));
        }
        let mut lines = text.lines().map(str::trim);
        let block = lines
            .find_map(|line| line.strip_prefix("-----BEGIN ")?.strip_suffix("-----"))
            .ok_or(ArmorError::NotArmor("no line begins with -----BEGIN"))?;
        let end = format!("-----END {block}-----");
        let mut headers = BTreeMap::new();
        let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
        let mut checksum = None;
        // Headers end at the first empty line; an armour without headers may go without that line.
        let mut heading = true;
        let mut ended = false;
        for line in lines {
            if line == end {
                ended = true;
                break;
            }
            if line.starts_with("-----") {
                if end.starts_with(line) {
                    break;
                }
                return Err(ArmorError::Malformed("another line of dashes comes before the END line"));
            }
            if heading {
                if let Some((name, value)) = line.split_once(": ") {
                    headers.insert(name.to_owned(), value.to_owned());
                    if headers.len() > MAX_HEADERS {
                        return Err(ArmorError::Malformed("it has too many headers"));
                    }
                    continue;
                }
                heading = false;
            }
            if line.is_empty() {
                continue;
            }
            if checksum.is_some() {
                return Err(ArmorError::Malformed("text follows the checksum"));
            }
            match line.strip_prefix('=') {
                Some(sum) => checksum = Some(sum.to_owned()),
                None => base64.push_str(line),
            }
        }
        if !ended {
            return Err(ArmorError::Truncated("the END line is missing"));
        }
        if base64.is_empty() {
            return Err(ArmorError::Truncated("there is nothing between the BEGIN line and the END line"));
        }
        let data = Zeroizing::new(
            STANDARD.decode(base64.as_bytes()).map_err(|_| ArmorError::Malformed("the content is not base64"))?,
        );
        // RFC 9580 lets writers leave the checksum out; exports have it, and the cipher authenticates either way.
        if let Some(sum) = checksum {
            let sum = STANDARD.decode(sum).map_err(|_| ArmorError::Malformed("the checksum is not base64"))?;
            if sum != crc24(&data) {
                return Err(ArmorError::BadChecksum);
            }
        }
        Ok(Self { block: block.to_owned(), headers, data })
    }

    /// The text of this armour.
    pub fn encode(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(format!("-----BEGIN {}-----\n", self.block));
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text.push('\n');
        let base64 = Zeroizing::new(STANDARD.encode(&*self.data));
        let mut rest = base64.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(LINE.min(rest.len()));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str(&format!("={}\n-----END {}-----\n", STANDARD.encode(crc24(&self.data)), self.block));
        text
    }
}

/// The checksum of RFC 4880, section 6.1.
fn crc24(data: &[u8]) -> [u8; 3] {
    const INITIAL: u32 = 0x00b7_04ce;
    const POLYNOMIAL: u32 = 0x0186_4cfb;
    let mut crc = INITIAL;
    for byte in data {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= POLYNOMIAL;
            }
        }
    }
    let [_, high, middle, low] = crc.to_be_bytes();
    [high, middle, low]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn armor(data: &[u8]) -> String {
        let headers = [("kdf", "argon2"), ("type", "secp256k1")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let armor = Armor { block: "A THING".to_owned(), headers: headers.into(), data: Zeroizing::new(data.to_vec()) };
        armor.encode().to_string()
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        // The catalogue of parametrised CRC algorithms gives this value for CRC-24/OPENPGP.
        assert_eq!(crc24(b"123456789"), [0x21, 0xcf, 0x02]);
    }

    #[test]
    fn survives_other_line_ends_and_surroundings_and_a_missing_checksum() {
        let text = armor(&[7; 100]);
        let dos = format!("Exported:\r\n{}\r\nBye", text.replace('\n', "\r\n"));
        let back = Armor::decode(&dos).expect("reads");
        assert_eq!(back.headers["kdf"], "argon2");
        assert_eq!(*back.data, vec![7; 100]);
        let bare: String = text.lines().filter(|line| !line.starts_with('=')).map(|line| format!("{line}\n")).collect();
        assert_eq!(*Armor::decode(&bare).expect("reads").data, vec![7; 100]);
    }

    #[test]
    fn every_damage_has_its_name() {
        let refused = |text: &str| Armor::decode(text).err().expect("refused");
        let text = armor(&[7; 100]);
        assert!(matches!(refused("hello"), ArmorError::NotArmor(_)));
        assert!(matches!(refused(&"x".repeat(MAX_TEXT + 1)), ArmorError::NotArmor(_)));
        for cut in [30, text.len() / 2, text.len() - 10] {
            assert!(matches!(refused(&text[..cut]), ArmorError::Truncated(_)), "{cut}");
        }
        assert_eq!(refused(&text.replacen("BwcH", "BwcI", 1)), ArmorError::BadChecksum);
        assert!(matches!(refused(&text.replacen("BwcH", "Bw*H", 1)), ArmorError::Malformed(_)));
        assert!(matches!(refused(&text.replacen("=", "====", 1)), ArmorError::Malformed(_)));
        assert!(matches!(refused("-----BEGIN X-----\n\n-----END X-----\n"), ArmorError::Truncated(_)));
        assert!(matches!(refused("-----BEGIN X-----\n\nBwcH\n-----END Y-----\n"), ArmorError::Malformed(_)));
        let headers: String = (0..=MAX_HEADERS).map(|index| format!("h{index}: v\n")).collect();
        assert!(matches!(refused(&format!("-----BEGIN X-----\n{headers}\n")), ArmorError::Malformed(_)));
    }

    proptest! {
        #[test]
        fn any_content_survives(data in proptest::collection::vec(any::<u8>(), 1..400)) {
            prop_assert_eq!(&*Armor::decode(&armor(&data)).expect("reads").data, &data);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,300}") {
            let _ = Armor::decode(&format!("-----BEGIN X-----\n{text}\n-----END X-----"));
        }
    }
}
