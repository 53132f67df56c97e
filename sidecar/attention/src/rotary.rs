//! Rotary position embedding.

/// Copies a head, turning its first `2 * cos.len()` components by the angles of its position.
///
/// Component `i` forms a pair with its neighbour when `interleaved`, else with the one that is
/// half of the turned width away. Only multiplications, an addition and a subtraction, each
/// rounded: the same bits wherever it runs.
pub(crate) fn rotate(head: &[f32], cos: &[f32], sin: &[f32], interleaved: bool, out: &mut [f32]) {
    out.copy_from_slice(head);
    let half = cos.len().min(sin.len());
    for pair in 0..half {
        let (first, second) = if interleaved { (2 * pair, 2 * pair + 1) } else { (pair, pair + half) };
        let (x, y) = (head[first], head[second]);
        out[first] = x * cos[pair] - y * sin[pair];
        out[second] = y * cos[pair] + x * sin[pair];
    }
}
