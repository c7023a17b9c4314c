//! The local models: labels, faces, text and moderation labels of a photo, in Rekognition's shapes.
//!
//! [`Models::load`] opens the models that `local/models/fetch_models.py` downloaded to a directory; one value serves all threads.
//! Every operation takes a [`Photo`], an upright RGB image of any size, and returns positions as fractions of its width and height (0–1) and confidences of
//! 0–100. What no model measures for an image is absent (`None` or an empty list), never invented.

mod face;
mod geometry;
mod label;
mod models;
mod moderation;
mod photo;
mod pixels;
mod runtime;
mod text;

pub use face::{AgeRange, Emotion, EmotionKind, Face, Gender, GenderEstimate, Landmark, LandmarkKind, Pose, Quality, Verdict};
pub use geometry::{BoundingBox, Point};
pub use label::{Instance, Label};
pub use models::{Models, default_dir};
pub use moderation::{Moderation, ModerationLabel, ModerationScores};
pub use photo::Photo;
pub use runtime::VisionError;
pub use text::{Line, Word};
