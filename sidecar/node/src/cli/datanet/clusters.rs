use std::{fmt::Write, path::PathBuf};

use clap::Args;
use openledger_corpus::{Contribution, Datanet as Rows, Row};
use serde_json::json;

use super::{
    super::{Output, print},
    engine::Engine,
};
use crate::error::NodeError;

#[derive(Debug, Args)]
pub struct Clusters {
    /// Folder of the rows, one file per contributor.
    datanet: PathBuf,
    /// Least similarity of two near rows, from 0.65 to 1.
    #[arg(long, default_value = "0.8", value_parser = per_cent)]
    threshold: u32,
    /// Contributors in order of registration, earliest first, divided by commas; the others follow by name.
    #[arg(long, value_delimiter = ',')]
    order: Vec<String>,
    #[command(flatten)]
    engine: Engine,
}

impl Clusters {
    pub async fn run(self, output: Output) -> Result<(), NodeError> {
        let mut datanet = Rows::load(&self.datanet)?;
        if let Some(stranger) = self.order.iter().find(|name| datanet.cluster(name).is_none()) {
            return Err(NodeError::BadRequest { field: "order", problem: format!("no rows of {stranger:?}") });
        }
        let place = |part: &Contribution| self.order.iter().position(|name| *name == part.contributor);
        // The sort is stable: whoever is not named keeps the order by name, behind all who are.
        datanet.contributions.sort_by_key(|part| place(part).unwrap_or(usize::MAX));
        let rows: Vec<(&str, usize, &Row)> = datanet.contributions.iter().flat_map(of_part).collect();
        let bare: Vec<&Row> = rows.iter().map(|(_, _, row)| *row).collect();
        let found = self.engine.clusters(&bare, self.threshold).await?;
        let at = |row: &u32| rows.get(*row as usize);
        let mut text = String::new();
        let mut shared = Vec::new();
        for members in found.rows.iter().filter(|members| members.len() > 1) {
            let members: Vec<_> = members.iter().filter_map(at).collect();
            let Some((first, line, row)) = members.first() else { continue };
            let _ = writeln!(text, "{} rows, first {first}, row {line}: {:?}", members.len(), row.prompt());
            for (who, line, _) in members.iter().skip(1) {
                let _ = writeln!(text, "  {who}, row {line}");
            }
            let places = members.iter().map(|(who, line, _)| json!({ "contributor": who, "row": line }));
            shared.push(json!({ "first": first, "rows": places.collect::<Vec<_>>() }));
        }
        let root = hex::encode(found.root);
        let _ = write!(
            text,
            "{} rows in {} clusters, {} of more than one row; root {root}",
            rows.len(),
            found.rows.len(),
            shared.len()
        );
        let value = json!({
            "rows": rows.len(),
            "clusters": found.rows.len(),
            "threshold_percent": self.threshold,
            "root": root,
            "shared": shared,
        });
        print(output, &text, &value);
        Ok(())
    }
}

fn of_part(part: &Contribution) -> impl Iterator<Item = (&str, usize, &Row)> {
    (1..).zip(&part.rows).map(|(line, row)| (part.contributor.as_str(), line, row))
}

/// A share such as 0.85 in per cent; decisions are made in integers, so that finer ones are refused.
pub fn per_cent(text: &str) -> Result<u32, String> {
    let wrong = || "give a number such as 0.8 or 0.85".to_string();
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if part.is_empty() || part.len() > 2 || !part.bytes().chain(whole.bytes()).all(|sign| sign.is_ascii_digit()) {
        return Err(wrong());
    }
    let whole: u32 = whole.parse().map_err(|_| wrong())?;
    let hundredths: u32 = format!("{part:0<2}").parse().map_err(|_| wrong())?;
    whole.checked_mul(100).and_then(|whole| whole.checked_add(hundredths)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::per_cent;

    #[test]
    fn shares_are_read_exactly() {
        assert_eq!(["0.8", "0.85", "1", "0.07", "1.0"].map(per_cent), [Ok(80), Ok(85), Ok(100), Ok(7), Ok(100)]);
        for wrong in ["", ".8", "0.", "0.855", "-0.8", "80%", "0.-8", "99999999999"] {
            assert!(per_cent(wrong).is_err(), "{wrong}");
        }
    }
}
