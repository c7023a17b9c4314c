//! Serves a step to the Lambda runtime.

use crate::{
    about,
    fault::{Breakdown, Fault},
    metrics::{self, Line},
};
use futures_util::FutureExt;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sightline_domain::{
    error::{InputInvalid, SettingsInvalid},
    meter::{CallMeter, Calls},
};
use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};
use tracing::{Instrument, Span, error, info, info_span};

/// What one function does.
pub trait Step {
    /// The function's name, as its crate.
    const NAME: &'static str;
    /// What it takes.
    type Input: DeserializeOwned;
    /// What it gives.
    type Output: Serialize;

    /// Does it.
    fn run(&self, input: Self::Input) -> impl Future<Output = Result<Self::Output, Fault>>;
}

/// Kept back from the Lambda deadline to report that time ran out.
const REPORTING: Duration = Duration::from_millis(500);

/// Serves `step` until Lambda ends the process. With wrong settings every invocation fails with `Settings.Invalid`,
/// so that the problem shows in the execution, where people look, and not only in a log.
///
/// Each invocation writes one line of metrics, however it ends; `meter` counts the calls that the step makes.
pub async fn serve<S: Step>(step: Result<S, SettingsInvalid>, meter: CallMeter) -> Result<(), Error> {
    metrics::init();
    let step = step.map_err(Fault::from);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let (span, step, meter) = (span(S::NAME, &event), step.as_ref(), &meter);
        async move {
            let (result, line) = observe(step, meter, event).await;
            line.write();
            result
        }
        .instrument(span)
    }))
    .await
}

/// What every line of an invocation says. The image may become known while the step runs.
fn span(service: &str, event: &LambdaEvent<Value>) -> Span {
    info_span!(
        "invocation",
        service,
        request_id = event.context.request_id,
        trace_id = event.context.xray_trace_id,
        execution_arn = about::execution(&event.payload),
        image_id = about::image(&event.payload),
    )
}

/// Runs an invocation; gives its result and its metrics.
async fn observe<S: Step>(step: Result<&S, &Fault>, meter: &CallMeter, event: LambdaEvent<Value>) -> (Result<Value, Fault>, Line) {
    let since = Instant::now();
    let about =
        Line::default().about("request_id", Some(&event.context.request_id)).about("execution_arn", about::execution(&event.payload));
    let image = about::image(&event.payload).map(str::to_owned);
    let (result, image) = about::noting(image, invoke(step, event)).await;
    let fault = result.as_ref().err();
    match fault {
        None => info!("step done"),
        Some(fault) if fault.ends_well() => info!(error = fault.name(), "{}", fault.message()),
        Some(fault) => error!(error = fault.name(), "{}", fault.message()),
    }
    let failed = fault.is_some_and(|fault| !fault.ends_well());
    let line = about.about("Function", Some(S::NAME)).about("image_id", image.as_deref()).about("error", fault.map(Fault::name));
    let line = measured(line, since.elapsed(), meter.take(), failed);
    (result, line)
}

fn measured(line: Line, duration: Duration, calls: Calls, failed: bool) -> Line {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    line.with(metrics::DURATION, millis(duration))
        .with(metrics::PROVIDER_TIME, millis(calls.time))
        .with(metrics::PROVIDER_CALLS, calls.calls)
        .with(metrics::RETRIES, calls.retries)
        .with(metrics::THROTTLES, calls.throttles)
        .with(metrics::SUCCEEDED, u8::from(!failed))
        .with(metrics::FAILED, u8::from(failed))
}

async fn invoke<S: Step>(step: Result<&S, &Fault>, event: LambdaEvent<Value>) -> Result<Value, Fault> {
    let step = step.map_err(Clone::clone)?;
    let input = serde_json::from_value(event.payload).map_err(|error| InputInvalid(without_values(&error).into()))?;
    let time_left = event.context.deadline().duration_since(now()).unwrap_or_default().saturating_sub(REPORTING);
    // Boxed, since the SDK's futures are nested too deeply for the compiler to lay out inline.
    let running = AssertUnwindSafe(Box::pin(step.run(input))).catch_unwind();
    let output = match tokio::time::timeout(time_left, running).await {
        Ok(Ok(result)) => result?,
        Ok(Err(_panic)) => return Err(Breakdown::Panicked.into()),
        Err(_elapsed) => return Err(Breakdown::DeadlineExceeded.into()),
    };
    serde_json::to_value(output).map_err(|error| InputInvalid(error.into()).into())
}

/// What the error says of our types alone: serde also quotes what it found, and payloads hold found text and task tokens.
fn without_values(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None if message.starts_with("missing field") => message,
        None => "a value is not of the right kind".to_owned(),
    }
}

#[allow(clippy::disallowed_methods, reason = "Lambda gives its deadline as a moment of the machine's clock")]
fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

#[cfg(test)]
mod tests;
