use super::*;
use sightline_domain::{
    moderation::Verdict,
    rejection::{ReasonCode, Rejection},
};

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
        if how == "refuse" {
            crate::about_image("an-image");
            return Err(Rejection::new(ReasonCode::TooSmall, "79×400 px").into());
        }
        tokio::time::sleep(Duration::from_mins(10)).await;
        Ok(())
    }
}

async fn broken(how: &str) -> (Fault, Value) {
    let mut context = lambda_runtime::Context::default();
    let deadline = now() + REPORTING + Duration::from_millis(20);
    context.deadline = u64::try_from(deadline.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    context.request_id = "a-request".into();
    let (meter, event) = (CallMeter::default(), LambdaEvent::new(Value::from(how), context));
    meter.sent(true);
    let (result, line) = observe(Ok(&Broken), &meter, event).await;
    assert_eq!(meter.take(), Calls::default(), "what was counted was taken");
    (result.unwrap_err(), line.json("sightline", 0))
}

/// Injected: a step that panics, and one that runs out of its time.
/// Seen: Function.Panicked and Function.DeadlineExceeded, which the state machine retries.
#[tokio::test]
async fn row_21_a_panic_and_a_lack_of_time_end_under_names_that_are_retried() {
    assert_eq!(broken("panic").await.0.name(), "Function.Panicked");
    assert_eq!(broken("dawdle").await.0.name(), "Function.DeadlineExceeded");
}

#[tokio::test]
async fn an_invocation_is_counted_however_it_ends() {
    for (how, error) in [("panic", "Function.Panicked"), ("dawdle", "Function.DeadlineExceeded"), ("refuse", "Image.Rejected")] {
        let (_, line) = broken(how).await;
        let failed = u8::from(how != "refuse");
        assert_eq!((&line["Function"], &line["error"], &line["request_id"]), (&"broken".into(), &error.into(), &"a-request".into()));
        assert_eq!((&line["Failed"], &line["Succeeded"], &line["ProviderCalls"]), (&failed.into(), &(1 - failed).into(), &1.into()));
        assert_eq!(&line["image_id"], &if how == "refuse" { Value::from("an-image") } else { Value::Null });
        assert!(line["Duration"].is_u64() && line["Throttles"] == 0, "{line}");
    }
}

#[tokio::test]
async fn wrong_settings_are_counted_too() {
    let fault = Fault::from(SettingsInvalid { problems: vec!["TABLE is missing".into()] });
    let event =
        LambdaEvent::new(serde_json::json!({ "Image": { "ImageID": "i", "ExecutionArn": "e" } }), lambda_runtime::Context::default());
    let (_, line) = observe::<Broken>(Err(&fault), &CallMeter::default(), event).await;
    let line = line.json("sightline", 0);
    assert_eq!((&line["error"], &line["image_id"], &line["execution_arn"]), (&"Settings.Invalid".into(), &"i".into(), &"e".into()));
}
