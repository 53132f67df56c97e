//! What clients saw.

use std::time::{Duration, Instant};

/// One request. Times count from its own beginning.
pub struct Seen {
    pub began: Instant,
    /// When each token came.
    pub tokens: Vec<Duration>,
    /// When the text ended.
    pub ended: Duration,
    /// When the receipt came, over gRPC: the client does not wait for it to ask again.
    pub receipt: Option<Duration>,
}

/// All requests of a measurement.
pub struct Measured {
    began: Instant,
    requests: Vec<Seen>,
    new_tokens: usize,
}

impl Measured {
    pub fn new(began: Instant, requests: Vec<Seen>, new_tokens: usize) -> Self {
        Self { began, requests, new_tokens }
    }

    pub fn tokens(&self) -> usize {
        self.requests.iter().map(|request| request.tokens.len()).sum()
    }

    /// Answers that ended early: random weights may say the end token.
    pub fn short_answers(&self) -> usize {
        self.requests.iter().filter(|request| request.tokens.len() < self.new_tokens).count()
    }

    /// All tokens over the time until the last of them.
    pub fn tokens_per_second(&self) -> f64 {
        self.per_second(|request| request.tokens.last().copied().unwrap_or(request.ended))
    }

    /// All tokens over the time until the last receipt came, or the last text ended where there are none.
    pub fn receipted_tokens_per_second(&self) -> f64 {
        self.per_second(|request| request.receipt.unwrap_or(request.ended))
    }

    fn per_second(&self, until: impl Fn(&Seen) -> Duration) -> f64 {
        let last = self.requests.iter().map(|request| request.began + until(request)).max();
        let wall = last.map_or(Duration::ZERO, |last| last.duration_since(self.began));
        self.tokens() as f64 / wall.as_secs_f64()
    }

    /// Median and 95th percentile.
    pub fn first_token_ms(&self) -> [f64; 2] {
        percentiles(self.requests.iter().filter_map(|request| request.tokens.first().copied()).collect())
    }

    /// Median and 95th percentile.
    pub fn inter_token_ms(&self) -> [f64; 2] {
        let pairs = self.requests.iter().flat_map(|request| request.tokens.windows(2).map(|pair| pair[1] - pair[0]));
        percentiles(pairs.collect())
    }

    /// Median and 95th percentile of the time from the last token to the receipt.
    pub fn receipt_ms(&self) -> Option<[f64; 2]> {
        let waits = self.requests.iter().filter_map(|request| request.receipt?.checked_sub(*request.tokens.last()?));
        let waits: Vec<Duration> = waits.collect();
        (!waits.is_empty()).then(|| percentiles(waits))
    }
}

fn percentiles(mut times: Vec<Duration>) -> [f64; 2] {
    times.sort_unstable();
    [50, 95].map(|percent| {
        let at = times.len() * percent / 100;
        times.get(at.min(times.len().saturating_sub(1))).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    })
}
