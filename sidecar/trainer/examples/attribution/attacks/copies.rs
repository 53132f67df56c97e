//! Which copies a family leaves out by default: rows that nobody trains on earn nothing.

use std::{collections::HashSet, error::Error};

use openledger_corpus::{Contribution, Row, clusters::Settings};
use openledger_engine::gradient::GradientSession;
use openledger_trainer::{Examples, Recipe};

use super::{rows, with};
use crate::setting::Setting;

/// How a row is made to look like another one.
type Disguise = Box<dyn Fn(&Row) -> Result<Row, Box<dyn Error>>>;

/// Copies of the rows of each contributor, and which of them were found.
pub struct Copies {
    disguise: String,
    /// Who has rows that the disguise changes.
    contributors: usize,
    /// Whose copies were found, all of them and nothing else: what is trained on is what it was.
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
        let recipe = Recipe { duplicates: Some(Settings::default().threshold), ..setting.recipe.clone() };
        let trained = |contributions: &[Contribution]| -> Result<Vec<usize>, Box<dyn Error>> {
            Ok(Examples::encode(contributions, session, &recipe)?.rows())
        };
        let before = trained(honest)?;
        let mut kinds: Vec<(String, Vec<Disguise>)> = Vec::new();
        for identities in [2, 8] {
            let disguise = |at: usize| -> Disguise { Box::new(move |row| rows::disguised(row, at)) };
            let name = format!("another case, stops added; {identities} identities");
            kinds.push((name, (1..identities).map(disguise).collect()));
        }
        for every in [10, 5] {
            let disguise: Disguise = Box::new(move |row| rows::shortened(row, every));
            kinds.push((format!("every {every}th word left out; 2 identities"), vec![disguise]));
        }
        let one = |(disguise, ways): (String, Vec<Disguise>)| -> Result<Self, Box<dyn Error>> {
            let mut all = Self { disguise, contributors: 0, whole: 0, copies: 0, found: 0 };
            for part in honest {
                let copies = |way: &Disguise| -> Result<Vec<Row>, Box<dyn Error>> {
                    let mut copies = part.rows.iter().map(way).collect::<Result<Vec<_>, _>>()?;
                    // A row that stays what it was is no disguised copy, and what is left of two may be the same.
                    let mut seen: HashSet<_> = part.rows.iter().map(Row::digest).collect();
                    copies.retain(|row| seen.insert(row.digest()));
                    Ok(copies)
                };
                let mut parts = ways.iter().map(copies).collect::<Result<Vec<_>, _>>()?;
                parts.retain(|part| !part.is_empty());
                if parts.is_empty() {
                    continue;
                }
                let sent = parts.iter().map(Vec::len).sum::<usize>();
                let after = trained(&with(honest, parts)?)?;
                let (own, copied) = after.split_at(honest.len());
                let found = sent - copied.iter().sum::<usize>();
                all.contributors += 1;
                all.copies += sent;
                all.found += found;
                all.whole += usize::from(found == sent && own == before);
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
                "\n| copies of rows that the disguise changes | contributors, each in turn | copies | left out | contributors whose copies are all left out, and nothing else |\n\
                 |---|---|---|---|---|\n",
            );
        }
        for Self { disguise, contributors, whole, copies, found } in all {
            out.push_str(&format!("| {disguise} | {contributors} | {copies} | {found} | {whole} |\n"));
        }
        out
    }
}
