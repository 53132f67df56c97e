//! The memory of one adapter in one piece, on large pages where the system has them.
//!
//! A step reads the weights of every adapter in it once, from memory. On pages of 4 KiB each page costs a look-up of its own, and
//! the processor does not read ahead beyond its end; a large page holds a whole layer or more.

use memmap2::MmapMut;

/// Adapters below this stay on small pages: a large one would be mostly empty.
const LEAST_BYTES: usize = 2 << 20;
/// Modules begin at whole cache lines.
const ALIGNMENT: usize = 64;

/// Bytes that are written once.
#[derive(Debug)]
pub(crate) struct Region(MmapMut);

/// Copies parts into one region and says where each begins, in bytes. `None` when they are too few, or there is no memory in this
/// form: then they stay where they are.
pub(crate) fn gather(parts: &[&[u8]]) -> Option<(Region, Vec<usize>)> {
    let mut starts = Vec::with_capacity(parts.len());
    let mut total = 0_usize;
    for part in parts {
        starts.push(total);
        total = total.checked_add(part.len())?.checked_next_multiple_of(ALIGNMENT)?;
    }
    if total < LEAST_BYTES {
        return None;
    }
    let mut map = MmapMut::map_anon(total).ok()?;
    // Advice: a system that has no large pages serves small ones.
    #[cfg(target_os = "linux")]
    let _ = map.advise(memmap2::Advice::HugePage);
    for (part, start) in parts.iter().zip(&starts) {
        map.get_mut(*start..)?.get_mut(..part.len())?.copy_from_slice(part);
    }
    Some((Region(map), starts))
}

impl Region {
    /// Some of the bytes; none when they are not there.
    pub fn get(&self, start: usize, length: usize) -> &[u8] {
        self.0.get(start..).and_then(|rest| rest.get(..length)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_as_they_were_at_whole_cache_lines() {
        let parts: Vec<Vec<u8>> =
            [1, 64, 65, LEAST_BYTES].iter().map(|&length| (0..length).map(|at| (at % 251) as u8).collect()).collect();
        let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let (region, starts) = gather(&slices).unwrap();
        for (part, &start) in parts.iter().zip(&starts) {
            assert_eq!(start % ALIGNMENT, 0);
            assert_eq!(region.get(start, part.len()), part);
        }
        assert!(region.get(starts[3], LEAST_BYTES + ALIGNMENT).is_empty());
        assert!(gather(&slices[..3]).is_none());
    }
}
