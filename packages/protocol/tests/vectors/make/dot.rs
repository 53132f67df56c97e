use openledger_protocol::dot::{MAX_DIMENSIONS, dot};
use serde_json::{Value, json};

use crate::names;

pub fn make() -> Value {
    let ramp: Vec<i8> = (i8::MIN..=i8::MAX).collect();
    let back: Vec<i8> = ramp.iter().rev().copied().collect();
    let valid: [(&[i8], &[i8], usize); 6] = [
        (&[], &[], 1),
        (&[1, -2, 3], &[4, 5, -6], 1),
        (&[127, -128], &[-128, 127], 1),
        (&ramp, &back, 1),
        (&[-128], &[-128], MAX_DIMENSIONS),
        (&[-128], &[127], MAX_DIMENSIONS),
    ];
    let valid = valid.map(|(left, right, times)| {
        let product = dot(&left.repeat(times), &right.repeat(times)).unwrap();
        json!({ "left": left, "right": right, "times": times, "dot": product })
    });
    let invalid: [(&[i8], &[i8], usize); 3] =
        [(&[1], &[], 1), (&[1, 2], &[1, 2, 3], 1), (&[1], &[1], MAX_DIMENSIONS + 1)];
    let invalid = invalid.map(|(left, right, times)| {
        let error = dot(&left.repeat(times), &right.repeat(times)).unwrap_err();
        json!({ "left": left, "right": right, "times": times, "error": names::dot(&error) })
    });
    json!({
        "about": "integer dot products of int8 vectors; both vectors are repeated so many times",
        "max_dimensions": MAX_DIMENSIONS,
        "valid": valid,
        "invalid": invalid,
    })
}
