//! All models, opened once and shared by all threads.

use std::path::{Path, PathBuf};

use crate::face::{Face, FaceModels};
use crate::label::{Label, LabelModels};
use crate::moderation::{Moderation, ModerationModels};
use crate::photo::Photo;
use crate::runtime::{Runtime, VisionError};
use crate::text::{Line, TextModels};

/// The directory of the models: `$SIGHTLINE_MODELS`, else `sightline/models` in `$XDG_CACHE_HOME` or `~/.cache`. `None` if not even `$HOME`
/// is set.
pub fn default_dir() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    variable("SIGHTLINE_MODELS").or_else(|| Some(cache()?.join("sightline/models")))
}

/// The opened models. Share one value between threads with an `Arc`; concurrent calls of the same model run one after the other.
#[derive(Debug)]
pub struct Models {
    labels: LabelModels,
    faces: FaceModels,
    text: TextModels,
    moderation: ModerationModels,
}

impl Models {
    /// Loads ONNX Runtime and all models from the directory that `local/models/fetch_models.py` filled. Takes about a second.
    ///
    /// # Errors
    /// `ModelMissing` for a missing file, `Runtime` for a file that cannot be used.
    pub fn load(dir: &Path) -> Result<Self, VisionError> {
        let runtime = Runtime::load(dir)?;
        Ok(Self {
            labels: LabelModels::open(&runtime)?,
            faces: FaceModels::open(&runtime)?,
            text: TextModels::open(&runtime)?,
            moderation: ModerationModels::open(&runtime)?,
        })
    }

    /// All labels of the photo with any confidence, highest first.
    ///
    /// # Errors
    /// `Runtime` or `UnexpectedShape` if a model fails; so for the other operations.
    pub fn labels(&self, photo: &Photo) -> Result<Vec<Label>, VisionError> {
        self.labels.detect(photo, &self.text.glance(photo)?)
    }

    /// The faces in the photo, largest first, at most 100.
    pub fn faces(&self, photo: &Photo) -> Result<Vec<Face>, VisionError> {
        self.faces.find(photo.pixels())
    }

    /// The lines of text in the photo, in reading order.
    pub fn text(&self, photo: &Photo) -> Result<Vec<Line>, VisionError> {
        self.text.find(photo)
    }

    /// The nudity in the photo.
    pub fn moderation(&self, photo: &Photo) -> Result<Moderation, VisionError> {
        self.moderation.moderate(photo.pixels(), self.labels.objects(photo)?.may_show_person())
    }
}
