//! The four analyses of an image: what each asks Rekognition for, and what became of it.

use serde::{Deserialize, Serialize};

/// One paid Rekognition call per image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// The Rekognition operation.
    pub const fn operation(self) -> &'static str {
        match self {
            Self::Labels => "DetectLabels",
            Self::Faces => "DetectFaces",
            Self::Text => "DetectText",
            Self::Moderation => "DetectModerationLabels",
        }
    }

    /// File name, without ending, of the stored answer.
    pub const fn file_stem(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Faces => "faces",
            Self::Text => "text",
            Self::Moderation => "moderation",
        }
    }
}

/// What became of an analysis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "Status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "PascalCase")]
pub enum Outcome {
    /// Answered; the whole answer lies at `ResultKey`.
    Done {
        /// Key of the whole answer.
        result_key: String,
    },
    /// Not asked for, and why.
    Skipped {
        /// One sentence.
        reason: String,
    },
    /// Failed for good, and why.
    Failed {
        /// One sentence.
        reason: String,
    },
}

/// What an analysis asks Rekognition for, beside the image: the parameters that decide which findings an answer leaves out.
///
/// It is stored with the answer, as JSON in the object's metadata: the answer itself is kept as Rekognition sent it, and does not say it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Question {
    /// Findings below this confidence are left out, percent; `None` where the operation has no such parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_confidence: Option<f64>,
    /// Labels beyond this number are left out; `None` where the operation has no such parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_labels: Option<u32>,
    /// Whether faces are described with all attributes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_attributes: bool,
}

impl Question {
    /// Of `DetectLabels`: this many labels at this confidence, filtered by us. The price is per image, and a narrow question would leave
    /// out a weak "Person" or "Text" before the state machine can branch on it.
    pub const LABELS: Self = Self { min_confidence: Some(50.0), max_labels: Some(50), all_attributes: false };
    /// Of `DetectFaces`.
    pub const FACES: Self = Self { min_confidence: None, max_labels: None, all_attributes: true };
    /// Of `DetectText`, which has no such parameters: we filter the answer.
    pub const TEXT: Self = Self { min_confidence: None, max_labels: None, all_attributes: false };

    /// Of `DetectModerationLabels`, down to `min_confidence` percent.
    pub const fn moderation(min_confidence: f64) -> Self {
        Self { min_confidence: Some(min_confidence), ..Self::TEXT }
    }

    /// The question of an answer that is stored without one: earlier releases asked for labels and faces as this one does, and for
    /// moderation down to 50 percent or lower.
    pub(crate) fn unstated(analysis: Analysis) -> Self {
        match analysis {
            Analysis::Labels => Self::LABELS,
            Analysis::Faces => Self::FACES,
            Analysis::Text => Self::TEXT,
            Analysis::Moderation => Self::moderation(DEFAULT_MIN_CONFIDENCE),
        }
    }

    /// Whether an answer to this question holds everything that an answer to `needed` would hold.
    pub(crate) fn covers(&self, needed: &Self) -> bool {
        let as_low = needed.min_confidence.is_none_or(|needed| self.min_confidence.is_some_and(|asked| asked <= needed));
        let as_many = needed.max_labels.is_none_or(|needed| self.max_labels.is_some_and(|asked| asked >= needed));
        as_low && as_many && (self.all_attributes || !needed.all_attributes)
    }
}

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Rekognition's answer, as it was sent.
    pub json: Vec<u8>,
    /// The [`Question`] as JSON, where one is stored with the answer.
    pub question: Option<String>,
}

impl StoredAnswer {
    /// What was asked. Of a question that cannot be read nothing is assumed, so that it covers no other.
    pub(crate) fn question(&self, analysis: Analysis) -> Question {
        self.question.as_ref().map_or_else(|| Question::unstated(analysis), |json| serde_json::from_str(json).unwrap_or_default())
    }
}

/// Rekognition's own default, percent; flags from here up are recorded even where no rule speaks of them.
pub const DEFAULT_MIN_CONFIDENCE: f64 = 50.0;
