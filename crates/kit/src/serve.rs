//! Serves a step to the Lambda runtime.

use crate::{
    context,
    failure::{RuntimeFailure, StepFailure},
    metrics::{self, Metrics},
};
use futures_util::FutureExt;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sightline_domain::model::{CallMeter, Calls, InputInvalid, SettingsInvalid};
use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};
use tracing::{Instrument, Span, error, info, info_span};

/// The work of one function.
pub trait Step {
    /// The name of the function, which is also the name of its crate.
    const NAME: &'static str;
    /// Its input, from JSON.
    type Input: DeserializeOwned;
    /// Its output, to JSON.
    type Output: Serialize;

    /// Runs the step once.
    ///
    /// # Errors
    ///
    /// [`StepFailure`] with one of the names in docs/errors.md.
    fn run(&self, input: Self::Input) -> impl Future<Output = Result<Self::Output, StepFailure>>;
}

/// Reserved before the Lambda deadline, to report that time ran out.
const REPORTING: Duration = Duration::from_millis(500);

/// Serves `step` until Lambda ends the process. If the settings are invalid, every invocation fails with `Settings.Invalid`, so that the
/// execution shows the problem, and not only a log.
///
/// Each invocation writes one line of metrics, also if it fails; `meter` counts the AWS calls of the step.
///
/// # Errors
///
/// The Lambda runtime's error if its API cannot be reached.
pub async fn serve<S: Step>(step: Result<S, SettingsInvalid>, meter: CallMeter) -> Result<(), Error> {
    metrics::init();
    let step = step.map_err(StepFailure::from);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let (span, step, meter) = (span(S::NAME, &event), step.as_ref(), &meter);
        async move {
            let (result, metrics) = observe(step, meter, event).await;
            metrics.write();
            result
        }
        .instrument(span)
    }))
    .await
}

/// The fields of every log line of an invocation. The image id may become known while the step runs.
fn span(service: &str, event: &LambdaEvent<Value>) -> Span {
    info_span!(
        "invocation",
        service,
        request_id = event.context.request_id,
        trace_id = event.context.xray_trace_id,
        execution_arn = context::execution_arn(&event.payload),
        image_id = context::image_id(&event.payload),
    )
}

/// Runs an invocation; returns its result and its metrics.
async fn observe<S: Step>(
    step: Result<&S, &StepFailure>,
    meter: &CallMeter,
    event: LambdaEvent<Value>,
) -> (Result<Value, StepFailure>, Metrics) {
    let since = Instant::now();
    let metrics = Metrics::default()
        .field("request_id", Some(&event.context.request_id))
        .field("execution_arn", context::execution_arn(&event.payload));
    let image = context::image_id(&event.payload).map(str::to_owned);
    let (result, added) = context::with_fields(image, invoke(step, event)).await;
    let failure = result.as_ref().err();
    match failure {
        None => info!("step done"),
        Some(failure) if failure.is_expected() => info!(error = failure.name(), "{}", failure.message()),
        Some(failure) => error!(error = failure.name(), "{}", failure.message()),
    }
    let failed = failure.is_some_and(|failure| !failure.is_expected());
    let metrics = metrics
        .field("Function", Some(S::NAME))
        .field("image_id", added.image_id.as_deref())
        .field("error", failure.map(StepFailure::name));
    let metrics = added.fields.iter().fold(metrics, |metrics, (name, value)| metrics.field(name, Some(value)));
    let metrics = with_measurements(metrics, since.elapsed(), meter.take(), failed);
    (result, metrics)
}

fn with_measurements(metrics: Metrics, duration: Duration, calls: Calls, failed: bool) -> Metrics {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    metrics
        .with(metrics::DURATION, millis(duration))
        .with(metrics::PROVIDER_TIME, millis(calls.time))
        .with(metrics::PROVIDER_CALLS, calls.calls)
        .with(metrics::RETRIES, calls.retries)
        .with(metrics::THROTTLES, calls.throttles)
        .with(metrics::SUCCEEDED, u8::from(!failed))
        .with(metrics::FAILED, u8::from(failed))
}

async fn invoke<S: Step>(step: Result<&S, &StepFailure>, event: LambdaEvent<Value>) -> Result<Value, StepFailure> {
    let step = step.map_err(Clone::clone)?;
    let input = serde_json::from_value(event.payload).map_err(|error| InputInvalid(without_values(&error).into()))?;
    let time_left = event.context.deadline().duration_since(now()).unwrap_or_default().saturating_sub(REPORTING);
    // Boxed, because the SDK's futures are nested too deeply for the compiler to lay out inline.
    let running = AssertUnwindSafe(Box::pin(step.run(input))).catch_unwind();
    let output = match tokio::time::timeout(time_left, running).await {
        Ok(Ok(result)) => result?,
        Ok(Err(_panic)) => return Err(RuntimeFailure::Panicked.into()),
        Err(_elapsed) => return Err(RuntimeFailure::DeadlineExceeded.into()),
    };
    serde_json::to_value(output).map_err(|error| InputInvalid(error.into()).into())
}

/// The message of the error without values from the input: serde quotes them, and payloads contain found text and task tokens.
fn without_values(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None if message.starts_with("missing field") => message,
        None => "a value has the wrong type".to_owned(),
    }
}

#[allow(clippy::disallowed_methods, reason = "Lambda's deadline is a time of the system clock")]
fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_domain::model::{ReasonCode, Rejection, Verdict};

    fn message_of<T: DeserializeOwned>(value: Value) -> String {
        serde_json::from_value::<T>(value).map(drop).map_err(|error| without_values(&error)).unwrap_err()
    }

    #[test]
    fn an_input_error_does_not_quote_values() {
        assert_eq!(message_of::<u32>(Value::from("a secret, expected by nobody")), "expected u32");
        assert_eq!(message_of::<Verdict>(Value::from("a secret")), "expected one of `CLEAR`, `ALERT`, `REVIEW`, `BLOCK`");
        assert_eq!(message_of::<sightline_domain::model::event::Bucket>(serde_json::json!({})), "missing field `name`");
    }

    /// A step whose input is the way in which it fails.
    struct Broken;

    impl Step for Broken {
        const NAME: &'static str = "broken";
        type Input = String;
        type Output = ();

        async fn run(&self, how: String) -> Result<(), StepFailure> {
            assert!(how != "panic", "row 21");
            if how == "refuse" {
                crate::set_image_id("an-image");
                crate::add_field("route", "GET /somewhere");
                return Err(Rejection::new(ReasonCode::TooSmall, "79×400 px").into());
            }
            tokio::time::sleep(Duration::from_mins(10)).await;
            Ok(())
        }
    }

    async fn broken(how: &str) -> (StepFailure, Value) {
        let mut context = lambda_runtime::Context::default();
        let deadline = now() + REPORTING + Duration::from_millis(20);
        context.deadline = u64::try_from(deadline.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap();
        context.request_id = "a-request".into();
        let (meter, event) = (CallMeter::default(), LambdaEvent::new(Value::from(how), context));
        meter.count_attempt(true);
        let (result, line) = observe(Ok(&Broken), &meter, event).await;
        assert_eq!(meter.take(), Calls::default(), "the counted calls were taken");
        (result.unwrap_err(), line.json("sightline", 0))
    }

    /// Injected: a step that panics, and one that runs out of its time.
    /// Seen: Function.Panicked and Function.DeadlineExceeded, which the state machine retries.
    #[tokio::test]
    async fn row_21_a_panic_and_a_timeout_have_names_that_are_retried() {
        assert_eq!(broken("panic").await.0.name(), "Function.Panicked");
        assert_eq!(broken("dawdle").await.0.name(), "Function.DeadlineExceeded");
    }

    #[tokio::test]
    async fn every_invocation_writes_metrics() {
        for (how, error) in [("panic", "Function.Panicked"), ("dawdle", "Function.DeadlineExceeded"), ("refuse", "Image.Rejected")] {
            let (_, line) = broken(how).await;
            let failed = u8::from(how != "refuse");
            assert_eq!((&line["Function"], &line["error"], &line["request_id"]), (&"broken".into(), &error.into(), &"a-request".into()));
            assert_eq!((&line["Failed"], &line["Succeeded"], &line["ProviderCalls"]), (&failed.into(), &(1 - failed).into(), &1.into()));
            assert_eq!(line["route"].is_string(), how == "refuse", "fields that the step adds: {line}");
            assert_eq!(&line["image_id"], &if how == "refuse" { Value::from("an-image") } else { Value::Null });
            assert!(line["Duration"].is_u64() && line["Throttles"] == 0, "{line}");
        }
    }

    #[tokio::test]
    async fn invalid_settings_write_metrics() {
        let failure = StepFailure::from(SettingsInvalid { problems: vec!["TABLE is missing".into()] });
        let event =
            LambdaEvent::new(serde_json::json!({ "Image": { "ImageID": "i", "ExecutionArn": "e" } }), lambda_runtime::Context::default());
        let (_, line) = observe::<Broken>(Err(&failure), &CallMeter::default(), event).await;
        let line = line.json("sightline", 0);
        assert_eq!((&line["error"], &line["image_id"], &line["execution_arn"]), (&"Settings.Invalid".into(), &"i".into(), &"e".into()));
    }
}
