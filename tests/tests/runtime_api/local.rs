//! The local stack behind the functions.

use crate::function::Function;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};
use sightline_aws::{
    clients::{Clients, Target},
    cloudformation::{self, Stack},
    dynamodb::{TableNames, Tables},
};
use sightline_domain::{model::record::Record, ports::Records};
use std::{collections::HashMap, env, fs};

pub type Item = HashMap<String, AttributeValue>;

/// Names and values of settings.
pub type Settings<'a> = Vec<(&'a str, &'a str)>;

pub struct Local {
    pub clients: Clients,
    pub stack: Stack,
    rekognition: String,
}

impl Local {
    /// The stack that the environment points at.
    pub async fn find() -> Self {
        const HOW: &str = "bring the local stack up (`make up`), and point this shell at it (`eval \"$(make -s env)\"`)";
        let endpoint = env::var("AWS_ENDPOINT_URL").unwrap_or_else(|_| panic!("AWS_ENDPOINT_URL is not set: {HOW}"));
        let rekognition =
            env::var("AWS_ENDPOINT_URL_REKOGNITION").unwrap_or_else(|_| panic!("AWS_ENDPOINT_URL_REKOGNITION is not set: {HOW}"));
        assert!(
            endpoint.starts_with("http://127.0.0.1:"),
            "these tests write to the stack, so they run against a local one only, not {endpoint}"
        );
        let clients = Clients::load(Target::default()).await;
        let stack = cloudformation::find(&clients.cloudformation(), "sightline").await.unwrap_or_else(|error| panic!("{error}: {HOW}"));
        Self { clients, stack, rekognition }
    }

    /// A function with all the settings that it needs on this stack.
    pub fn function(&self, name: &str) -> Function {
        Function::start(name, &self.settings(name))
    }

    /// The settings that a function needs on this stack.
    pub fn settings(&self, name: &str) -> Settings<'_> {
        let (records, labels) =
            (("RECORDS_TABLE", self.stack.records_table.as_str()), ("LABEL_INDEX_TABLE", self.stack.label_index_table.as_str()));
        match name {
            "inspect-image" | "record-rejection" | "record-failure" | "request-review" => vec![records],
            "store-record" => vec![records, labels],
            "send-alert" => vec![("ALERTS_TOPIC_ARN", self.stack.alerts_topic_arn.as_str())],
            "moderate-image" => vec![("MODERATION_POLICY", r#"[{"category":"Explicit","minConfidence":60,"action":"BLOCK"}]"#)],
            _ => Vec::new(),
        }
    }

    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> aws_sdk_s3::operation::put_object::PutObjectOutput {
        let put = self.clients.s3().put_object().bucket(&self.stack.images_bucket).key(key).body(ByteStream::from(bytes));
        put.send().await.expect("the local S3 takes objects")
    }

    pub async fn has(&self, key: &str) -> bool {
        self.clients.s3().head_object().bucket(&self.stack.images_bucket).key(key).send().await.is_ok()
    }

    pub fn tables(&self) -> Tables {
        let names = TableNames { records: self.stack.records_table.clone(), ..TableNames::default() };
        Tables::new(self.clients.dynamodb(), names)
    }

    pub async fn record(&self, image_id: &str) -> Record {
        self.tables().find(image_id).await.unwrap().unwrap_or_else(|| panic!("image {image_id} has no record"))
    }

    /// The record's item, with what is in no [`Record`].
    pub async fn item(&self, image_id: &str) -> Item {
        let query = self.clients.dynamodb().query().table_name(&self.stack.records_table).key_condition_expression("ImageID = :id");
        let items = query.expression_attribute_values(":id", AttributeValue::S(image_id.to_owned())).send().await.unwrap().items.unwrap();
        assert_eq!(items.len(), 1, "one item for one image");
        items.into_iter().next().unwrap()
    }

    /// The image's label rows.
    pub async fn rows(&self, image_id: &str) -> Vec<Item> {
        let scan = self.clients.dynamodb().scan().table_name(&self.stack.label_index_table).filter_expression("ImageID = :id");
        let pages = scan.expression_attribute_values(":id", AttributeValue::S(image_id.to_owned())).into_paginator().items().send();
        pages.try_collect().await.unwrap()
    }

    /// Plans a fault for an image; gives its id.
    pub fn plan(&self, image_id: &str, mode: &str) -> u64 {
        let fault = json!({ "operation": "*", "image": image_id, "mode": mode });
        self.rekognition("POST", "/admin/faults", &fault.to_string())["id"].as_u64().unwrap()
    }

    /// Ends a fault.
    pub fn mend(&self, fault: u64) {
        self.rekognition("DELETE", &format!("/admin/faults/{fault}"), "");
    }

    /// How many calls about an image were answered: those that AWS would bill.
    pub fn answered(&self, image_id: &str, operation: &str) -> u64 {
        self.rekognition("GET", &format!("/admin/calls?image={image_id}"), "")[operation]["answered"].as_u64().unwrap()
    }

    fn rekognition(&self, method: &str, path: &str, body: &str) -> Value {
        let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.rekognition));
        let request = request.header("content-type", "application/json").body(body.to_owned()).unwrap();
        let mut answer = ureq::run(request).unwrap_or_else(|error| panic!("the local Rekognition: {error}"));
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap_or(Value::Null)
    }
}

/// A photo of `samples/`.
pub fn photo(name: &str) -> Vec<u8> {
    fs::read(format!("{}/../samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}
