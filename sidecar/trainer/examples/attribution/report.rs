//! The tables, and the bars they are judged by.

use std::error::Error;

use openledger_attribution::index::agreement::spearman;
use serde_json::{Value, json};

use crate::{
    attacks::Attacks,
    beside::{Beside, best_of_each},
    metrics::{Figure, area, correlation, lds, payout_error, reciprocal_rank},
    ours::{AS_PAID, Method},
    planted::Planted,
    plot::{Bar, Panel, Side},
    removal::Removal,
    setting::Setting,
    truth::{Subsets, Truth},
};

/// The method that stands for us where rows are scored.
const OURS: &str = "tangents, 16 draws, held to secants, index";
/// The same in a quick run.
const OURS_QUICK: &str = "tangents, 4 draws, held to secants, index";
/// Methods whose highest rows are really taken away.
const REMOVED_BY: [&str; 5] = [OURS, "bm25", "ekfac", "magic", "gradient"];

/// One method's line.
struct Line {
    name: String,
    settings: String,
    peer: bool,
    questions: usize,
    tenths: Option<Figure>,
    halves: Option<Figure>,
    averaged: Option<Figure>,
    contributors: Figure,
    without: Figure,
    payout: Figure,
    paraphrases: Option<Figure>,
    literal: Option<Figure>,
    wrong: Option<f64>,
    build_ms: Option<f64>,
    question_ms: Option<f64>,
    bytes: Option<f64>,
}

pub struct Report {
    head: String,
    lines: Vec<Line>,
    reliability: Reliability,
    /// The audit lane's payout against itself in another order of the rows.
    audit: Figure,
    /// Our rows' scores over a peer's, on the peer's questions: its name, ours, its.
    beside: Vec<Beside>,
    removal: Removal,
    attacks: Attacks,
    /// Contributors that the benchmark planted, by the index of secants.
    planted: Vec<Planted>,
}

impl Report {
    pub fn of(setting: &Setting, truth: &Truth, methods: &[Method], attacks: Attacks) -> Result<Self, Box<dyn Error>> {
        let best = best_of_each(methods, &truth.tenths);
        let lines = best.iter().map(|method| line(setting, truth, method)).collect();
        let own = best
            .iter()
            .find(|method| method.name == OURS)
            .or_else(|| best.iter().find(|method| method.name == OURS_QUICK));
        let beside = own.map_or_else(Vec::new, |own| Beside::all(own, &best, &truth.tenths));
        let tried: Vec<&Method> =
            best.iter().copied().filter(|method| REMOVED_BY.contains(&method.name.as_str())).collect();
        let removal = Removal::of(setting, &truth.whole, &tried)?;
        let by_index = best.iter().rev().find(|method| method.name == AS_PAID);
        let planted = by_index.map_or_else(Vec::new, |method| {
            Planted::all(setting.examples.contributors(), &method.contributors, &method.paid)
        });
        let reliability = Reliability::of(&truth.halves);
        let audit: Vec<f64> = (0..setting.questions.len())
            .map(|question| {
                let own = losses(&truth.whole, &truth.without.log_probs, question);
                let other = losses(&truth.whole_reordered, &truth.without_reordered.log_probs, question);
                payout_error(&own, &other)
            })
            .collect();
        let lost = |whole: &[f64]| whole.iter().sum::<f64>() / whole.len() as f64;
        let head = format!(
            "{} rows of {} contributors, {} questions; {} factors; trained in {:.1} s; answers have {:.2} nats under the base and \
             {:.2} under the adapter in the mean; {} retrainings ({:.0} s of this run), digest {}.\n",
            setting.examples.len(),
            setting.examples.contributors().len(),
            setting.questions.len(),
            setting.layout.len,
            setting.train_seconds,
            lost(&truth.base),
            lost(&truth.whole),
            truth.retrainings,
            truth.seconds,
            setting.digest,
        );
        Ok(Self { head, lines, reliability, audit: Figure::of(&audit), beside, removal, attacks, planted })
    }

    pub fn to_markdown(&self) -> String {
        let mut out = format!(
            "{}\n{}The audit lane's division in another order: distance {}.\n\n",
            self.head,
            self.reliability.to_markdown(),
            self.audit,
        );
        out.push_str(
            "| method | questions | LDS, tenths | LDS, halves | LDS, halves, mean of orders | contributor LDS | leave-one-contributor-out | payout error | MRR paraphrased | MRR literal | wrong rows, AUC | build, ms a row | question, ms | bytes a row |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        let figure = |figure: &Option<Figure>| figure.map_or_else(|| "–".to_owned(), |figure| figure.to_string());
        let number = |value: Option<f64>, digits: usize| {
            value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
        };
        for line in &self.lines {
            out.push_str(&format!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                line.name,
                line.questions,
                figure(&line.tenths),
                figure(&line.halves),
                figure(&line.averaged),
                line.contributors,
                line.without,
                line.payout,
                figure(&line.paraphrases),
                figure(&line.literal),
                number(line.wrong, 3),
                number(line.build_ms, 1),
                number(line.question_ms, 1),
                number(line.bytes, 0),
            ));
        }
        out.push_str("\nRows' LDS (tenths) of our index beside each peer, on the peer's questions:\n\n");
        out.push_str(&Beside::to_markdown(&self.beside));
        out.push_str(&format!(
            "\nTaking away the {} rows that a method ranks highest, for {} questions: what the answer loses, in nats.\n\n\
             | rows by | loss | over random |\n|---|---|---|\n",
            self.removal.rows, self.removal.questions
        ));
        let random = self.removal.losses.first().map_or(0.0, |(_, losses)| Figure::of(losses).mean);
        for (name, losses) in &self.removal.losses {
            let loss = Figure::of(losses);
            out.push_str(&format!("| {name} | {loss} | {:+.3} |\n", loss.mean - random));
        }
        out.push_str(&self.attacks.to_string());
        out.push_str(&Planted::to_markdown(&self.planted));
        out.push_str("\nSettings:\n\n");
        for line in self.lines.iter().filter(|line| !line.settings.is_empty()) {
            out.push_str(&format!("- {}: {}\n", line.name, line.settings));
        }
        out
    }

    /// The columns that are drawn.
    pub fn panels(&self) -> Vec<Panel> {
        let panel = |title: &str, figure: fn(&Line) -> Option<Figure>| {
            let bar = |line: &Line| {
                let side = if line.peer { Side::Theirs } else { Side::Ours };
                let Figure { mean, low, high } = figure(line)?;
                Some(Bar { name: line.name.clone(), side, low, value: mean, high, label: format!("{mean:.2}") })
            };
            let mut bars: Vec<Bar> = self.lines.iter().filter_map(bar).collect();
            bars.sort_by(|left, right| right.value.total_cmp(&left.value));
            Panel { title: title.to_owned(), bars }
        };
        vec![
            panel("Rows: linear datamodeling score, tenths", |line| line.tenths),
            panel("Contributors: order of leaving each one out (Spearman)", |line| Some(line.without)),
            panel("Contributors: payout error (less is better)", |line| Some(line.payout)),
        ]
    }

    fn named(&self, start: &str) -> Option<&Line> {
        self.lines.iter().rev().find(|line| line.name.starts_with(start))
    }

    /// The bars that this run can judge.
    pub fn bars(&self) -> Value {
        let least =
            |name: &str, value: f64, bar: f64| json!({"name": name, "value": value, "bar": bar, "holds": value >= bar});
        let most =
            |name: &str, value: f64, bar: f64| json!({"name": name, "value": value, "bar": bar, "holds": value <= bar});
        let mut bars = Vec::new();
        let mean = |figure: Option<Figure>| figure.map_or(0.0, |figure| figure.mean);
        if let Some(tangents) = self.named(OURS).or_else(|| self.named(OURS_QUICK)) {
            let own = mean(tangents.tenths);
            bars.push(least("row_lds", own, 0.6));
            for (peer, name, factor) in [("ekfac", "row_lds_over_ekfac", 1.5), ("magic", "row_lds_over_magic", 0.9)] {
                if let Some(beside) = self.beside.iter().find(|beside| beside.peer == peer) {
                    bars.push(least(name, beside.ratio(), factor));
                }
            }
        }
        if let Some(secants) = self.named("secants") {
            bars.push(least("contributor_lds", secants.contributors.mean, 0.9));
            bars.push(least("leave_one_contributor_out", secants.without.mean, 0.9));
            bars.push(most("payout_error", secants.payout.mean, 0.1));
        }
        json!({ "bars": bars })
    }
}

/// What the truth of random halves says of itself.
struct Reliability {
    /// Orders of the rows.
    orders: usize,
    /// The same halves in one order and in another.
    single: Figure,
    /// The mean of a half of the orders and of the other half.
    split: Figure,
}

impl Reliability {
    fn of(halves: &[Subsets]) -> Self {
        let pairs = |left: &Subsets, right: &Subsets| -> Vec<(Vec<f64>, Vec<f64>)> {
            let questions = left.log_probs.first().map_or(0, Vec::len);
            let column = |of: &Subsets, question: usize| of.log_probs.iter().map(|all| all[question]).collect();
            (0..questions).map(|at| (column(left, at), column(right, at))).collect()
        };
        let orders = halves.len();
        let single = (0..orders).flat_map(|right| (0..right).map(move |left| (left, right)));
        let single = single.flat_map(|(left, right)| pairs(&halves[left], &halves[right]));
        // Every way to divide the orders in two, once: the first order's side.
        let sides = (0..1_usize << orders).filter(|side| side & 1 == 1 && side.count_ones() as usize * 2 == orders);
        let split = sides.flat_map(|side| {
            let (left, right): (Vec<_>, Vec<_>) = (0..orders).partition(|order| side >> order & 1 == 1);
            let mean = |of: Vec<usize>| Subsets::mean(&of.iter().map(|&order| &halves[order]).collect::<Vec<_>>());
            pairs(&mean(left), &mean(right))
        });
        let (single, split) = (single.collect::<Vec<_>>(), split.collect::<Vec<_>>());
        Self { orders, single: correlation(&single), split: correlation(&split) }
    }

    fn to_markdown(&self) -> String {
        let Self { orders, single, split } = self;
        // Spearman and Brown: a mean of twice as many.
        let whole = 2.0 * split.mean / (1.0 + split.mean);
        format!(
            "The same halves in another order of the rows: Spearman {single}. Mean of half of the {orders} orders against that of the \
             others: {split}; by Spearman and Brown the mean of all has {whole:.3}. "
        )
    }
}

/// What each contributor's absence costs an answer, in nats.
fn losses(whole: &[f64], without: &[Vec<f64>], question: usize) -> Vec<f64> {
    without.iter().map(|log_probs| whole[question] - log_probs[question]).collect()
}

fn line(setting: &Setting, truth: &Truth, method: &Method) -> Line {
    let by_rows = !method.rows.is_empty();
    let of = |subsets: &Subsets| by_rows.then(|| lds(&method.rows, &method.questions, subsets));
    let contributors = lds(&method.contributors, &method.questions, &truth.contributors.by_contributor(setting));
    let pairs = method.contributors.iter().zip(&method.questions);
    let pairs: Vec<(Vec<f64>, Vec<f64>)> = pairs
        .map(|(scores, &question)| (scores.clone(), losses(&truth.whole, &truth.without.log_probs, question)))
        .collect();
    let ranks: Vec<f64> = pairs.iter().map(|(left, right)| spearman(left, right).unwrap_or(0.0)).collect();
    let payouts: Vec<f64> = pairs.iter().map(|(left, right)| payout_error(left, right)).collect();
    let traced = |kind: &str| {
        let ranks: Vec<f64> = method
            .rows
            .iter()
            .zip(&method.questions)
            .filter(|(_, question)| setting.questions[**question].kind == kind)
            .map(|(scores, question)| reciprocal_rank(scores, &setting.questions[*question].tellers))
            .collect();
        (!ranks.is_empty()).then(|| Figure::of(&ranks))
    };
    let wrong = (by_rows && !setting.planted.wrong.is_empty()).then(|| {
        let mut sums = vec![0.0; setting.examples.len()];
        for (scores, _) in
            method.rows.iter().zip(&method.questions).filter(|(_, at)| !setting.questions[**at].tellers.is_empty())
        {
            sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
        }
        area(&sums, &setting.planted.wrong)
    });
    Line {
        name: method.name.clone(),
        settings: method.settings.clone(),
        peer: method.peer,
        questions: method.questions.len(),
        tenths: of(&truth.tenths),
        halves: truth.halves.first().and_then(of),
        averaged: of(&Subsets::mean(&truth.halves.iter().collect::<Vec<_>>())),
        contributors,
        without: Figure::of(&ranks),
        payout: Figure::of(&payouts),
        paraphrases: traced("paraphrase"),
        literal: traced("literal"),
        wrong,
        build_ms: method.build_seconds.map(|seconds| seconds * 1e3),
        question_ms: method.question_seconds.map(|seconds| seconds * 1e3),
        bytes: method.bytes,
    }
}
