//! A family inside an engine.

use openledger_engine::{Engine, ScoreRow};

use crate::{AuditError, Family, Measurement, Variant, measure::micro_nats};

/// A family whose adapters are all loaded, ready to measure answers.
#[derive(Clone)]
pub struct AuditLane {
    engine: Engine,
    id: String,
    family: Family,
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
        let lane = Self { engine, id: id.to_owned(), family };
        let (rows, limit) = (lane.family.variants().count() + 1, lane.engine.limits().max_score_rows);
        if rows > limit {
            return Err(AuditError::BatchTooSmall { rows, limit });
        }
        let mut loaded: Vec<String> = Vec::new();
        for variant in lane.family.variants() {
            let id = lane.adapter_id(variant);
            match lane.engine.load_adapter(&id, &variant.folder, Some(variant.digest)).await {
                Ok(_) => loaded.push(id),
                Err(error) => {
                    for id in loaded {
                        // It was loaded a moment ago; if somebody unloaded it since, all is well.
                        let _ = lane.engine.unload_adapter(&id).await;
                    }
                    return Err(error.into());
                }
            }
        }
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
    /// The rows are always the same in the same order (full, base, counterfactuals, placebos), so
    /// the same runtime on the same processor gives the same integers.
    ///
    /// # Errors
    /// Errors of requests and inference, [`AuditError::OutOfRange`].
    pub async fn attribute(&self, prompt: &[u32], response: &[u32]) -> Result<Measurement, AuditError> {
        let family = &self.family;
        let mut names = vec![family.full.name.as_str(), "base"];
        let mut adapters = vec![Some(self.served_id()), None];
        for variant in family.counterfactuals.iter().chain(&family.placebos) {
            names.push(&variant.name);
            adapters.push(Some(self.adapter_id(variant)));
        }
        let rows = adapters
            .into_iter()
            .map(|adapter| ScoreRow { adapter, prompt: prompt.to_vec(), completion: response.to_vec() })
            .collect();
        let scores = self.engine.score(rows).await?;
        let mut values = names
            .iter()
            .zip(scores)
            .map(|(name, score)| micro_nats(name, score))
            .collect::<Result<Vec<i64>, _>>()?
            .into_iter();
        let mut next = || values.next().ok_or(openledger_engine::EngineError::Stopped);
        let (full, base) = (next()?, next()?);
        let counterfactuals = values.by_ref().take(family.counterfactuals.len()).collect();
        Ok(Measurement { full, base, counterfactuals, placebos: values.collect() })
    }

    fn adapter_id(&self, variant: &Variant) -> String {
        variant.id_under(&self.id)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}
