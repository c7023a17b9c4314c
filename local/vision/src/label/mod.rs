//! Labels: objects with boxes, and what the whole photo shows.

mod catalog;

use std::collections::BTreeMap;

use image::RgbImage;
use serde::{Serialize, Serializer};

use self::catalog::Catalog;
use crate::geometry::{BoundingBox, suppress};
use crate::pixels::{self, Normalization};
use crate::runtime::{Model, Output, Runtime, VisionError};
use crate::text::TextGlance;

/// SSD `MobileNet` v2, trained on COCO: objects with boxes.
const OBJECT_MODEL: &str = "coco-ssd.onnx";
const OBJECT_SIDE: u32 = 300;
const OBJECT_NORMALIZATION: Normalization = Normalization::same(127.5, 1. / 127.5);
const OBJECT_CLASSES: usize = 90;
/// Lower scores are noise.
const MIN_OBJECT_SCORE: f32 = 0.1;
/// Boxes of one class that overlap more than this are the same object.
const SAME_OBJECT: f32 = 0.5;
/// A box that is nested this much in another of the same class is a duplicate if its confidence is below this fraction of the other's.
const DUPLICATE_NESTING: f32 = 0.8;
const DUPLICATE_CONFIDENCE: f32 = 0.7;
const MAX_INSTANCES: usize = 50;
/// COCO's class number of books.
const BOOK: usize = 84;
/// A box that covers this fraction of the photo spans all of it.
const WHOLE_PICTURE: f32 = 0.8;

/// EfficientNet-Lite0, trained on `ImageNet`: labels of the whole photo.
const SCENE_MODEL: &str = "efficientnet-lite0.onnx";
const SCENE_SIDE: u32 = 224;
const SCENE_NORMALIZATION: Normalization = Normalization::same(127., 1. / 128.);
const SCENE_CLASSES: usize = 1000;
/// The minimum is high because the model always selects one of its classes, even if none is in the photo.
const MIN_SCENE_SCORE: f32 = 0.7;

/// Rekognition's label for any text.
const TEXT: &str = "Text";

/// A label with Rekognition's name, and its facts from the catalogue (`data/labels.tsv`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Label {
    /// e.g. `Person`, `Cup`.
    pub name: String,
    /// 0–100.
    pub confidence: f32,
    /// The detected objects, highest confidence first; empty for ancestors and for labels of the whole photo.
    pub instances: Vec<Instance>,
    /// The names of all its ancestors, as in Rekognition; each is in the list of labels too.
    #[serde(serialize_with = "names")]
    pub parents: Vec<String>,
    /// Other names of the same thing.
    #[serde(serialize_with = "names")]
    pub aliases: Vec<String>,
    /// Rekognition's categories, e.g. `Person Description`.
    #[serde(serialize_with = "names")]
    pub categories: Vec<String>,
}

/// One detected object of a label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Instance {
    /// Its position.
    pub bounding_box: BoundingBox,
    /// 0–100.
    pub confidence: f32,
}

/// Serialises names as Rekognition does: `[{"Name": "Animal"}, …]`.
fn names<S: Serializer>(names: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(names.iter().map(|name| BTreeMap::from([("Name", name)])))
}

/// The models for labels.
#[derive(Debug)]
pub(crate) struct LabelModels {
    catalog: Catalog,
    objects: Model,
    scene: Model,
}

impl LabelModels {
    /// Opens both, and reads the catalogue.
    pub fn open(runtime: &Runtime) -> Result<Self, VisionError> {
        Ok(Self { catalog: Catalog::load(), objects: runtime.open(OBJECT_MODEL)?, scene: runtime.open(SCENE_MODEL)? })
    }

    /// All labels with any confidence, highest first. `text` says whether the photo shows text.
    pub fn detect(&self, image: &RgbImage, text: &TextGlance) -> Result<Vec<Label>, VisionError> {
        let objects = detect_objects(&self.objects, image)?;
        let mut merge = Merge::default();
        merge.add_objects(&self.catalog, if text.is_page { without_whole_picture(objects) } else { objects });
        for (name, confidence) in classify_scene(&self.scene, &self.catalog, image)? {
            merge.add(&self.catalog, name, confidence);
        }
        if let Some(confidence) = text.confidence {
            merge.add(&self.catalog, TEXT, confidence);
        }
        Ok(merge.finish(&self.catalog))
    }
}

/// The detected objects of one class.
struct ClassObjects {
    /// COCO's class number, 1–90.
    class: usize,
    /// Highest confidence first.
    instances: Vec<Instance>,
}

fn detect_objects(model: &Model, image: &RgbImage) -> Result<Vec<ClassObjects>, VisionError> {
    let data = pixels::planes(&pixels::resize(image, OBJECT_SIDE, OBJECT_SIDE), OBJECT_NORMALIZATION);
    model.run([1, 3, OBJECT_SIDE as usize, OBJECT_SIDE as usize], &data, |[boxes, scores]| decode_objects(&boxes, &scores))
}

fn decode_objects(boxes: &Output<'_>, scores: &Output<'_>) -> Option<Vec<ClassObjects>> {
    if scores.data.len() / OBJECT_CLASSES != boxes.data.len() / 4 {
        return None;
    }
    let mut by_class: Vec<Vec<Instance>> = vec![Vec::new(); OBJECT_CLASSES];
    for (corners, scores) in boxes.data.chunks_exact(4).zip(scores.data.chunks_exact(OBJECT_CLASSES)) {
        for (instances, &score) in by_class.iter_mut().zip(scores) {
            if score >= MIN_OBJECT_SCORE
                && let &[top, left, bottom, right] = corners
            {
                let bounding_box = BoundingBox::within_image(left, top, right, bottom);
                instances.push(Instance { bounding_box, confidence: 100. * calibrated(score) });
            }
        }
    }
    let detected = by_class.into_iter().enumerate().filter(|(_, instances)| !instances.is_empty());
    Some(detected.map(|(index, instances)| ClassObjects { class: index + 1, instances: without_duplicates(instances) }).collect())
}

fn without_duplicates(instances: Vec<Instance>) -> Vec<Instance> {
    let candidates = suppress(instances, SAME_OBJECT, MAX_INSTANCES, |instance| (instance.confidence, instance.bounding_box));
    let mut kept: Vec<Instance> = Vec::new();
    for candidate in candidates {
        let is_duplicate_of = |other: &Instance| {
            candidate.confidence < DUPLICATE_CONFIDENCE * other.confidence
                && other.bounding_box.nesting(&candidate.bounding_box) > DUPLICATE_NESTING
        };
        if !kept.iter().any(is_duplicate_of) {
            kept.push(candidate);
        }
    }
    kept
}

/// Removes objects that span the whole picture, except books. The model has no class for documents: it detects a page as a refrigerator.
fn without_whole_picture(objects: Vec<ClassObjects>) -> Vec<ClassObjects> {
    let smaller = |objects: ClassObjects| {
        let is_book = objects.class == BOOK;
        let kept = objects.instances.into_iter().filter(|instance| is_book || instance.bounding_box.area() < WHOLE_PICTURE);
        ClassObjects { class: objects.class, instances: kept.collect() }
    };
    objects.into_iter().map(smaller).filter(|objects| !objects.instances.is_empty()).collect()
}

/// The measured precision of objects with this raw score, on photos of COCO val2017: raw scores are too low.
fn calibrated(score: f32) -> f32 {
    let logit = (score / (1. - score).max(1e-6)).ln();
    1. / (1. + (-(1.49 * logit + 1.67)).exp())
}

/// Labels of the whole photo with their confidence, 0–100. The score of a label is the sum over its own classes and its descendants'.
fn classify_scene(model: &Model, catalog: &Catalog, image: &RgbImage) -> Result<Vec<(&'static str, f32)>, VisionError> {
    let data = pixels::planes(&pixels::resize(image, SCENE_SIDE, SCENE_SIDE), SCENE_NORMALIZATION);
    model.run([1, 3, SCENE_SIDE as usize, SCENE_SIDE as usize], &data, |[scores]| {
        (scores.data.len() == SCENE_CLASSES).then(|| sum_scores(catalog, scores.data))
    })
}

fn sum_scores(catalog: &Catalog, scores: &[f32]) -> Vec<(&'static str, f32)> {
    let own = |classes: &[usize]| classes.iter().filter_map(|&class| scores.get(class)).sum::<f32>();
    let mut sums = BTreeMap::<&'static str, f32>::new();
    for entry in catalog.iter().filter(|entry| !entry.imagenet.is_empty()) {
        let score = own(&entry.imagenet);
        for name in entry.ancestors.iter().chain([&entry.name]) {
            *sums.entry(name).or_default() += score;
        }
    }
    sums.into_iter().filter(|&(_, score)| score >= MIN_SCENE_SCORE).map(|(name, score)| (name, 100. * score.min(1.))).collect()
}

/// Merges the labels of several models: the highest confidence counts, and an ancestor has at least the confidence of its descendants.
#[derive(Debug, Default)]
struct Merge {
    found: BTreeMap<&'static str, (f32, Vec<Instance>)>,
}

impl Merge {
    fn add_objects(&mut self, catalog: &Catalog, objects: Vec<ClassObjects>) {
        for ClassObjects { class, instances } in objects {
            let highest = instances.first().map_or(0., |instance| instance.confidence);
            if let Some(entry) = catalog.iter().find(|entry| entry.coco == Some(class)) {
                self.add(catalog, entry.name, highest);
                self.found.entry(entry.name).or_default().1 = instances;
            }
        }
    }

    /// Adds a label and its ancestors.
    fn add(&mut self, catalog: &Catalog, name: &'static str, confidence: f32) {
        let ancestors = catalog.get(name).map(|entry| entry.ancestors.as_slice()).unwrap_or_default();
        for name in ancestors.iter().chain([&name]) {
            let (known, _) = self.found.entry(name).or_default();
            *known = known.max(confidence);
        }
    }

    /// All labels, highest confidence first.
    fn finish(self, catalog: &Catalog) -> Vec<Label> {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut labels: Vec<Label> = self
            .found
            .into_iter()
            .filter_map(|(name, (confidence, instances))| {
                let entry = catalog.get(name)?;
                let (parents, aliases, categories) = (owned(&entry.ancestors), owned(&entry.aliases), owned(&[entry.category]));
                Some(Label { name: name.to_owned(), confidence, instances, parents, aliases, categories })
            })
            .collect();
        labels.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_calibrated_to_the_measured_precision() {
        for (score, precision) in [(0.3, 0.60), (0.5, 0.84), (0.8, 0.98)] {
            assert!((calibrated(score) - precision).abs() < 0.02, "{score}: {}", calibrated(score));
        }
        assert!(calibrated(1.) <= 1.);
    }
}
