//! The four analyses of an image: their parameters, their stored answers and their outcomes.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, VariantArray};

/// One analysis of an image, which is one paid Rekognition call. [`Analysis::as_ref`] is the file name of its stored answer, without
/// the extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, AsRefStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Analysis {
    /// `DetectLabels`.
    Labels,
    /// `DetectFaces`.
    Faces,
    /// `DetectText`.
    Text,
    /// `DetectModerationLabels`.
    Moderation,
}

impl Analysis {
    /// All analyses.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The name of its Rekognition operation.
    pub const fn operation(self) -> &'static str {
        match self {
            Self::Labels => "DetectLabels",
            Self::Faces => "DetectFaces",
            Self::Text => "DetectText",
            Self::Moderation => "DetectModerationLabels",
        }
    }
}

/// The outcome of an analysis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "Status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "PascalCase")]
pub enum Outcome {
    /// Rekognition answered.
    Done {
        /// Key of the stored answer.
        result_key: String,
    },
    /// The analysis was not needed.
    Skipped {
        /// The reason, in one sentence.
        reason: String,
    },
    /// Rekognition refused the image.
    Failed {
        /// The reason, in one sentence.
        reason: String,
    },
}

/// The parameters of an analysis that decide which findings an answer omits.
///
/// They are stored with the answer, as JSON in the metadata of its object, because the answer itself does not contain them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Question {
    /// Findings below this confidence are omitted, percent; `None` if the operation does not have this parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_confidence: Option<f64>,
    /// At most this many labels are returned; `None` if the operation does not have this parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_labels: Option<u32>,
    /// Whether all attributes of a face are returned, and not only the default ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_attributes: bool,
}

impl Question {
    /// For `DetectLabels`. It is wide, and we filter the answer: the price is per image, and a narrow question would omit a weak "Person"
    /// or "Text" label on which the state machine branches.
    pub const LABELS: Self = Self { min_confidence: Some(50.0), max_labels: Some(50), all_attributes: false };
    /// For `DetectFaces`.
    pub const FACES: Self = Self { min_confidence: None, max_labels: None, all_attributes: true };
    /// For `DetectText`, which has none of these parameters: we filter the answer.
    pub const TEXT: Self = Self { min_confidence: None, max_labels: None, all_attributes: false };

    /// For `DetectModerationLabels`; `min_confidence` in percent.
    pub const fn moderation(min_confidence: f64) -> Self {
        Self { min_confidence: Some(min_confidence), ..Self::TEXT }
    }

    /// The question of an answer that was stored without one, by an earlier release: the same as today for labels and faces, and at most
    /// 50 percent for moderation.
    pub(crate) fn of_earlier_release(analysis: Analysis) -> Self {
        match analysis {
            Analysis::Labels => Self::LABELS,
            Analysis::Faces => Self::FACES,
            Analysis::Text => Self::TEXT,
            Analysis::Moderation => Self::moderation(DEFAULT_MIN_CONFIDENCE),
        }
    }

    /// Whether an answer to this question contains everything that an answer to `needed` would contain.
    pub(crate) fn covers(&self, needed: &Self) -> bool {
        let as_low = needed.min_confidence.is_none_or(|needed| self.min_confidence.is_some_and(|asked| asked <= needed));
        let as_many = needed.max_labels.is_none_or(|needed| self.max_labels.is_some_and(|asked| asked >= needed));
        as_low && as_many && (self.all_attributes || !needed.all_attributes)
    }
}

/// A stored Rekognition answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The response body, unchanged.
    pub json: Vec<u8>,
    /// The [`Question`] as JSON; `None` if an earlier release stored the answer.
    pub question: Option<String>,
}

impl StoredAnswer {
    /// The question of this answer. If it cannot be parsed, the result covers no other question, so Rekognition is called again.
    pub(crate) fn question(&self, analysis: Analysis) -> Question {
        self.question.as_ref().map_or_else(|| Question::of_earlier_release(analysis), |json| serde_json::from_str(json).unwrap_or_default())
    }
}

/// Rekognition's default for moderation, percent. Flags at or above it are recorded even if no rule of the policy matches them.
pub const DEFAULT_MIN_CONFIDENCE: f64 = 50.0;
