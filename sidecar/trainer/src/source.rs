//! The base and the rows of a training, as they lie on disk.

use std::path::{Path, PathBuf};

use openledger_corpus::{Contribution, Datanet, Hash, Limits};
use openledger_engine::gradient::{CurvatureSession, GradientConfig, GradientSession};

use crate::{Examples, FamilyPlan, FamilyRecipe, Recipe, TrainError};

/// Where the rows lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// A folder with one file of rows per contributor.
    Datanet(PathBuf),
    /// One file of rows, as a Datanet of one contributor.
    File(PathBuf),
}

impl Rows {
    /// The folder or file.
    #[must_use]
    pub fn path(&self) -> &Path {
        let (Self::Datanet(path) | Self::File(path)) = self;
        path
    }

    /// Name of the folder or file.
    #[must_use]
    pub fn name(&self) -> String {
        self.path().file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// Base and rows of a training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Folder of the base.
    pub model: PathBuf,
    /// The rows.
    pub rows: Rows,
    /// Contributors in cluster order; whoever is not named comes after them, by name.
    pub order: Vec<String>,
    /// Threads of one operator.
    pub threads: usize,
    /// ONNX Runtime's library; looked for when absent.
    pub ort_library: Option<PathBuf>,
}

/// What a training needs at hand.
pub struct Opened {
    /// The base, ready for gradients.
    pub session: GradientSession,
    /// How it was opened.
    pub config: GradientConfig,
    /// The rows, encoded.
    pub examples: Examples,
    /// Name of the folder or file with the rows.
    pub name: String,
    /// Roots of the contributors' rows, in cluster order.
    pub roots: Vec<Hash>,
}

impl Opened {
    /// A family over what is loaded.
    #[must_use]
    pub fn family(&self, recipe: Recipe, plan: FamilyPlan) -> FamilyRecipe {
        FamilyRecipe::of(recipe, plan, self.session.model(), &self.examples, self.config.threads)
    }

    /// The base again, ready for what tangents need of it besides gradients.
    ///
    /// # Errors
    /// Errors of the model.
    pub fn curvature(&self) -> Result<CurvatureSession, TrainError> {
        Ok(CurvatureSession::open(&self.config)?)
    }
}

impl Source {
    /// Loads the base for a recipe's modules and encodes the rows.
    ///
    /// # Errors
    /// [`TrainError::Corpus`] for rows that cannot be read, [`TrainError::UnknownContributor`] in the order, errors of the model, and as [`Examples::encode`].
    pub fn open(&self, recipe: &Recipe) -> Result<Opened, TrainError> {
        let mut contributions = match &self.rows {
            Rows::File(file) => vec![Contribution::read(file, &Limits::default())?],
            Rows::Datanet(folder) => Datanet::load(folder)?.contributions,
        };
        if let Some(name) = self.order.iter().find(|name| contributions.iter().all(|part| part.contributor != **name)) {
            let known: Vec<&str> = contributions.iter().map(|part| part.contributor.as_str()).collect();
            return Err(TrainError::UnknownContributor { name: name.clone(), known: known.join(", ") });
        }
        let place = |part: &Contribution| self.order.iter().position(|name| *name == part.contributor);
        // The sort is stable.
        contributions.sort_by_key(|part| place(part).unwrap_or(usize::MAX));
        let config = GradientConfig {
            model_dir: self.model.clone(),
            ort_library: self.ort_library.clone(),
            threads: self.threads,
            targets: recipe.targets.clone(),
        };
        let session = GradientSession::open(&config)?;
        let examples = Examples::encode(&contributions, &session, recipe)?;
        let roots = contributions.iter().map(|part| part.rows_root).collect();
        Ok(Opened { session, config, examples, name: self.rows.name(), roots })
    }
}
