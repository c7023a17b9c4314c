//! The admin API of the local Rekognition: planned faults and counts of calls, both by image.

use serde_json::{Value, json};

/// The local Rekognition.
pub struct Recognition {
    endpoint: String,
}

/// The four operations, in the order of [`Recognition::answered`].
pub const OPERATIONS: [&str; 4] = ["DetectLabels", "DetectModerationLabels", "DetectFaces", "DetectText"];

impl Recognition {
    pub fn from_environment() -> Self {
        let endpoint = std::env::var("AWS_ENDPOINT_URL_REKOGNITION").expect("AWS_ENDPOINT_URL_REKOGNITION is not set; run `make test`");
        Self { endpoint }
    }

    /// Plans a fault for an image; returns its id.
    pub async fn plan_fault(&self, image_id: &str, operation: &str, mode: &str, more: Value) -> u64 {
        let mut fault = json!({"operation": operation, "image": image_id, "mode": mode});
        if let (Some(fault), Value::Object(more)) = (fault.as_object_mut(), more) {
            fault.extend(more);
        }
        let answer = self.call("POST", "/admin/faults", Some(fault)).await;
        answer["id"].as_u64().expect("the fault has an id")
    }

    /// Removes a fault.
    pub async fn remove_fault(&self, fault: u64) {
        self.call("DELETE", &format!("/admin/faults/{fault}"), None).await;
    }

    /// The number of faults that are still planned for an image.
    pub async fn planned_faults(&self, image_id: &str) -> usize {
        let planned = self.call("GET", "/admin/faults", None).await;
        planned.as_array().map_or(0, |faults| faults.iter().filter(|fault| fault["image"] == image_id).count())
    }

    /// The number of answered calls for an image, by operation: AWS bills these.
    pub async fn answered(&self, image_id: &str) -> [u64; 4] {
        let calls = self.calls(image_id).await;
        OPERATIONS.map(|operation| calls[operation]["answered"].as_u64().unwrap_or_default())
    }

    /// All counts for an image, by operation and outcome.
    pub async fn calls(&self, image_id: &str) -> Value {
        self.call("GET", &format!("/admin/calls?image={image_id}"), None).await
    }

    async fn call(&self, method: &'static str, path: &str, body: Option<Value>) -> Value {
        let uri = format!("{}{path}", self.endpoint);
        tokio::task::spawn_blocking(move || {
            let request = ureq::http::Request::builder().method(method).uri(&uri).header("content-type", "application/json");
            let request = request.body(body.map(|body| body.to_string()).unwrap_or_default()).expect("a request");
            let mut answer = ureq::run(request).unwrap_or_else(|error| panic!("{uri}: {error}"));
            let text = answer.body_mut().read_to_string().expect("a body");
            serde_json::from_str(&text).unwrap_or(Value::Null)
        })
        .await
        .expect("the call ends")
    }
}
