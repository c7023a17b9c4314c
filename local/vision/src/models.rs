//! All models, opened once and shared by all threads.

use std::path::{Path, PathBuf};

use image::RgbImage;

use crate::face::FaceModels;
use crate::label::catalog::Catalog;
use crate::label::{Merge, objects, scene};
use crate::moderation::classify;
use crate::runtime::{Model, Runtime};
use crate::text::TextModels;
use crate::{Face, Label, Line, Moderation, VisionError};

/// Where the set-up puts the models: `$SIGHTLINE_MODELS`, else `sightline/models` in `$XDG_CACHE_HOME` or `~/.cache`;
/// `None` when not even `$HOME` is set.
pub fn default_dir() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    set("SIGHTLINE_MODELS").or_else(|| Some(cache()?.join("sightline/models")))
}

/// Rekognition's label for any text.
const TEXT: &str = "Text";

/// The opened models. `Send + Sync`: share one value (`Arc`) between threads; calls to the same model wait for each other.
#[derive(Debug)]
pub struct Models {
    catalog: Catalog,
    objects: Model,
    scene: Model,
    faces: FaceModels,
    text: TextModels,
    open_nsfw: Model,
    nsfwjs: Model,
}

impl Models {
    /// Loads ONNX Runtime and all models from the directory that `local/models/fetch_models.py` filled. Takes about a second.
    pub fn load(dir: &Path) -> Result<Self, VisionError> {
        let runtime = Runtime::load(dir)?;
        Ok(Self {
            catalog: Catalog::load(),
            objects: runtime.open(objects::FILE)?,
            scene: runtime.open(scene::FILE)?,
            faces: FaceModels::open(&runtime)?,
            text: TextModels::open(&runtime)?,
            open_nsfw: runtime.open(classify::OPEN_NSFW)?,
            nsfwjs: runtime.open(classify::NSFWJS)?,
        })
    }

    /// What is in the photo: all labels with any measured confidence, the likeliest first.
    pub fn labels(&self, image: &RgbImage) -> Result<Vec<Label>, VisionError> {
        let text = self.text.glance(image)?;
        let seen = objects::find(&self.objects, image)?;
        let mut merge = Merge::default();
        merge.add_objects(&self.catalog, if text.page { objects::without_frame(seen) } else { seen });
        for (name, confidence) in scene::judge(&self.scene, &self.catalog, image)? {
            merge.add(&self.catalog, name, confidence);
        }
        if let Some(confidence) = text.confidence {
            merge.add(&self.catalog, TEXT, confidence);
        }
        Ok(merge.finish(&self.catalog))
    }

    /// The faces in the photo, the largest first, at most 100.
    pub fn faces(&self, image: &RgbImage) -> Result<Vec<Face>, VisionError> {
        self.faces.find(image)
    }

    /// The lines of text in the photo, in reading order.
    pub fn text(&self, image: &RgbImage) -> Result<Vec<Line>, VisionError> {
        self.text.find(image)
    }

    /// Nudity in the photo.
    pub fn moderation(&self, image: &RgbImage) -> Result<Moderation, VisionError> {
        classify::moderate(&self.open_nsfw, &self.nsfwjs, image)
    }
}
