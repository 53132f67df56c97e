//! Which copies a family leaves out by default: rows that nobody trains on earn nothing.

use std::{collections::HashSet, error::Error};

use openledger_corpus::{Contribution, Row};
use openledger_engine::gradient::GradientSession;
use openledger_trainer::{Examples, Recipe};

use super::{rows, with};
use crate::setting::Setting;

/// Per cent of runs of characters that near-duplicates share, as `openledger train --family` has it where nobody says otherwise.
const DUPLICATES: u32 = 80;

/// How a row is made to look like another one.
type Disguise = Box<dyn Fn(&Row) -> Result<Row, Box<dyn Error>>>;

/// Copies of all rows of each contributor, and which of them were found.
pub struct Copies {
    disguise: String,
    contributors: usize,
    /// Whose copies were found, all of them: their adapters are what they were.
    whole: usize,
    copies: usize,
    found: usize,
}

impl Copies {
    /// Clusters all rows with those of each contributor again, under each disguise.
    pub fn all(
        setting: &Setting,
        session: &GradientSession,
        honest: &[Contribution],
    ) -> Result<Vec<Self>, Box<dyn Error>> {
        let recipe = Recipe { duplicates: Some(DUPLICATES), ..setting.recipe.clone() };
        let left_out = |contributions: &[Contribution]| -> Result<usize, Box<dyn Error>> {
            Ok(Examples::encode(contributions, session, &recipe)?.duplicates())
        };
        let before = left_out(honest)?;
        let mut kinds: Vec<(String, Vec<Disguise>)> = Vec::new();
        for identities in [2, 8] {
            let disguise = |at: usize| -> Disguise { Box::new(move |row| rows::disguised(row, at)) };
            let name = format!("another case, stops added; {identities} identities");
            kinds.push((name, (1..identities).map(disguise).collect()));
        }
        for every in [20, 10, 5] {
            let disguise: Disguise = Box::new(move |row| rows::shortened(row, every));
            kinds.push((format!("every {every}th word left out; 2 identities"), vec![disguise]));
        }
        let one = |(disguise, ways): (String, Vec<Disguise>)| -> Result<Self, Box<dyn Error>> {
            let mut all = Self { disguise, contributors: honest.len(), whole: 0, copies: 0, found: 0 };
            for part in honest {
                let copies = |way: &Disguise| -> Result<Vec<Row>, Box<dyn Error>> {
                    let mut copies = part.rows.iter().map(way).collect::<Result<Vec<_>, _>>()?;
                    // What is left of two rows may be the same, and nobody may send that twice.
                    let mut seen = HashSet::new();
                    copies.retain(|row| seen.insert(row.digest()));
                    Ok(copies)
                };
                let parts = ways.iter().map(copies).collect::<Result<Vec<_>, _>>()?;
                let sent = parts.iter().map(Vec::len).sum::<usize>();
                let found = left_out(&with(honest, parts)?)? - before;
                all.copies += sent;
                all.found += found;
                all.whole += usize::from(found == sent);
            }
            Ok(all)
        };
        kinds.into_iter().map(one).collect()
    }

    /// A table; nothing for nothing.
    pub fn to_markdown(all: &[Self]) -> String {
        let mut out = String::new();
        if !all.is_empty() {
            out.push_str(
                "\n| copies of all rows of a contributor | contributors, each in turn | copies | left out | contributors with every copy left out |\n\
                 |---|---|---|---|---|\n",
            );
        }
        for Self { disguise, contributors, whole, copies, found } in all {
            out.push_str(&format!("| {disguise} | {contributors} | {copies} | {found} | {whole} |\n"));
        }
        out
    }
}
