//! What an invocation is about: the ids by which its lines are found.

use serde_json::Value;
use std::cell::RefCell;
use tracing::Span;

tokio::task_local! {
    static IMAGE: RefCell<Option<String>>;
}

/// Tells the log and the metrics of this invocation which image it is about, once the step has found out.
pub fn about_image(image_id: &str) {
    Span::current().record("image_id", image_id);
    // Outside an invocation, as in a test, there is nobody to tell.
    let _ = IMAGE.try_with(|image| image.replace(Some(image_id.to_owned())));
}

/// Runs an invocation about `image`, where its payload names one; gives also the image that it was about in the end.
pub(crate) async fn noting<T>(image: Option<String>, invocation: impl Future<Output = T>) -> (T, Option<String>) {
    let noted = async {
        let done = invocation.await;
        (done, IMAGE.with(RefCell::take))
    };
    IMAGE.scope(RefCell::new(image), noted).await
}

/// The image, where the payload names one.
pub(crate) fn image(payload: &Value) -> Option<&str> {
    first(payload, &["/Image/ImageID", "/ImageID"])
}

/// The execution, where the payload names one: a state's input, the image that it has claimed, or the event of its end.
pub(crate) fn execution(payload: &Value) -> Option<&str> {
    first(payload, &["/ExecutionArn", "/Image/ExecutionArn", "/detail/executionArn"])
}

fn first<'a>(payload: &'a Value, pointers: &[&str]) -> Option<&'a str> {
    pointers.iter().find_map(|pointer| payload.pointer(pointer)?.as_str())
}
