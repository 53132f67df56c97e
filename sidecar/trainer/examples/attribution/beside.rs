//! Our rows' scores beside each peer's, on the questions that the peer scored.

use crate::{
    metrics::{Figure, lds},
    ours::Method,
    truth::Subsets,
};

/// LDS of both.
pub struct Beside {
    pub peer: String,
    ours: Figure,
    its: Figure,
}

impl Beside {
    /// Every peer among the methods that scores rows, against random tenths.
    pub fn all(own: &Method, methods: &[&Method], tenths: &Subsets) -> Vec<Self> {
        let one = |peer: &&Method| {
            let places =
                peer.questions.iter().filter_map(|question| own.questions.iter().position(|own| own == question));
            let rows: Vec<Vec<f64>> = places.filter_map(|place| own.rows.get(place).cloned()).collect();
            Self {
                peer: peer.name.clone(),
                ours: lds(&rows, &peer.questions, tenths),
                its: lds(&peer.rows, &peer.questions, tenths),
            }
        };
        methods.iter().filter(|method| method.peer && !method.rows.is_empty()).map(one).collect()
    }

    pub fn ratio(&self) -> f64 {
        self.ours.mean / self.its.mean
    }

    pub fn to_markdown(all: &[Self]) -> String {
        let mut out = "| peer | ours | its | ratio |\n|---|---|---|---|\n".to_owned();
        for beside in all {
            let Self { peer, ours, its } = beside;
            out.push_str(&format!("| {peer} | {ours} | {its} | {:.2} |\n", beside.ratio()));
        }
        out
    }
}

/// Of several settings of one method the one with the best score: peers are tuned on the truth itself, in their favour.
pub fn best_of_each<'m>(methods: &'m [Method], tenths: &Subsets) -> Vec<&'m Method> {
    let mut best: Vec<(&Method, f64)> = Vec::new();
    for method in methods {
        let score = if method.rows.is_empty() { 0.0 } else { lds(&method.rows, &method.questions, tenths).mean };
        match best.iter_mut().find(|(other, _)| other.name == method.name) {
            Some(place) if place.1 < score => *place = (method, score),
            Some(_) => {}
            None => best.push((method, score)),
        }
    }
    best.into_iter().map(|(method, _)| method).collect()
}
