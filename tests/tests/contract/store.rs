//! The two stores that the cases run against.

use crate::local_stack::LocalStack;
use aws_sdk_dynamodb::types::{AttributeValue, BillingMode, GlobalSecondaryIndex};
use aws_sdk_s3::{
    primitives::ByteStream,
    types::{BucketVersioningStatus, CreateBucketConfiguration, Tag, Tagging, VersioningConfiguration},
};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use sightline_aws::{
    clients::Clients,
    dynamodb::{TableNames, Tables},
    s3::S3,
};
use sightline_domain::{
    model::{
        clock::EpochMillis,
        identity::{ObjectRef, Upload},
        record::Record,
        review::ReviewOutcome,
    },
    ports::{
        Counters, Decided, Gallery, ImportSource, Interventions, LabelIndex, Objects, Overlays, Records, ReviewLeases, Uploads, WorkQueues,
    },
    rules::label_index::LabelRow,
};
use sightline_tests::{
    import_source::MemoryBuckets,
    objects::MemoryObjects,
    samples::{BUCKET, UPLOADED},
    tables::MemoryTables,
};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::Duration,
};
use uuid::Uuid;

/// The tables, empty at first, and what a case does to them beside calling the ports.
pub trait TableStore {
    type Tables: Records + WorkQueues + LabelIndex + Counters + Gallery + Overlays + ReviewLeases + Interventions;

    fn tables(&self) -> &Self::Tables;

    /// Writes a record without a condition.
    async fn put(&self, record: &Record);

    /// Sets attributes of the item of a record without a condition.
    async fn change(&self, record: &Record, changes: Value);

    /// The item of a record; empty if there is none.
    async fn item(&self, record: &Record) -> Map<String, Value>;

    /// Writes rows of the label index without a condition.
    async fn put_rows(&self, rows: Vec<LabelRow>);
}

/// A versioned bucket, empty at first, and what a case does to it beside calling the ports.
pub trait BucketStore {
    type Objects: Objects + Uploads;
    type Source: ImportSource;

    fn objects(&self) -> &Self::Objects;

    fn source(&self) -> &Self::Source;

    fn bucket(&self) -> &str;

    /// Uploads a version.
    async fn upload(&self, key: &str, bytes: &[u8]) -> Upload;

    /// Uploads a version whose metadata has a `filename`.
    async fn upload_named(&self, key: &str, bytes: &[u8], name: &str) -> Upload;

    /// Sets the tags of the newest version.
    async fn set_tags(&self, key: &str, tags: &[(String, String)]);

    /// The tags of the newest version, sorted.
    async fn tags(&self, key: &str) -> Vec<(String, String)>;

    /// Waits until the next upload has a later `LastModified`, which S3 counts in seconds.
    async fn wait(&self);
}

/// The fakes.
pub struct Memory {
    tables: MemoryTables,
    buckets: MemoryBuckets,
    now: Cell<EpochMillis>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { tables: MemoryTables::default(), buckets: MemoryBuckets::named(&[BUCKET]), now: Cell::new(UPLOADED) }
    }
}

impl TableStore for Memory {
    type Tables = MemoryTables;

    fn tables(&self) -> &MemoryTables {
        &self.tables
    }

    async fn put(&self, record: &Record) {
        self.tables.put(record);
    }

    async fn change(&self, record: &Record, changes: Value) {
        self.tables.change(&record.image_id, changes);
    }

    async fn item(&self, record: &Record) -> Map<String, Value> {
        self.tables.item(&record.image_id)
    }

    async fn put_rows(&self, rows: Vec<LabelRow>) {
        self.tables.put_label_rows(rows);
    }
}

impl BucketStore for Memory {
    type Objects = MemoryObjects;
    type Source = MemoryBuckets;

    fn objects(&self) -> &MemoryObjects {
        self.buckets.bucket(BUCKET)
    }

    fn source(&self) -> &MemoryBuckets {
        &self.buckets
    }

    fn bucket(&self) -> &str {
        BUCKET
    }

    async fn upload(&self, key: &str, bytes: &[u8]) -> Upload {
        self.objects().upload(BUCKET, key, bytes, self.now.get())
    }

    async fn upload_named(&self, key: &str, bytes: &[u8], name: &str) -> Upload {
        let upload = self.upload(key, bytes).await;
        self.objects().set_name(key, name);
        upload
    }

    async fn set_tags(&self, key: &str, tags: &[(String, String)]) {
        for (name, value) in tags {
            self.objects().set_tag(key, name, value);
        }
    }

    async fn tags(&self, key: &str) -> Vec<(String, String)> {
        self.objects().current(key).unwrap().tags.into_iter().collect()
    }

    async fn wait(&self) {
        self.now.set(self.now.get() + 1000);
    }
}

/// The adapters over tables or a bucket that one test creates and deletes. No event, stream or schedule of the stage reaches them.
pub struct Local {
    stack: LocalStack,
    names: TableNames,
    tables: Tables,
    bucket: String,
    s3: S3,
}

/// Runs `case` over what `create` creates, and deletes it afterwards, also if the case fails.
pub fn on_local_stack(create: &impl AsyncFn(&Local), case: &impl AsyncFn(&Local)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = runtime.block_on(async {
        let stack = LocalStack::default_stage().await;
        let run = Uuid::new_v4();
        let name = |table: &str| format!("contract-{run}-{table}");
        let names = TableNames { records: name("records"), label_index: name("label-index"), trends: name("trends") };
        let tables = Tables::new(stack.clients.dynamodb(), names.clone());
        let s3 = S3::new(stack.clients.s3());
        let store = Local { stack, names, tables, bucket: format!("contract-{run}"), s3 };
        create(&store).await;
        store
    });
    let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(case(&store))));
    runtime.block_on(store.delete());
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

impl Local {
    /// Creates tables with the keys and indexes of the stage's own.
    pub async fn with_tables(&self) {
        let stack = &self.stack.stack;
        let pairs = [
            (&stack.records_table, &self.names.records),
            (&stack.label_index_table, &self.names.label_index),
            (&stack.trends_table, &self.names.trends),
        ];
        let client = self.stack.clients.dynamodb();
        for (original, copy) in pairs {
            let table = client.describe_table().table_name(original).send().await.unwrap().table.unwrap();
            let indexes = table.global_secondary_indexes.unwrap_or_default().into_iter().map(|index| {
                let copy = GlobalSecondaryIndex::builder().set_index_name(index.index_name).set_key_schema(index.key_schema);
                copy.set_projection(index.projection).build().unwrap()
            });
            let indexes: Vec<_> = indexes.collect();
            let create = client.create_table().table_name(copy).billing_mode(BillingMode::PayPerRequest);
            let create = create.set_key_schema(table.key_schema).set_attribute_definitions(table.attribute_definitions);
            create.set_global_secondary_indexes(Some(indexes).filter(|indexes| !indexes.is_empty())).send().await.unwrap();
        }
    }

    /// Clients of the stack, and the names of the tables.
    pub fn parts(&self) -> (&Clients, &TableNames) {
        (&self.stack.clients, &self.names)
    }

    /// Creates a versioned bucket.
    pub async fn with_bucket(&self) {
        let client = self.stack.clients.s3();
        let region = self.stack.clients.config().region().unwrap().as_ref();
        let place = CreateBucketConfiguration::builder().location_constraint(region.into()).build();
        client.create_bucket().bucket(&self.bucket).create_bucket_configuration(place).send().await.unwrap();
        let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        client.put_bucket_versioning().bucket(&self.bucket).versioning_configuration(enabled).send().await.unwrap();
    }

    /// Deletes the tables and the bucket; only one kind was created.
    async fn delete(&self) {
        for table in [&self.names.records, &self.names.label_index, &self.names.trends] {
            let _ = self.stack.clients.dynamodb().delete_table().table_name(table).send().await;
        }
        let versions = self.s3.list_versions(&self.bucket, "").await.unwrap_or_default();
        if !versions.is_empty() {
            let _ = self.s3.delete_versions(&self.bucket, &versions).await;
        }
        let _ = self.stack.clients.s3().delete_bucket().bucket(&self.bucket).send().await;
    }

    async fn put_item(&self, table: &str, item: impl serde::Serialize) {
        let item = serde_dynamo::to_item(item).unwrap();
        self.stack.clients.dynamodb().put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }
}

impl TableStore for Local {
    type Tables = Tables;

    fn tables(&self) -> &Tables {
        &self.tables
    }

    async fn put(&self, record: &Record) {
        self.put_item(&self.names.records, record).await;
    }

    async fn change(&self, record: &Record, changes: Value) {
        let mut item = self.item(record).await;
        item.extend(changes.as_object().unwrap().clone());
        self.put_item(&self.names.records, item).await;
    }

    async fn item(&self, record: &Record) -> Map<String, Value> {
        let get = self.stack.clients.dynamodb().get_item().table_name(&self.names.records).consistent_read(true);
        let get = get.key("ImageID", AttributeValue::S(record.image_id.clone()));
        let get = get.key("UploadTimestamp", AttributeValue::N(record.upload_timestamp.to_string()));
        let item = get.send().await.unwrap().item.unwrap_or_default();
        serde_dynamo::from_item(item).unwrap()
    }

    async fn put_rows(&self, rows: Vec<LabelRow>) {
        for row in rows {
            self.put_item(&self.names.label_index, row).await;
        }
    }
}

impl BucketStore for Local {
    type Objects = S3;
    type Source = S3;

    fn objects(&self) -> &S3 {
        &self.s3
    }

    fn source(&self) -> &S3 {
        &self.s3
    }

    fn bucket(&self) -> &str {
        &self.bucket
    }

    async fn upload(&self, key: &str, bytes: &[u8]) -> Upload {
        self.put_object(key, bytes, None).await
    }

    async fn upload_named(&self, key: &str, bytes: &[u8], name: &str) -> Upload {
        self.put_object(key, bytes, Some(name)).await
    }

    async fn set_tags(&self, key: &str, tags: &[(String, String)]) {
        let tags = tags.iter().map(|(name, value)| Tag::builder().key(name).value(value).build().unwrap());
        let tagging = Tagging::builder().set_tag_set(Some(tags.collect())).build().unwrap();
        self.stack.clients.s3().put_object_tagging().bucket(&self.bucket).key(key).tagging(tagging).send().await.unwrap();
    }

    async fn tags(&self, key: &str) -> Vec<(String, String)> {
        let tagging = self.stack.clients.s3().get_object_tagging().bucket(&self.bucket).key(key).send().await.unwrap();
        let mut tags: Vec<_> = tagging.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect();
        tags.sort();
        tags
    }

    async fn wait(&self) {
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
}

impl Local {
    async fn put_object(&self, key: &str, bytes: &[u8], name: Option<&str>) -> Upload {
        let put = self.stack.clients.s3().put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes.to_vec()));
        let put = name.into_iter().fold(put, |put, name| put.metadata("filename", name));
        let answer = put.send().await.unwrap();
        Upload {
            bucket: self.bucket.clone(),
            key: key.to_owned(),
            version_id: answer.version_id,
            etag: answer.e_tag.unwrap().trim_matches('"').to_owned(),
        }
    }
}

/// Saves a reviewer's decision. Returns the task token if the decision is accepted.
pub async fn decide(store: &impl TableStore, record: &Record, outcome: &ReviewOutcome, now: EpochMillis) -> Option<String> {
    match store.tables().decide(&record.image_id, record.upload_timestamp, outcome, now).await.unwrap() {
        Decided::Yes { token } => Some(token.unwrap().expose_secret().to_owned()),
        _ => None,
    }
}

/// The version that an upload made.
pub fn version_of(upload: &Upload) -> ObjectRef<'_> {
    ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: upload.version_id.as_deref() }
}
