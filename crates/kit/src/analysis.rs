//! The step that the four analyses share: it calls Rekognition once, stores the whole answer, and reads the findings from it.

use crate::{Step, StepFailure};
use serde::Deserialize;
use sightline_domain::{
    flows::analyze::analyze_once,
    model::{Analysis, ImageRef},
    ports::{ImageAnalyzer, Objects},
    rules::analysis::AnalysisRules,
};

/// Analyses an image by the rules `R`, with the analyzer `A` and the objects `O`.
///
/// Input [`AnalysisInput`], output `R::Found`. Errors: `Recognition.*`, `Storage.*`.
pub struct AnalysisStep<R, A, O> {
    rules: R,
    analyzer: A,
    objects: O,
}

impl<R, A, O> AnalysisStep<R, A, O> {
    /// A step that reads answers by `rules`, and stores them in the image's bucket.
    pub fn new(rules: R, analyzer: A, objects: O) -> Self {
        Self { rules, analyzer, objects }
    }
}

/// The input of an analysis.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AnalysisInput {
    image: ImageRef,
    /// Retries of the state and redrives of the execution.
    earlier_attempts: u64,
}

impl<R: AnalysisRules, A: ImageAnalyzer, O: Objects> Step for AnalysisStep<R, A, O> {
    const NAME: &'static str = function_name(R::ANALYSIS);
    type Input = AnalysisInput;
    type Output = R::Found;

    async fn run(&self, AnalysisInput { image, earlier_attempts }: AnalysisInput) -> Result<R::Found, StepFailure> {
        let (analyzer, objects, question) = (&self.analyzer, &self.objects, self.rules.question());
        let answer: R::Answer = analyze_once::<_, StepFailure>(analyzer, objects, &image, earlier_attempts, R::ANALYSIS, question).await?;
        let found = self.rules.read(&image.image_id, &answer);
        let (answered, kept) = R::count(&answer, &found);
        tracing::info!(analysis = R::ANALYSIS.operation(), answered, kept, "answer read");
        Ok(found)
    }
}

const fn function_name(analysis: Analysis) -> &'static str {
    match analysis {
        Analysis::Labels => "detect-labels",
        Analysis::Faces => "analyze-faces",
        Analysis::Text => "detect-text",
        Analysis::Moderation => "moderate-image",
    }
}
