//! Laying caches out anew where they are, by two small graphs of Gather and Concat, which every provider has for floats of any size.

use ort::{
    memory::MemoryInfo,
    session::Session,
    value::{DynValue, Tensor},
};

use super::graphs::{join, model, numbered, pick};
use crate::{
    EngineError, Provider,
    backend::batch_cache::{BatchCache, CacheRow},
    error::inference,
    interface::Interface,
    runtime::Runtime,
};

/// Sessions over caches of as many tensors as the model has.
pub(super) struct Regroup {
    /// Rows and positions of one cache.
    pick: Session,
    /// The rows of two caches one after the other.
    join: Session,
    /// One position of one row, all zeros, from which rows begin: in memory that was used before there may be what is no number,
    /// and that times nothing is still no number.
    zero: BatchCache,
}

/// What one source gives to a new cache.
struct Part<'k> {
    from: &'k BatchCache,
    rows: Vec<usize>,
}

impl Regroup {
    /// Starts both sessions on the model's provider, whose memory `memory` is.
    ///
    /// # Errors
    /// [`EngineError::ModelUnsupported`] when the runtime refuses the graphs, [`EngineError::Inference`].
    pub fn start(
        runtime: &Runtime,
        provider: Provider,
        interface: &Interface,
        memory: &MemoryInfo<'_>,
    ) -> Result<Self, EngineError> {
        let (tensors, of) = (interface.past.len(), interface.cache_type);
        let session = |graph| runtime.session_on(provider, &model(graph)?, 1);
        let zero = BatchCache::zeros(of, tensors, [1, interface.kv_heads, 1, interface.head_size])?;
        let mut own = Self { pick: session(pick(tensors, of))?, join: session(join(tensors, of))?, zero };
        // From here on where the others are.
        own.zero = own.zeros(1, 1, memory)?;
        Ok(own)
    }

    /// A cache of zeros.
    ///
    /// # Errors
    /// [`EngineError::Inference`].
    pub fn zeros(&mut self, rows: usize, room: usize, memory: &MemoryInfo<'_>) -> Result<BatchCache, EngineError> {
        picked(&mut self.pick, &self.zero, &vec![0; rows], room, memory)
    }

    /// A new cache of copies of the given rows, with `room` positions, at least as many as any row is long.
    ///
    /// # Errors
    /// [`EngineError::Inference`].
    pub fn gather(
        &mut self,
        rows: &[CacheRow<'_>],
        room: usize,
        memory: &MemoryInfo<'_>,
    ) -> Result<BatchCache, EngineError> {
        if rows.iter().any(|row| row.row >= row.from.rows() || row.length > row.from.room() || row.length > room) {
            return Err(inference("the key-value cache has an unexpected shape"));
        }
        let mut parts: Vec<Part<'_>> = Vec::new();
        for row in rows {
            match parts.last_mut() {
                Some(part) if std::ptr::eq(part.from, row.from) => part.rows.push(row.row),
                _ => parts.push(Part { from: row.from, rows: vec![row.row] }),
            }
        }
        let mut gathered: Option<BatchCache> = None;
        for Part { from, rows } in parts {
            let picked = picked(&mut self.pick, from, &rows, room, memory)?;
            gathered = Some(match gathered {
                None => picked,
                Some(before) => self.join(&before, &picked, memory)?,
            });
        }
        gathered.ok_or_else(|| inference("a cache of no rows"))
    }

    /// A copy with more room.
    ///
    /// # Errors
    /// As [`Regroup::gather`].
    pub fn grown(
        &mut self,
        cache: &BatchCache,
        room: usize,
        memory: &MemoryInfo<'_>,
    ) -> Result<BatchCache, EngineError> {
        let rows: Vec<usize> = (0..cache.rows()).collect();
        picked(&mut self.pick, cache, &rows, room, memory)
    }

    fn join(
        &mut self,
        left: &BatchCache,
        right: &BatchCache,
        memory: &MemoryInfo<'_>,
    ) -> Result<BatchCache, EngineError> {
        run(&mut self.join, &[("left", left), ("right", right)], &[], "joined", memory)
    }
}

/// Rows of a cache with `room` positions.
fn picked(
    session: &mut Session,
    from: &BatchCache,
    rows: &[usize],
    room: usize,
    memory: &MemoryInfo<'_>,
) -> Result<BatchCache, EngineError> {
    // Beyond what is stored the last position again: nobody reads there before writing.
    let last = from.room().saturating_sub(1);
    let positions: Vec<usize> = (0..room).map(|position| position.min(last)).collect();
    let indices = [("rows", integers(rows)?), ("positions", integers(&positions)?)];
    run(session, &[("cache", from)], &indices, "picked", memory)
}

/// Runs a graph over all tensors of caches; its outputs stay in `memory`.
fn run(
    session: &mut Session,
    caches: &[(&str, &BatchCache)],
    indices: &[(&str, DynValue)],
    result: &str,
    memory: &MemoryInfo<'_>,
) -> Result<BatchCache, EngineError> {
    let mut binding = session.create_binding().map_err(inference)?;
    for (name, value) in indices {
        binding.bind_input(*name, value).map_err(inference)?;
    }
    let mut tensors = 0;
    for (name, cache) in caches {
        tensors = cache.tensors.len();
        for (index, value) in cache.tensors.iter().enumerate() {
            binding.bind_input(numbered(name, index), value).map_err(inference)?;
        }
    }
    for index in 0..tensors {
        binding.bind_output_to_device(numbered(result, index), memory).map_err(inference)?;
    }
    binding.synchronize_inputs().map_err(inference)?;
    let mut outputs = session.run_binding(&binding).map_err(inference)?;
    let mut take = |index: usize| outputs.remove(numbered(result, index)).ok_or_else(|| inference("a cache got lost"));
    Ok(BatchCache { tensors: (0..tensors).map(&mut take).collect::<Result<_, _>>()? })
}

fn integers(values: &[usize]) -> Result<DynValue, EngineError> {
    let values: Vec<i64> = values.iter().map(|&value| i64::try_from(value).unwrap_or(i64::MAX)).collect();
    Tensor::from_array(([values.len()], values)).map(Tensor::into_dyn).map_err(inference)
}
