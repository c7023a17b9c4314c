//! Serves a step to the Lambda runtime.

use crate::fault::{Breakdown, Fault};
use futures_util::FutureExt;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sightline_domain::error::{InputInvalid, SettingsInvalid};
use std::{panic::AssertUnwindSafe, time::Duration};
use tracing::{Instrument, info, info_span};

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
pub async fn serve<S: Step>(step: Result<S, SettingsInvalid>) -> Result<(), Error> {
    let step = step.map_err(Fault::from);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let span = info_span!(
            "invocation",
            service = S::NAME,
            request_id = event.context.request_id,
            trace_id = event.context.xray_trace_id,
            image_id = image_id(&event.payload),
        );
        invoke(step.as_ref(), event).instrument(span)
    }))
    .await
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
    info!("step done");
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

/// The image that an invocation is about, where its payload tells.
fn image_id(payload: &Value) -> Option<&str> {
    payload.pointer("/Image/ImageID").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_domain::moderation::Verdict;

    fn said<T: DeserializeOwned>(value: Value) -> String {
        serde_json::from_value::<T>(value).map(drop).map_err(|error| without_values(&error)).unwrap_err()
    }

    #[test]
    fn what_is_wrong_with_an_input_is_told_without_its_values() {
        assert_eq!(said::<u32>(Value::from("a secret, expected by nobody")), "expected u32");
        assert_eq!(said::<Verdict>(Value::from("a secret")), "expected one of `CLEAR`, `ALERT`, `REVIEW`, `BLOCK`");
        assert_eq!(said::<sightline_domain::event::Bucket>(serde_json::json!({})), "missing field `name`");
    }

    /// A step that breaks in the way it is told to.
    struct Broken;

    impl Step for Broken {
        const NAME: &'static str = "broken";
        type Input = String;
        type Output = ();

        async fn run(&self, how: String) -> Result<(), Fault> {
            assert!(how != "panic", "row 21");
            tokio::time::sleep(Duration::from_mins(10)).await;
            Ok(())
        }
    }

    async fn broken(how: &str) -> String {
        let mut context = lambda_runtime::Context::default();
        let deadline = now() + REPORTING + Duration::from_millis(20);
        context.deadline = u64::try_from(deadline.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap();
        invoke(Ok(&Broken), LambdaEvent::new(Value::from(how), context)).await.unwrap_err().name().to_owned()
    }

    /// Injected: a step that panics, and one that runs out of its time.
    /// Seen: Function.Panicked and Function.DeadlineExceeded, which the state machine retries.
    #[tokio::test]
    async fn row_21_a_panic_and_a_lack_of_time_end_under_names_that_are_retried() {
        assert_eq!(broken("panic").await, "Function.Panicked");
        assert_eq!(broken("dawdle").await, "Function.DeadlineExceeded");
    }
}
