//! Keys and values of all layers.

use std::sync::{Mutex, MutexGuard, PoisonError};

use openledger_attention::{KvLayout, LayerCache};

/// The blocks of every layer. A block id means the same tokens in all of them.
pub(crate) struct KvCache {
    layout: KvLayout,
    layers: Vec<Mutex<LayerCache>>,
}

impl KvCache {
    /// A cache of `layers` layers that may use the blocks below `blocks`. It has no memory yet.
    pub fn new(layers: usize, layout: KvLayout, blocks: usize) -> Self {
        let layers = (0..layers).map(|_| Mutex::new(LayerCache::new(layout, blocks))).collect();
        Self { layout, layers }
    }

    /// How each layer lays out its blocks.
    pub fn layout(&self) -> &KvLayout {
        &self.layout
    }

    /// One layer, for one operator at a time.
    pub fn layer(&self, layer: usize) -> Option<MutexGuard<'_, LayerCache>> {
        // A panic leaves half-written tokens of a step that failed: nobody reads them.
        Some(self.layers.get(layer)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Bytes that the layers have taken so far.
    pub fn bytes(&self) -> usize {
        let layers = (0..self.layers.len()).filter_map(|layer| self.layer(layer));
        layers.map(|layer| layer.bytes()).fold(0, usize::saturating_add)
    }
}
