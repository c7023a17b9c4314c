//! The local models: what is in a photo, as Rekognition's shapes need it.
//!
//! [`Models::load`] opens the models that `local/models/fetch_models.py` put into a directory; one value serves all threads.
//! Every operation takes an upright RGB image of any size and answers in fractions of its width and height (0–1) and confidences of 0–100.
//! Nothing is reported that no model measured: what a model cannot tell for an image is absent (`None`, an empty list).

mod error;
mod face;
mod geometry;
mod label;
mod models;
mod moderation;
mod pixels;
mod placement;
mod runtime;
mod text;

pub use error::VisionError;
pub use face::{AgeRange, Emotion, EmotionKind, Face, Gender, GenderEstimate, Landmark, LandmarkKind, Pose, Quality, Verdict};
pub use geometry::{BoundingBox, Point};
pub use label::{Instance, Label};
pub use models::{Models, default_dir};
pub use moderation::{Moderation, ModerationLabel, ModerationScores};
pub use text::{Line, Word};
