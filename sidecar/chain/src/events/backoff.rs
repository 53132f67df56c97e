//! Pauses between attempts: doubled each time, up to a limit, each shortened at random so that many clients of one node
//! do not come back together.

use std::time::Duration;

pub(super) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub fn new(first: Duration, most: Duration) -> Self {
        let first = first.max(Duration::from_millis(1));
        Self { first, most: most.max(first), next: first }
    }

    /// The next pause: between half of it and all of it.
    pub fn pause(&mut self) -> Duration {
        let full = self.next;
        self.next = full.saturating_mul(2).min(self.most);
        let mut random = [0; 4];
        // Without randomness the pause is whole, which is only less spread out.
        let share = match getrandom::fill(&mut random) {
            Ok(()) => f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX),
            Err(_) => 1.0,
        };
        full.div_f64(2.0) + full.div_f64(2.0).mul_f64(share)
    }

    /// Something worked.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_limit_and_start_again() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(100), ms(450));
        for full in [100, 200, 400, 450, 450] {
            let pause = backoff.pause();
            assert!(pause >= ms(full) / 2 && pause <= ms(full), "{pause:?} of {full} ms");
        }
        backoff.reset();
        assert!(backoff.pause() <= ms(100));
        assert!(Backoff::new(Duration::ZERO, Duration::ZERO).pause() > Duration::ZERO, "never a busy loop");
    }
}
