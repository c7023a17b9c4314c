//! The local stack as the tests see it. Each test binary that needs it includes this module.

#![allow(dead_code, reason = "no binary uses all of it")]

use aws_sdk_dynamodb::{operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue};
use aws_sdk_s3::{primitives::ByteStream, types::CreateBucketConfiguration};
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};
use sightline_aws::{
    Clients, S3, TableNames, Tables, Target,
    cloudformation::{self, Stack},
};
use sightline_domain::{
    model::{ProcessingStatus, Record, Upload},
    ports::Records,
};
use std::{
    collections::HashMap,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};
use uuid::Uuid;

pub mod recognition;

use recognition::Recognition;

/// A DynamoDB item.
pub type Item = HashMap<String, AttributeValue>;

/// Long enough for every retry of the state machine on a busy machine.
const TIME_LIMIT: Duration = Duration::from_mins(4);
/// The interval of polling.
const INTERVAL: Duration = Duration::from_millis(300);

/// A deployed stage.
pub struct LocalStack {
    pub name: &'static str,
    pub clients: Clients,
    pub stack: Stack,
    pub recognition: Recognition,
}

/// One upload.
#[derive(Clone)]
pub struct Uploaded {
    pub id: String,
    pub key: String,
    pub etag: String,
    pub version_id: Option<String>,
    pub size: usize,
}

impl LocalStack {
    /// The stage with the documented defaults.
    pub async fn default_stage() -> Self {
        Self::stage("sightline").await
    }

    /// The stage with watched labels, reviews and few retries of throttling: tests/settings/strict.json.
    pub async fn strict_stage() -> Self {
        Self::stage("sightline-strict").await
    }

    async fn stage(name: &'static str) -> Self {
        const START: &str = "start the local stack (`make up`) and point this shell at it (`eval \"$(make -s env)\"`), or run `make test`";
        let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap_or_else(|_| panic!("AWS_ENDPOINT_URL is not set: {START}"));
        assert!(endpoint.starts_with("http://127.0.0.1:"), "the tests write to the stack, so it must be a local one, not {endpoint}");
        let clients = Clients::load(Target::default()).await;
        let stack = cloudformation::find(&clients.cloudformation(), name).await.unwrap_or_else(|error| panic!("{error}: {START}"));
        Self { name, clients, stack, recognition: Recognition::from_environment() }
    }

    pub fn tables(&self) -> Tables {
        let names = TableNames {
            records: self.stack.records_table.clone(),
            label_index: self.stack.label_index_table.clone(),
            trends: self.stack.trends_table.clone(),
        };
        Tables::new(self.clients.dynamodb(), names)
    }

    pub fn s3(&self) -> S3 {
        S3::new(self.clients.s3())
    }

    /// Uploads `bytes` to a key that contains a new image id.
    pub async fn upload(&self, bytes: &[u8], extension: &str) -> Uploaded {
        let id = Uuid::new_v4().to_string();
        let uploaded = self.put(&format!("raw-uploads/tests/{id}.{extension}"), bytes).await;
        Uploaded { id, ..uploaded }
    }

    /// Uploads a photo of samples/.
    pub async fn upload_sample(&self, name: &str) -> Uploaded {
        self.upload_sample_as(&Uuid::new_v4().to_string(), name).await
    }

    /// Uploads a photo of samples/ to a key that contains the image id `id`.
    pub async fn upload_sample_as(&self, id: &str, name: &str) -> Uploaded {
        let extension = name.rsplit('.').next().unwrap_or_default();
        let uploaded = self.put(&format!("raw-uploads/tests/{id}.{extension}"), &sample(name)).await;
        Uploaded { id: id.to_owned(), ..uploaded }
    }

    /// Puts an object into the images bucket; the id of the result is empty.
    pub async fn put(&self, key: &str, bytes: &[u8]) -> Uploaded {
        self.put_into(&self.stack.images_bucket, key, bytes).await
    }

    /// Puts an object into any bucket; the id of the result is empty.
    pub async fn put_into(&self, bucket: &str, key: &str, bytes: &[u8]) -> Uploaded {
        let request = self.clients.s3().put_object().bucket(bucket).key(key).body(ByteStream::from(bytes.to_vec()));
        let answer = request.send().await.expect("the local S3 accepts the object");
        let etag = answer.e_tag().unwrap_or_default().trim_matches('"').to_owned();
        Uploaded { id: String::new(), key: key.to_owned(), etag, version_id: answer.version_id, size: bytes.len() }
    }

    /// Creates another bucket; returns its name.
    pub async fn new_bucket(&self) -> String {
        let name = format!("photos-{}", Uuid::new_v4());
        let region = self.clients.config().region().expect("a region").as_ref();
        let place = CreateBucketConfiguration::builder().location_constraint(region.into()).build();
        self.clients.s3().create_bucket().bucket(&name).create_bucket_configuration(place).send().await.expect("the bucket is created");
        name
    }

    /// The id of an upload whose key contains none; the events of the local S3 have no version.
    pub fn derived_id(&self, uploaded: &Uploaded) -> String {
        let bucket = self.stack.images_bucket.clone();
        Upload { bucket, key: uploaded.key.clone(), version_id: None, etag: uploaded.etag.clone() }.derived_id()
    }

    /// Whether an object exists.
    pub async fn has(&self, key: &str) -> bool {
        self.clients.s3().head_object().bucket(&self.stack.images_bucket).key(key).send().await.is_ok()
    }

    /// The tag `status` of the original. store-record sets it after it wrote the record: wait for the execution to end first.
    pub async fn status_tag(&self, key: &str) -> Option<String> {
        let tagging =
            self.clients.s3().get_object_tagging().bucket(&self.stack.images_bucket).key(key).send().await.expect("tags can be read");
        tagging.tag_set.into_iter().find(|tag| tag.key == "status").map(|tag| tag.value)
    }

    /// The event that S3 sends for an upload; with `version_id` as on AWS, without as on the local S3.
    pub fn event(&self, uploaded: &Uploaded, version_id: Option<&str>) -> Value {
        let mut object = json!({"key": uploaded.key, "size": uploaded.size, "etag": uploaded.etag, "sequencer": "00"});
        if let Some(version) = version_id {
            object["version-id"] = json!(version);
        }
        json!({
            "version": "0", "id": Uuid::new_v4(), "detail-type": "Object Created", "source": "aws.s3", "account": "000000000000",
            "time": "2026-11-24T12:00:00Z", "region": "eu-west-1", "resources": [],
            "detail": {"version": "0", "bucket": {"name": self.stack.images_bucket}, "object": object, "reason": "PutObject"}
        })
    }

    /// Starts an execution, as the rule does.
    pub async fn start(&self, event: &Value) -> String {
        let request = self.clients.sfn().start_execution().state_machine_arn(&self.stack.state_machine_arn).input(event.to_string());
        request.send().await.expect("an execution starts").execution_arn
    }

    /// Waits until an execution ends. Returns its status and the states that it entered.
    pub async fn ended(&self, execution_arn: &str) -> (ExecutionStatus, Vec<String>) {
        let sfn = self.clients.sfn();
        let status = within(TIME_LIMIT, "the execution ends", async || {
            let described = sfn.describe_execution().execution_arn(execution_arn).send().await.expect("the execution is known");
            Some(described.status).filter(|status| *status != ExecutionStatus::Running)
        })
        .await;
        let history = sfn.get_execution_history().execution_arn(execution_arn).max_results(1000).send().await.expect("a history");
        let entered =
            history.events.iter().filter_map(|event| event.state_entered_event_details()).map(|details| details.name().to_owned());
        (status, entered.collect())
    }

    /// The record of an image.
    pub async fn record(&self, image_id: &str) -> Record {
        let record = self.tables().find(image_id).await.expect("the record can be read");
        record.unwrap_or_else(|| panic!("image {image_id} has no record"))
    }

    /// Deletes a record, as its expiry does.
    pub async fn delete_record(&self, record: &Record) {
        let delete = self.clients.dynamodb().delete_item().table_name(&self.stack.records_table);
        delete.set_key(Some(key_of(record))).send().await.expect("the record is deleted");
    }

    /// An update of a record, without a condition.
    pub fn update_record(&self, record: &Record) -> UpdateItemFluentBuilder {
        self.clients.dynamodb().update_item().table_name(&self.stack.records_table).set_key(Some(key_of(record)))
    }

    /// All items of an image in the records table, with the attributes that are not part of a [`Record`].
    pub async fn items(&self, image_id: &str) -> Vec<Item> {
        let query = self.clients.dynamodb().query().table_name(&self.stack.records_table).key_condition_expression("ImageID = :id");
        let query = query.expression_attribute_values(":id", AttributeValue::S(image_id.to_owned()));
        query.send().await.expect("the records can be read").items.unwrap_or_default()
    }

    /// The image's rows of the label index.
    pub async fn rows(&self, image_id: &str) -> Vec<Item> {
        let scan = self.clients.dynamodb().scan().table_name(&self.stack.label_index_table).filter_expression("ImageID = :id");
        let pages = scan.expression_attribute_values(":id", AttributeValue::S(image_id.to_owned())).into_paginator().items().send();
        pages.try_collect().await.expect("the label index can be read")
    }

    /// Waits until the record of an image satisfies `fits`.
    pub async fn record_when(&self, id: &str, what: &str, fits: impl Fn(&Record) -> bool) -> Record {
        let records = self.tables();
        within(TIME_LIMIT, &format!("image {id} {what}"), async || {
            records.find(id).await.expect("the record can be read").filter(|record| fits(record))
        })
        .await
    }

    /// Waits for the image to be COMPLETED; panics with the reason if it fails instead.
    pub async fn completed(&self, id: &str) -> Record {
        let record = self.record_when(id, "is done", |record| record.processing_status != ProcessingStatus::Pending).await;
        let reason = (record.status_reason.as_deref(), record.status_detail.as_deref());
        assert!(record.processing_status == ProcessingStatus::Completed, "image {id} FAILED: {reason:?}");
        record
    }

    /// Waits for the image to be FAILED. Returns the record and its reason.
    pub async fn failed(&self, id: &str) -> (Record, String) {
        let record = self.record_when(id, "is done", |record| record.processing_status != ProcessingStatus::Pending).await;
        assert!(record.processing_status == ProcessingStatus::Failed, "image {id} was COMPLETED");
        let reason = record.status_reason.clone().expect("a FAILED record has a reason");
        (record, reason)
    }
}

fn key_of(record: &Record) -> Item {
    let (id, time) = (record.image_id.clone(), record.upload_timestamp.to_string());
    Item::from([("ImageID".to_owned(), AttributeValue::S(id)), ("UploadTimestamp".to_owned(), AttributeValue::N(time))])
}

/// Calls `ask` until it returns `Some`.
pub async fn within<T>(limit: Duration, what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let started = tokio::time::Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < limit, "not within {} s: {what}", limit.as_secs());
        tokio::time::sleep(INTERVAL).await;
    }
}

/// How a run of the command ended.
#[derive(Debug)]
pub struct Run {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub messages: String,
}

impl Run {
    /// Asserts that the exit code is 0.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.messages);
        self
    }

    /// The output, which must be JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {:?}, {}", self.output, self.messages))
    }
}

impl From<Output> for Run {
    fn from(ended: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: ended.status.code(), output: text(&ended.stdout), messages: text(&ended.stderr) }
    }
}

/// Runs the real command against a stage.
pub fn sightline(local: &LocalStack, arguments: &[&str]) -> Run {
    let mut command = command(local);
    command.args(arguments).output().unwrap_or_else(|error| panic!("{command:?}: {error}; run `cargo build`")).into()
}

/// Starts `sightline watch` against a stage, its output piped.
pub fn watch(local: &LocalStack, arguments: &[&str]) -> Child {
    let mut command = command(local);
    command.arg("watch").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}; run `cargo build`"))
}

/// `make env` sets the owner of the demo's photos, which these tests do not use.
fn command(local: &LocalStack) -> Command {
    let mut command = Command::new(root().join("target/debug/sightline"));
    command.env_remove("SIGHTLINE_OWNER").args(["--name", local.name]);
    command
}

/// The bytes of a photo of samples/.
pub fn sample(name: &str) -> Vec<u8> {
    std::fs::read(root().join("samples").join(name)).unwrap_or_else(|error| panic!("samples/{name}: {error}"))
}

/// The repository's root.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
