//! The ids of an invocation by which its log lines and metrics are found.

use serde_json::Value;
use std::cell::RefCell;
use tracing::Span;

tokio::task_local! {
    static IMAGE: RefCell<Option<String>>;
    static FIELDS: RefCell<Vec<(&'static str, String)>>;
}

/// Adds a field to the line of metrics of this invocation, such as the route of a request. Never data of people.
pub fn add_field(name: &'static str, value: &str) {
    // Outside an invocation, as in a test, there are no metrics to add it to.
    let _ = FIELDS.try_with(|fields| fields.borrow_mut().push((name, value.to_owned())));
}

/// Sets the image id in the log lines and metrics of this invocation, once the step knows it.
pub fn set_image_id(image_id: &str) {
    Span::current().record("image_id", image_id);
    // Outside an invocation, as in a test, there are no metrics to set it in.
    let _ = IMAGE.try_with(|image| image.replace(Some(image_id.to_owned())));
}

/// What a step has added to the metrics of its invocation.
pub(crate) struct Added {
    /// The image.
    pub image_id: Option<String>,
    /// Fields of its line of metrics.
    pub fields: Vec<(&'static str, String)>,
}

/// Runs `invocation` with the image id of its payload, if there is one; returns its result and what the step has added.
pub(crate) async fn with_fields<T>(image_id: Option<String>, invocation: impl Future<Output = T>) -> (T, Added) {
    let scoped = async {
        let result = invocation.await;
        (result, Added { image_id: IMAGE.with(RefCell::take), fields: FIELDS.with(RefCell::take) })
    };
    IMAGE.scope(RefCell::new(image_id), FIELDS.scope(RefCell::default(), scoped)).await
}

/// The image id in a payload: the image that was claimed, or the input of an operator.
pub(crate) fn image_id(payload: &Value) -> Option<&str> {
    first(payload, &["/Image/ImageID", "/ImageID"])
}

/// The execution in a payload: a state's input, the image that was claimed, or the event of its end.
pub(crate) fn execution_arn(payload: &Value) -> Option<&str> {
    first(payload, &["/ExecutionArn", "/Image/ExecutionArn", "/detail/executionArn"])
}

fn first<'a>(payload: &'a Value, pointers: &[&str]) -> Option<&'a str> {
    pointers.iter().find_map(|pointer| payload.pointer(pointer)?.as_str())
}
