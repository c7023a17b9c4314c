//! Rekognition's operations: the four that are supported here, and the names of the others.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::error::{ApiError, Code};

/// The prefix of `X-Amz-Target`.
const SERVICE: &str = "RekognitionService.";

/// An operation that the local models support.
#[allow(clippy::enum_variant_names, reason = "Rekognition's names")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, EnumString, IntoStaticStr, VariantArray)]
pub enum Operation {
    DetectLabels,
    DetectFaces,
    DetectText,
    DetectModerationLabels,
}

impl Operation {
    /// Parses the header `X-Amz-Target`.
    ///
    /// # Errors
    /// `NotSupportedLocallyException` for another operation of Rekognition, `UnknownOperationException` for any other name, as on AWS.
    pub fn from_target(target: &str) -> Result<Self, ApiError> {
        let name = target.strip_prefix(SERVICE).unwrap_or_default();
        if let Ok(operation) = name.parse() {
            return Ok(operation);
        }
        if UNSUPPORTED.split(' ').any(|unsupported| unsupported == name) {
            return Err(ApiError::not_supported_locally(&format!("the operation {name}")));
        }
        Err(ApiError::new(Code::UnknownOperation, ""))
    }

    /// Whether the operation limits the sides of images to 10,000 pixels (see its API reference).
    pub fn limits_sides(self) -> bool {
        matches!(self, Self::DetectLabels | Self::DetectModerationLabels)
    }
}

/// Rekognition's other operations, from the SDK of November 2025.
const UNSUPPORTED: &str = "\
    AssociateFaces CompareFaces CopyProjectVersion CreateCollection CreateDataset CreateFaceLivenessSession CreateProject \
    CreateProjectVersion CreateStreamProcessor CreateUser DeleteCollection DeleteDataset DeleteFaces DeleteProject DeleteProjectPolicy \
    DeleteProjectVersion DeleteStreamProcessor DeleteUser DescribeCollection DescribeDataset DescribeProjectVersions DescribeProjects \
    DescribeStreamProcessor DetectCustomLabels DetectProtectiveEquipment DisassociateFaces DistributeDatasetEntries GetCelebrityInfo \
    GetCelebrityRecognition GetContentModeration GetFaceDetection GetFaceLivenessSessionResults GetFaceSearch GetLabelDetection \
    GetMediaAnalysisJob GetPersonTracking GetSegmentDetection GetTextDetection IndexFaces ListCollections ListDatasetEntries \
    ListDatasetLabels ListFaces ListMediaAnalysisJobs ListProjectPolicies ListStreamProcessors ListTagsForResource ListUsers \
    PutProjectPolicy RecognizeCelebrities SearchFaces SearchFacesByImage SearchUsers SearchUsersByImage StartCelebrityRecognition \
    StartContentModeration StartFaceDetection StartFaceSearch StartLabelDetection StartMediaAnalysisJob StartPersonTracking \
    StartProjectVersion StartSegmentDetection StartStreamProcessor StartTextDetection StopProjectVersion StopStreamProcessor TagResource \
    UntagResource UpdateDatasetEntries UpdateStreamProcessor";
