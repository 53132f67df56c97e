//! A family inside an engine.

use std::collections::HashMap;

use openledger_engine::{Engine, ScoreRow};

use crate::{AuditError, Family, Measurement, Variant, measure::micro_nats};

/// A family whose adapters are all loaded, ready to measure answers. Contributors of its tail have none and are not measured.
#[derive(Clone)]
pub struct AuditLane {
    engine: Engine,
    id: String,
    family: Family,
    /// What each variant does, in the order of [`Family::variants`]: variants of one generation are the same adapter.
    generations: Vec<[u8; 32]>,
}

impl AuditLane {
    /// Loads every adapter of a family under the ids `<id>/<variant>`, checking each digest.
    ///
    /// The served adapter may be loaded already under its id. When one adapter is refused, those
    /// that this call loaded before it are unloaded again.
    ///
    /// # Errors
    /// [`AuditError::BatchTooSmall`] and all errors of adapters.
    pub async fn load(engine: Engine, id: &str, family: Family) -> Result<Self, AuditError> {
        let mut lane = Self { engine, id: id.to_owned(), family, generations: Vec::new() };
        let (rows, limit) = (lane.family.variants().count() + 1, lane.engine.limits().max_score_rows);
        if rows > limit {
            return Err(AuditError::BatchTooSmall { rows, limit });
        }
        let mut loaded: Vec<String> = Vec::new();
        let mut generations = Vec::with_capacity(rows);
        for variant in lane.family.variants() {
            let id = lane.adapter_id(variant);
            match lane.engine.load_adapter(&id, &variant.folder, Some(variant.digest)).await {
                Ok(info) => {
                    loaded.push(id);
                    generations.push(info.generation);
                }
                Err(error) => {
                    for id in loaded {
                        // It was loaded a moment ago; if somebody unloaded it since, all is well.
                        let _ = lane.engine.unload_adapter(&id).await;
                    }
                    return Err(error.into());
                }
            }
        }
        lane.generations = generations;
        Ok(lane)
    }

    /// The family.
    #[must_use]
    pub fn family(&self) -> &Family {
        &self.family
    }

    /// Id of the served adapter in the engine.
    #[must_use]
    pub fn served_id(&self) -> String {
        self.adapter_id(&self.family.full)
    }

    /// Measures one answer: all variants and the base score it as one mixed batch.
    ///
    /// The rows are always the same in the same order (full, base, counterfactuals, placebos; a variant that is the same
    /// adapter as one before it takes that one's score), so the same runtime on the same processor gives the same integers.
    ///
    /// # Errors
    /// Errors of requests and inference, [`AuditError::OutOfRange`].
    pub async fn attribute(&self, prompt: &[u32], response: &[u32]) -> Result<Measurement, AuditError> {
        let family = &self.family;
        // Full comes first among the variants, and the base is none of them.
        let mut adapters = vec![Some(self.served_id()), None];
        let mut names = vec![family.full.name.as_str(), "base"];
        let mut row_of: HashMap<&[u8; 32], usize> =
            self.generations.first().map(|full| (full, 0)).into_iter().collect();
        let mut rows_of_variants = Vec::with_capacity(self.generations.len());
        for (variant, generation) in family.variants().zip(&self.generations).skip(1) {
            let row = *row_of.entry(generation).or_insert_with(|| {
                names.push(&variant.name);
                adapters.push(Some(self.adapter_id(variant)));
                adapters.len() - 1
            });
            rows_of_variants.push(row);
        }
        let rows = adapters
            .into_iter()
            .map(|adapter| ScoreRow { adapter, prompt: prompt.to_vec(), completion: response.to_vec() })
            .collect();
        let scores = self.engine.score(rows).await?;
        let values =
            names.iter().zip(scores).map(|(name, score)| micro_nats(name, score)).collect::<Result<Vec<i64>, _>>()?;
        let at = |row: usize| values.get(row).copied().ok_or(openledger_engine::EngineError::Stopped);
        let mut of_variants = rows_of_variants.into_iter().map(at).collect::<Result<Vec<i64>, _>>()?;
        let placebos = of_variants.split_off(family.counterfactuals.len().min(of_variants.len()));
        Ok(Measurement { full: at(0)?, base: at(1)?, counterfactuals: of_variants, placebos })
    }

    fn adapter_id(&self, variant: &Variant) -> String {
        variant.id_under(&self.id)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}
