//! Which licences an adapter can be built on and sold under. Pure: an expression and the table below.
//!
//! Adapters are sold by the answer and are made from the rows and the base model, so a licence that forbids commerce or
//! derivatives is refused, and one that asks for the same licence again is passed on. `A OR B` is the choice of whom it is
//! given to, `A AND B` binds to both. Terms of one's own (`LicenseRef-…`) are for people to judge and are let through.

use thiserror::Error;

/// Why a licence was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LicenceError {
    /// Not an SPDX expression.
    #[error("it is not an SPDX expression: write for example CC-BY-4.0 or MIT OR Apache-2.0")]
    Malformed,
    /// Not in the table.
    #[error("{id} is not known here: write the current SPDX id, or LicenseRef-… for terms of your own")]
    Unknown {
        /// As written.
        id: String,
    },
    /// Sold answers are commerce.
    #[error("{id} forbids commercial use, and adapters are sold by the answer")]
    NonCommercial {
        /// As written.
        id: String,
    },
    /// Training makes a derivative.
    #[error("{id} forbids derivatives, and an adapter is one")]
    NoDerivatives {
        /// As written.
        id: String,
    },
    /// The adapter must carry the licence on.
    #[error("{id} asks for the same licence again, and {adapter} is none: license the adapter as {accepted}")]
    ShareAlike {
        /// As written.
        id: String,
        /// The adapter's.
        adapter: String,
        /// Licences that would do.
        accepted: String,
    },
}

use Terms::{Free, NoDerivatives, NonCommercial, ShareAlike};

/// What a licence asks for.
#[derive(Clone, Copy)]
enum Terms {
    /// At most attribution or a notice.
    Free,
    /// One of these again.
    ShareAlike(&'static [&'static str]),
    NonCommercial,
    NoDerivatives,
}

const GPL_3: &[&str] = &["GPL-3.0-only", "GPL-3.0-or-later"];
const AGPL_3: &[&str] = &["AGPL-3.0-only", "AGPL-3.0-or-later"];
const LGPL: &[&str] = &["LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later"];

/// SPDX ids and what they ask for.
const TABLE: &[(&str, Terms)] = &[
    ("0BSD", Free),
    ("AFL-3.0", Free),
    ("AGPL-3.0-only", ShareAlike(&["AGPL-3.0-only"])),
    ("AGPL-3.0-or-later", ShareAlike(AGPL_3)),
    ("Apache-2.0", Free),
    ("Artistic-2.0", Free),
    ("BSD-2-Clause", Free),
    ("BSD-3-Clause", Free),
    ("BSL-1.0", Free),
    ("CC-BY-2.0", Free),
    ("CC-BY-2.5", Free),
    ("CC-BY-3.0", Free),
    ("CC-BY-4.0", Free),
    ("CC-BY-NC-2.0", NonCommercial),
    ("CC-BY-NC-3.0", NonCommercial),
    ("CC-BY-NC-4.0", NonCommercial),
    ("CC-BY-NC-ND-3.0", NonCommercial),
    ("CC-BY-NC-ND-4.0", NonCommercial),
    ("CC-BY-NC-SA-2.0", NonCommercial),
    ("CC-BY-NC-SA-3.0", NonCommercial),
    ("CC-BY-NC-SA-4.0", NonCommercial),
    ("CC-BY-ND-2.0", NoDerivatives),
    ("CC-BY-ND-3.0", NoDerivatives),
    ("CC-BY-ND-4.0", NoDerivatives),
    ("CC-BY-SA-2.0", ShareAlike(&["CC-BY-SA-2.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0"])),
    ("CC-BY-SA-2.5", ShareAlike(&["CC-BY-SA-2.5", "CC-BY-SA-3.0", "CC-BY-SA-4.0"])),
    ("CC-BY-SA-3.0", ShareAlike(&["CC-BY-SA-3.0", "CC-BY-SA-4.0"])),
    ("CC-BY-SA-4.0", ShareAlike(&["CC-BY-SA-4.0", "GPL-3.0-only"])),
    ("CC0-1.0", Free),
    ("CDLA-Permissive-1.0", Free),
    ("CDLA-Permissive-2.0", Free),
    ("CDLA-Sharing-1.0", ShareAlike(&["CDLA-Sharing-1.0"])),
    ("DL-DE-BY-2.0", Free),
    ("DL-DE-ZERO-2.0", Free),
    ("ECL-2.0", Free),
    ("EPL-2.0", ShareAlike(&["EPL-2.0"])),
    ("etalab-2.0", Free),
    ("EUPL-1.2", ShareAlike(&["EUPL-1.2", "GPL-2.0-only", "GPL-3.0-only", "AGPL-3.0-only", "MPL-2.0", "CC-BY-SA-3.0"])),
    ("GFDL-1.3-only", ShareAlike(&["GFDL-1.3-only"])),
    ("GFDL-1.3-or-later", ShareAlike(&["GFDL-1.3-only", "GFDL-1.3-or-later"])),
    ("GPL-2.0-only", ShareAlike(&["GPL-2.0-only"])),
    ("GPL-2.0-or-later", ShareAlike(&["GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later"])),
    ("GPL-3.0-only", ShareAlike(&["GPL-3.0-only"])),
    ("GPL-3.0-or-later", ShareAlike(GPL_3)),
    ("ISC", Free),
    ("LGPL-2.1-only", ShareAlike(&["LGPL-2.1-only", "GPL-2.0-only", "GPL-2.0-or-later"])),
    ("LGPL-2.1-or-later", ShareAlike(LGPL)),
    ("LGPL-3.0-only", ShareAlike(&["LGPL-3.0-only", "GPL-3.0-only"])),
    ("LGPL-3.0-or-later", ShareAlike(&["LGPL-3.0-only", "LGPL-3.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later"])),
    ("MIT", Free),
    ("MIT-0", Free),
    ("MPL-2.0", ShareAlike(&["MPL-2.0", "GPL-3.0-only", "GPL-3.0-or-later", "AGPL-3.0-only"])),
    ("MS-PL", Free),
    ("NCSA", Free),
    ("ODbL-1.0", ShareAlike(&["ODbL-1.0"])),
    ("ODC-By-1.0", Free),
    ("OGL-UK-3.0", Free),
    ("PDDL-1.0", Free),
    ("PolyForm-Noncommercial-1.0.0", NonCommercial),
    ("PostgreSQL", Free),
    ("PSF-2.0", Free),
    ("Unicode-3.0", Free),
    ("Unicode-DFS-2016", Free),
    ("Unlicense", Free),
    ("WTFPL", Free),
    ("Zlib", Free),
];

/// Whether something under `source` may become part of an adapter under `adapter`, which passed [`check_own`].
pub fn check(source: &str, adapter: &str) -> Result<(), LicenceError> {
    let adapter_expression = read(adapter)?;
    read(source)?.allows(&|id| match terms(id)? {
        ShareAlike(accepted) if !adapter_expression.carries(accepted) => Err(LicenceError::ShareAlike {
            id: id.to_owned(),
            adapter: adapter.to_owned(),
            accepted: accepted.join(" or "),
        }),
        terms => usable(id, terms),
    })
}

/// Whether something under `source` may become part of any adapter at all.
pub fn check_source(source: &str) -> Result<(), LicenceError> {
    read(source)?.allows(&|id| usable(id, terms(id)?))
}

/// Whether an adapter can be under `licence`: an expression of known ids. Its developer may forbid what it likes.
pub fn check_own(licence: &str) -> Result<(), LicenceError> {
    read(licence)?.each(&|id| terms(id).map(|_| ()))
}

fn usable(id: &str, terms: Terms) -> Result<(), LicenceError> {
    match terms {
        Free | ShareAlike(_) => Ok(()),
        NonCommercial => Err(LicenceError::NonCommercial { id: id.to_owned() }),
        NoDerivatives => Err(LicenceError::NoDerivatives { id: id.to_owned() }),
    }
}

fn terms(id: &str) -> Result<Terms, LicenceError> {
    if id.starts_with("LicenseRef-") || id.starts_with("DocumentRef-") {
        return Ok(Free);
    }
    let row = TABLE.iter().find(|(known, _)| known.eq_ignore_ascii_case(id));
    row.map(|(_, terms)| *terms).ok_or_else(|| LicenceError::Unknown { id: id.to_owned() })
}

/// An SPDX expression. Exceptions (`WITH`) only add permissions and are left out.
enum Expression<'a> {
    Id(&'a str),
    All(Vec<Expression<'a>>),
    Any(Vec<Expression<'a>>),
}

impl Expression<'_> {
    /// Whether `rule` lets it through: one alternative is enough, and all that bind together are needed.
    fn allows(&self, rule: &dyn Fn(&str) -> Result<(), LicenceError>) -> Result<(), LicenceError> {
        match self {
            Self::Id(id) => rule(id),
            Self::All(parts) => parts.iter().try_for_each(|part| part.allows(rule)),
            Self::Any(parts) => {
                let mut answers = parts.iter().map(|part| part.allows(rule));
                let first = answers.next().unwrap_or(Ok(()));
                if first.is_err() && answers.any(|answer| answer.is_ok()) {
                    return Ok(());
                }
                first
            }
        }
    }

    /// Whether every recipient gets it under one of `accepted`, whatever alternative it takes.
    fn carries(&self, accepted: &[&str]) -> bool {
        match self {
            Self::Id(id) => accepted.iter().any(|known| known.eq_ignore_ascii_case(id)),
            Self::All(parts) => parts.iter().any(|part| part.carries(accepted)),
            Self::Any(parts) => parts.iter().all(|part| part.carries(accepted)),
        }
    }

    fn each(&self, rule: &dyn Fn(&str) -> Result<(), LicenceError>) -> Result<(), LicenceError> {
        match self {
            Self::Id(id) => rule(id),
            Self::All(parts) | Self::Any(parts) => parts.iter().try_for_each(|part| part.each(rule)),
        }
    }
}

/// Reads an expression. Texts are short (64 bytes), so the recursion is too.
fn read(text: &str) -> Result<Expression<'_>, LicenceError> {
    let mut reader = Reader { rest: text };
    let expression = reader.any()?;
    match reader.next() {
        None => Ok(expression),
        Some(_) => Err(LicenceError::Malformed),
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn any(&mut self) -> Result<Expression<'a>, LicenceError> {
        let mut parts = vec![self.all()?];
        while self.takes("OR") {
            parts.push(self.all()?);
        }
        Ok(Expression::Any(parts))
    }

    fn all(&mut self) -> Result<Expression<'a>, LicenceError> {
        let mut parts = vec![self.one()?];
        while self.takes("AND") {
            parts.push(self.one()?);
        }
        Ok(Expression::All(parts))
    }

    fn one(&mut self) -> Result<Expression<'a>, LicenceError> {
        match self.next() {
            Some("(") => {
                let inner = self.any()?;
                if self.takes(")") {
                    return Ok(inner);
                }
                Err(LicenceError::Malformed)
            }
            Some(id) if is_id(id) => {
                if self.takes("WITH") && !self.next().is_some_and(is_id) {
                    return Err(LicenceError::Malformed);
                }
                Ok(Expression::Id(id))
            }
            _ => Err(LicenceError::Malformed),
        }
    }

    /// The next word or parenthesis.
    fn next(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start_matches(' ');
        let end = self.rest.find([' ', '(', ')']).unwrap_or(self.rest.len()).max(1);
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(word)
    }

    fn takes(&mut self, word: &str) -> bool {
        let before = self.rest;
        let taken = self.next() == Some(word);
        if !taken {
            self.rest = before;
        }
        taken
    }
}

fn is_id(word: &str) -> bool {
    !["AND", "OR", "WITH"].contains(&word) && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.+:".contains(&b))
}
