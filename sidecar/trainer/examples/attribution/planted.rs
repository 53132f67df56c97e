//! What contributors of the benchmark's own making get: noise is to earn nothing.

/// By name in the rows.
const NAMES: [&str; 3] = ["spam", "copier", "teller-01"];

/// One of them.
pub struct Planted {
    name: &'static str,
    /// Mean share of the positive scores.
    scored: f64,
    /// Mean part of the contributor fee by the protocol's rule: scores above the noise floor, held against the lift.
    paid: f64,
    /// Questions that pay it anything.
    questions: usize,
}

impl Planted {
    /// Of each question, every contributor's score and part of the fee. Nothing for rows without such contributors.
    pub fn all(names: &[String], scores: &[Vec<f64>], paid: &[Vec<f64>]) -> Vec<Self> {
        let one = |name: &'static str| {
            let at = names.iter().position(|known| known == name)?;
            let shares = scores.iter().map(|scores| {
                let sum: f64 = scores.iter().map(|score| score.max(0.0)).sum();
                if sum > 0.0 { scores[at].max(0.0) / sum } else { 0.0 }
            });
            Some(Self {
                name,
                scored: shares.sum::<f64>() / scores.len() as f64,
                paid: paid.iter().map(|paid| paid[at]).sum::<f64>() / paid.len() as f64,
                questions: paid.iter().filter(|paid| paid[at] > 0.0).count(),
            })
        };
        let planted: Vec<Self> = NAMES.into_iter().filter_map(one).collect();
        if planted.is_empty() {
            return planted;
        }
        let sums: Vec<f64> = paid.iter().map(|paid| paid.iter().sum()).collect();
        let everybody = Self {
            name: "all contributors",
            scored: 1.0,
            paid: sums.iter().sum::<f64>() / sums.len() as f64,
            questions: sums.iter().filter(|sum| **sum > 0.0).count(),
        };
        planted.into_iter().chain([everybody]).collect()
    }

    /// A table; nothing for nobody.
    pub fn to_markdown(planted: &[Self]) -> String {
        if planted.is_empty() {
            return String::new();
        }
        let mut out = "\n| planted contributor | share of positive scores | paid, above the noise floor | questions that pay it |\n\
                       |---|---|---|---|\n"
            .to_owned();
        for Self { name, scored, paid, questions } in planted {
            let (scored, paid) = (scored * 100.0, paid * 100.0);
            out.push_str(&format!("| {name} | {scored:.3} % | {paid:.3} % | {questions} |\n"));
        }
        out
    }
}
