//! An image that only one test uses, since tests run in parallel and repeatedly on the same stack.

use crate::local_stack::{LocalStack, Uploaded, sample};
use serde_json::Value;
use sightline_aws::S3;
use sightline_domain::{
    model::{Clock, Record, Upload, layout},
    ports::{Objects, Records, Written},
};
use sightline_kit::clock::SystemClock;
use std::fs;
use uuid::Uuid;

/// Outside `raw-uploads/`, so that the deployed rule does not start an execution.
const AREA: &str = "tests-of-functions/";
const OWNER: &str = "tests-of-functions";

pub struct Image {
    pub id: String,
    pub key: String,
    pub execution_arn: String,
    /// Its original, if it was uploaded.
    original: Option<Uploaded>,
}

/// The sample input of a function.
pub fn sample_input(function: &str) -> Value {
    let text = fs::read_to_string(format!("{}/../events/functions/{function}.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

impl Image {
    /// A new image without any data.
    pub fn fresh() -> Self {
        let id = Uuid::new_v4().to_string();
        let execution_arn = format!("arn:aws:states:eu-west-1:123456789012:execution:tests:{}", Uuid::new_v4());
        Self { key: format!("{AREA}{id}.jpg"), id, execution_arn, original: None }
    }

    /// With an original in the bucket, and the id that is derived from it.
    pub async fn uploaded(local: &LocalStack, bytes: &[u8]) -> Self {
        let mut image = Self::fresh();
        let bucket = local.stack.images_bucket.clone();
        let uploaded = local.put(&image.key, bytes).await;
        let Uploaded { etag, version_id, .. } = uploaded.clone();
        image.id = Upload { bucket, key: image.key.clone(), version_id, etag }.derived_id();
        image.original = Some(uploaded);
        image
    }

    /// With a normalised copy of a photo of `samples/` in the bucket.
    pub async fn processed(local: &LocalStack, name: &str) -> Self {
        let image = Self::fresh();
        local.put(&layout::processed_image(&image.id), &sample(name)).await;
        image
    }

    /// With a record that its execution has claimed.
    pub async fn claimed(local: &LocalStack) -> Self {
        let image = Self::fresh();
        let input = image.input(local, "store-record");
        let upload = Upload { bucket: local.stack.images_bucket.clone(), key: image.key.clone(), version_id: None, etag: "an-etag".into() };
        let uploaded = input["Image"]["UploadTimestamp"].as_i64().unwrap();
        // Claimed now: the deployed reconcile considers an unknown execution with an older claim lost.
        let mut record = Record::claimed(image.id.clone(), &upload, 1, uploaded, image.execution_arn.clone(), SystemClock.now());
        OWNER.clone_into(&mut record.owner_id);
        assert_eq!(local.tables().claim(&record).await.unwrap(), Written::Yes);
        image
    }

    /// The sample input of a function, for this image.
    pub fn input(&self, local: &LocalStack, function: &str) -> Value {
        let known = sample_input("detect-labels")["Image"].clone();
        let known = |name: &str| known[name].as_str().unwrap().to_owned();
        let replaced = [
            (known("Key"), self.key.as_str()),
            (known("ImageID"), self.id.as_str()),
            (known("Bucket"), local.stack.images_bucket.as_str()),
            (known("ExecutionArn"), self.execution_arn.as_str()),
        ];
        let text = replaced.iter().fold(sample_input(function).to_string(), |text, (from, to)| text.replace(from, to));
        let mut input: Value = serde_json::from_str(&text.replace(r#""OwnerID":"anna""#, &format!(r#""OwnerID":"{OWNER}""#))).unwrap();
        if let (Some(object), Some(original)) = (input.pointer_mut("/Event/detail/object"), &self.original) {
            object["size"] = original.size.into();
            object["etag"] = original.etag.clone().into();
            object["version-id"] = original.version_id.clone().into();
        }
        input
    }

    /// Deletes the stored answers, so that the next step calls Rekognition again.
    pub async fn delete_results(&self, local: &LocalStack) {
        let results = local.s3().list_versions(&local.stack.images_bucket, &format!("results/{}/", self.id)).await.unwrap();
        local.s3().delete_versions(&local.stack.images_bucket, &results).await.unwrap();
    }

    /// Deletes everything of the image.
    pub async fn clean(self, local: &LocalStack) {
        let (objects, dynamodb, stack) = (S3::new(local.clients.s3()), local.clients.dynamodb(), &local.stack);
        for prefix in
            [self.key.clone(), format!("processed/{}/", self.id), format!("results/{}/", self.id), format!("archived/{}/", self.id)]
        {
            let left = objects.list_versions(&stack.images_bucket, &prefix).await.unwrap();
            objects.delete_versions(&stack.images_bucket, &left).await.unwrap();
        }
        for (table, names, items) in [
            (&stack.label_index_table, ["OwnerLabelMonth", "TimeImageID"], local.rows(&self.id).await),
            (&stack.records_table, ["ImageID", "UploadTimestamp"], local.items(&self.id).await),
        ] {
            for item in items {
                let key = names.map(|name| (name.to_owned(), item[name].clone()));
                dynamodb.delete_item().table_name(table).set_key(Some(key.into())).send().await.unwrap();
            }
        }
    }
}
