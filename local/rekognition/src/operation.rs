//! Rekognition's operations: the four that are answered here, and the names of all others.

use serde::{Deserialize, Serialize};

use crate::refusal::{Code, Refusal};

/// What `X-Amz-Target` begins with.
const SERVICE: &str = "RekognitionService.";

/// An operation that the local models can answer, under its own name.
#[allow(clippy::enum_variant_names)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Operation {
    DetectLabels,
    DetectFaces,
    DetectText,
    DetectModerationLabels,
}

impl Operation {
    pub const ALL: [Self; 4] = [Self::DetectLabels, Self::DetectFaces, Self::DetectText, Self::DetectModerationLabels];

    /// The name as Rekognition writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DetectLabels => "DetectLabels",
            Self::DetectFaces => "DetectFaces",
            Self::DetectText => "DetectText",
            Self::DetectModerationLabels => "DetectModerationLabels",
        }
    }

    /// Reads the header `X-Amz-Target`. What Rekognition has and we have not is said to be so; anything else is unknown, as on AWS.
    pub fn from_target(target: &str) -> Result<Self, Refusal> {
        let name = target.strip_prefix(SERVICE).unwrap_or_default();
        if let Some(operation) = Self::ALL.into_iter().find(|operation| operation.name() == name) {
            return Ok(operation);
        }
        if ELSEWHERE.contains(&name) {
            return Err(Refusal::not_here(&format!("the operation {name}")));
        }
        Err(Refusal::new(Code::UnknownOperation, ""))
    }

    /// Whether Rekognition bounds the sides of this operation's images at 10,000 pixels (see its API reference).
    pub fn bounds_sides(self) -> bool {
        matches!(self, Self::DetectLabels | Self::DetectModerationLabels)
    }
}

/// Rekognition's other operations, after the SDK of November 2025.
const ELSEWHERE: [&str; 71] = [
    "AssociateFaces",
    "CompareFaces",
    "CopyProjectVersion",
    "CreateCollection",
    "CreateDataset",
    "CreateFaceLivenessSession",
    "CreateProject",
    "CreateProjectVersion",
    "CreateStreamProcessor",
    "CreateUser",
    "DeleteCollection",
    "DeleteDataset",
    "DeleteFaces",
    "DeleteProject",
    "DeleteProjectPolicy",
    "DeleteProjectVersion",
    "DeleteStreamProcessor",
    "DeleteUser",
    "DescribeCollection",
    "DescribeDataset",
    "DescribeProjectVersions",
    "DescribeProjects",
    "DescribeStreamProcessor",
    "DetectCustomLabels",
    "DetectProtectiveEquipment",
    "DisassociateFaces",
    "DistributeDatasetEntries",
    "GetCelebrityInfo",
    "GetCelebrityRecognition",
    "GetContentModeration",
    "GetFaceDetection",
    "GetFaceLivenessSessionResults",
    "GetFaceSearch",
    "GetLabelDetection",
    "GetMediaAnalysisJob",
    "GetPersonTracking",
    "GetSegmentDetection",
    "GetTextDetection",
    "IndexFaces",
    "ListCollections",
    "ListDatasetEntries",
    "ListDatasetLabels",
    "ListFaces",
    "ListMediaAnalysisJobs",
    "ListProjectPolicies",
    "ListStreamProcessors",
    "ListTagsForResource",
    "ListUsers",
    "PutProjectPolicy",
    "RecognizeCelebrities",
    "SearchFaces",
    "SearchFacesByImage",
    "SearchUsers",
    "SearchUsersByImage",
    "StartCelebrityRecognition",
    "StartContentModeration",
    "StartFaceDetection",
    "StartFaceSearch",
    "StartLabelDetection",
    "StartMediaAnalysisJob",
    "StartPersonTracking",
    "StartProjectVersion",
    "StartSegmentDetection",
    "StartStreamProcessor",
    "StartTextDetection",
    "StopProjectVersion",
    "StopStreamProcessor",
    "TagResource",
    "UntagResource",
    "UpdateDatasetEntries",
    "UpdateStreamProcessor",
];
