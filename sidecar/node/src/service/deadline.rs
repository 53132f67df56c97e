//! The deadline of a call, as gRPC clients state it: `grpc-timeout`, at most eight digits and a unit (gRPC over HTTP/2).

use std::time::{Duration, Instant};

use tonic::metadata::MetadataMap;

/// When the caller stops waiting; `None` when it does not say, or not in the form of the standard.
pub fn of(metadata: &MetadataMap) -> Option<Instant> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    Instant::now().checked_add(timeout(text)?)
}

fn timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_the_standard() {
        assert_eq!(timeout("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(timeout("3M"), Some(Duration::from_secs(180)));
        assert_eq!(timeout("99999999S"), Some(Duration::from_secs(99_999_999)));
        assert_eq!(timeout("250m"), Some(Duration::from_millis(250)));
        assert_eq!((timeout("7u"), timeout("8n")), (Some(Duration::from_micros(7)), Some(Duration::from_nanos(8))));
        for wrong in ["", "S", "5", "123456789S", "-1S", "1.5S", "1s", "1é"] {
            assert_eq!(timeout(wrong), None, "{wrong}");
        }
    }
}
