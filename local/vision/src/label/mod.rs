//! Labels: objects with boxes, and what the whole photo shows.

mod catalog;
mod doubt;
mod objects;
mod scene;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Serialize, Serializer};

pub(crate) use self::objects::Objects;
use self::{
    catalog::{Catalog, Entry},
    doubt::doubted,
    objects::{ClassObjects, ObjectModel},
    scene::SceneModel,
};
use crate::geometry::BoundingBox;
use crate::photo::Photo;
use crate::runtime::{Runtime, VisionError};
use crate::text::TextGlance;

/// COCO's class numbers.
const KNIFE: usize = 49;
const BOOK: usize = 84;
/// A box that covers this fraction of the photo spans all of it.
const WHOLE_PICTURE: f32 = 0.8;
/// What a knife is on a table.
const CUTLERY: &str = "Cutlery";
/// Minimum confidence, 0–100, at which what the whole photo shows means a laid table.
const MIN_TABLE_SCENE: f32 = 50.;

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
    objects: ObjectModel,
    scene: SceneModel,
}

impl LabelModels {
    /// Opens both, and reads the catalogue.
    pub fn open(runtime: &Runtime) -> Result<Self, VisionError> {
        Ok(Self { catalog: Catalog::load(), objects: ObjectModel::open(runtime)?, scene: SceneModel::open(runtime)? })
    }

    /// The objects in the photo.
    pub fn objects(&self, photo: &Photo) -> Result<Arc<Objects>, VisionError> {
        photo.objects.get_or_make(|| self.objects.detect(photo.pixels()))
    }

    /// All labels with any confidence, highest first. `text` says whether the photo shows text.
    pub fn detect(&self, photo: &Photo, text: &TextGlance) -> Result<Vec<Label>, VisionError> {
        let objects = self.objects(photo)?;
        let objects = if text.is_page { without_whole_picture(&objects.by_class) } else { objects.by_class.clone() };
        let scores = self.scene.scores(photo.pixels())?;
        let objects = doubted(&self.catalog, objects, &scores);
        let scene = scene::labels(&self.catalog, &scores, &objects);
        Ok(merge(&self.catalog, objects, &scene, text.confidence))
    }
}

/// Removes objects that span the whole picture, except books. The model has no class for documents: it detects a page as a refrigerator.
fn without_whole_picture(objects: &[ClassObjects]) -> Vec<ClassObjects> {
    let smaller = |objects: &ClassObjects| {
        let is_book = objects.class == BOOK;
        let kept = objects.instances.iter().filter(|instance| is_book || instance.bounding_box.area() < WHOLE_PICTURE).copied();
        let instances: Vec<Instance> = kept.collect();
        (!instances.is_empty()).then_some(ClassObjects { class: objects.class, instances })
    };
    objects.iter().filter_map(smaller).collect()
}

/// The labels of all models. A knife beside food or tableware is cutlery, not a weapon.
fn merge(catalog: &Catalog, objects: Vec<ClassObjects>, scene: &[(&'static str, f32)], text: Option<f32>) -> Vec<Label> {
    let detected = objects.iter().filter_map(|object| Some((catalog.of_coco(object.class)?, object.confidence())));
    let seen = scene.iter().filter(|(_, confidence)| *confidence >= MIN_TABLE_SCENE);
    let seen = seen.filter_map(|&(name, confidence)| Some((catalog.get(name)?, confidence)));
    let is_at_table = detected.chain(seen).any(|(entry, confidence)| entry.means_table(confidence));

    let mut merge = Merge { catalog, found: BTreeMap::new() };
    for object in objects {
        let Some(entry) = catalog.of_coco(object.class) else { continue };
        let evidence = Evidence { objects: object.confidence(), scene: 0. };
        merge.add(entry, evidence, if is_at_table && object.class == KNIFE { &[CUTLERY] } else { &entry.ancestors });
        if let Some(found) = merge.found.get_mut(entry.name) {
            found.instances = object.instances;
        }
    }
    for &(name, confidence) in scene {
        if let Some(entry) = catalog.get(name) {
            merge.add(entry, Evidence { objects: 0., scene: confidence }, &entry.ancestors);
        }
    }
    if let (Some(confidence), Some(entry)) = (text, catalog.get(TEXT)) {
        merge.add(entry, Evidence { objects: confidence, scene: 0. }, &[]);
    }
    merge.finish()
}

/// Merges the labels of several models. An ancestor has at least the confidence of its descendants.
struct Merge<'a> {
    catalog: &'a Catalog,
    found: BTreeMap<&'static str, Found>,
}

/// The highest confidence, 0–100, of what the models for objects (or text) and of what the scene model say.
#[derive(Default, Clone, Copy)]
struct Evidence {
    objects: f32,
    scene: f32,
}

impl Evidence {
    /// The probability that at least one of them is right, 0–100.
    fn confidence(self) -> f32 {
        100. * (1. - (1. - self.objects / 100.) * (1. - self.scene / 100.))
    }

    fn max(self, other: Self) -> Self {
        Self { objects: self.objects.max(other.objects), scene: self.scene.max(other.scene) }
    }
}

#[derive(Default)]
struct Found {
    evidence: Evidence,
    instances: Vec<Instance>,
    ancestors: Vec<&'static str>,
}

impl Merge<'_> {
    /// Adds a label with these ancestors.
    fn add(&mut self, entry: &Entry, evidence: Evidence, ancestors: &[&'static str]) {
        for &name in ancestors {
            let own = self.catalog.get(name).map(|entry| entry.ancestors.as_slice()).unwrap_or_default();
            self.raise(name, evidence, own);
        }
        self.raise(entry.name, evidence, ancestors);
    }

    fn raise(&mut self, name: &'static str, evidence: Evidence, ancestors: &[&'static str]) {
        let found = self.found.entry(name).or_insert_with(|| Found { ancestors: ancestors.to_vec(), ..Found::default() });
        found.evidence = found.evidence.max(evidence);
    }

    /// All labels, highest confidence first.
    fn finish(self) -> Vec<Label> {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let label = |(name, Found { evidence, instances, ancestors }): (&'static str, Found)| {
            let entry = self.catalog.get(name)?;
            let confidence = evidence.confidence();
            let (parents, aliases, categories) = (owned(&ancestors), owned(&entry.aliases), owned(&[entry.category]));
            Some(Label { name: name.to_owned(), confidence, instances, parents, aliases, categories })
        };
        let mut labels: Vec<Label> = self.found.into_iter().filter_map(label).collect();
        labels.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(objects: &[(usize, f32)], scene: &[(&'static str, f32)]) -> Vec<Label> {
        let bounding_box = BoundingBox { left: 0., top: 0., width: 0.5, height: 0.5 };
        let object = |&(class, confidence)| ClassObjects { class, instances: vec![Instance { bounding_box, confidence }] };
        merge(&Catalog::load(), objects.iter().map(object).collect(), scene, None)
    }

    fn names(labels: &[Label]) -> Vec<&str> {
        labels.iter().map(|label| label.name.as_str()).collect()
    }

    #[test]
    fn a_knife_beside_a_plate_is_cutlery() {
        for beside in [(48, 80.), (51, 40.), (67, 70.), (61, 35.)] {
            let labels = merged(&[(KNIFE, 95.), beside], &[]);
            let knife = labels.iter().find(|label| label.name == "Knife").unwrap();
            assert_eq!((knife.parents.as_slice(), knife.instances.len()), (["Cutlery".to_owned()].as_slice(), 1));
            assert!(names(&labels).contains(&"Cutlery") && !names(&labels).contains(&"Weapon"), "{labels:?}");
        }
    }

    #[test]
    fn models_that_agree_are_surer_than_each_alone() {
        let labels = merged(&[(18, 60.)], &[("Beagle", 50.), ("Dog", 70.)]);
        let confidence = |name| labels.iter().find(|label| label.name == name).unwrap().confidence;
        assert!((confidence("Dog") - 88.).abs() < 0.01 && (confidence("Beagle") - 50.).abs() < 0.01);
        assert!(labels.iter().all(|label| label.parents.iter().all(|parent| confidence(parent) >= label.confidence)), "{labels:?}");
    }

    #[test]
    fn a_faint_scene_of_food_does_not_make_a_knife_cutlery() {
        assert!(names(&merged(&[(KNIFE, 95.)], &[("Pizza", 40.)])).contains(&"Weapon"));
        assert!(names(&merged(&[(KNIFE, 95.)], &[("Pizza", 60.)])).contains(&"Cutlery"));
    }

    #[test]
    fn a_knife_alone_or_in_a_hand_is_a_weapon() {
        for objects in [vec![(KNIFE, 95.)], vec![(KNIFE, 95.), (1, 99.), (48, 10.)]] {
            let labels = merged(&objects, &[]);
            assert!(names(&labels).contains(&"Weapon"), "{labels:?}");
        }
    }
}
