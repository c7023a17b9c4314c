//! What the calls of the API read from DynamoDB, with 100,000 images of one owner: no Scan, every Query by its partition, and a cost that does
//! not grow with the number of images.

use crate::store::{Local, on_local_stack};
use api::{Api, Deployment, Event, HttpApi, settings};
use aws_sdk_dynamodb::{
    config::{ConfigBag, RuntimeComponents},
    operation::{
        batch_get_item::{BatchGetItemInput, BatchGetItemOutput},
        query::{QueryInput, QueryOutput},
        scan::ScanInput,
    },
    types::{AttributeValue, ConsumedCapacity, PutRequest, ReturnConsumedCapacity, WriteRequest},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::interceptors::{
        Intercept,
        context::{AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut},
        dyn_dispatch_hint,
    },
};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use sightline_aws::{
    dynamodb::{TableNames, Tables},
    s3::S3,
    stepfunctions::StepFunctions,
};
use sightline_domain::{
    model::{
        clock::{Clock, DAY_MILLIS, EpochMillis},
        record::Record,
    },
    rules::{
        label_index::{month, rows},
        merge::merge,
    },
};
use sightline_kit::{Step, clock::SystemClock, settings::from};
use sightline_tests::{
    http,
    samples::{claimed, findings},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Instant,
};

/// Images of the owner.
const IMAGES: u32 = 100_000;
const OWNER: &str = "a0000000-0000-4000-8000-000000000001";
/// Items in one batch of writes, and batches at once.
const BATCH: usize = 25;
const AT_ONCE: usize = 8;

/// The API on the adapters for AWS.
struct OnStack;

impl Deployment for OnStack {
    type Tables = Tables;
    type Objects = S3;
    type Executions = StepFunctions;
    type Clock = SystemClock;
}

/// What one call has read.
#[derive(Debug, Default, Clone)]
struct Reads {
    queries: usize,
    batches: usize,
    scans: usize,
    /// Key conditions without the partition of an owner, image or queue by `=`.
    conditions: Vec<String>,
    without_limit: usize,
    /// Read capacity units.
    capacity: f64,
}

/// Records every read, and asks DynamoDB for its cost.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<Reads>>);

impl Recorder {
    fn take(&self) -> Reads {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[dyn_dispatch_hint]
impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut reads = self.0.lock().unwrap();
        let input = context.input_mut();
        if let Some(query) = input.downcast_mut::<QueryInput>() {
            query.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
            reads.queries += 1;
            reads.conditions.push(query.key_condition_expression.clone().unwrap_or_default());
            // The counters of an owner and the items of an image are few, and read whole.
            reads.without_limit += usize::from(query.limit.is_none());
        } else if let Some(batch) = input.downcast_mut::<BatchGetItemInput>() {
            batch.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
            reads.batches += 1;
        } else if input.downcast_ref::<ScanInput>().is_some() {
            reads.scans += 1;
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else { return Ok(()) };
        let mut reads = self.0.lock().unwrap();
        if let Some(answer) = output.downcast_ref::<QueryOutput>() {
            reads.capacity += answer.consumed_capacity().and_then(ConsumedCapacity::capacity_units).unwrap_or_default();
        } else if let Some(answer) = output.downcast_ref::<BatchGetItemOutput>() {
            reads.capacity += answer.consumed_capacity().iter().filter_map(ConsumedCapacity::capacity_units).sum::<f64>();
        }
        Ok(())
    }
}

/// The images are 20 minutes apart, so that they span about four years.
fn image(number: u32, newest: EpochMillis) -> Record {
    let id = format!("50000000-0000-5000-8000-{number:012}");
    let completed = merge(claimed(), serde_json::from_value(findings()).unwrap(), newest, 0);
    Record {
        s3_url: format!("s3://images/raw-uploads/{OWNER}/{id}.jpg"),
        thumbnail_key: Some(format!("processed/{id}/thumbnail.jpg")),
        content_sha256: Some(format!("{number:064x}")),
        face_count: Some(usize::from(number.is_multiple_of(1_000))),
        upload_timestamp: newest - i64::from(number) * 20 * 60_000,
        owner_id: OWNER.to_owned(),
        image_id: id,
        ..completed
    }
}

/// Writes items without conditions.
async fn write(client: &aws_sdk_dynamodb::Client, table: &str, items: Vec<HashMap<String, AttributeValue>>) {
    let batches = items.chunks(BATCH).map(|batch| {
        let put = |item: &HashMap<String, AttributeValue>| {
            WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item.clone())).build().unwrap()).build()
        };
        let requests: Vec<WriteRequest> = batch.iter().map(put).collect();
        async move {
            let answer = client.batch_write_item().request_items(table, requests).send().await.unwrap();
            assert!(answer.unprocessed_items().is_none_or(HashMap::is_empty));
        }
    });
    stream::iter(batches.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// Fills the tables with the owner's images, one label row for each, and the counters of the months.
async fn fill(client: &aws_sdk_dynamodb::Client, names: &TableNames, newest: EpochMillis) {
    let mut months: HashMap<String, u32> = HashMap::new();
    for start in (0..IMAGES).step_by(5_000) {
        let images: Vec<Record> = (start..start + 5_000).map(|number| image(number, newest)).collect();
        let label_rows = images.iter().filter_map(|image| rows(image).into_iter().find(|row| row.term == "car"));
        let label_rows: Vec<_> = label_rows.map(|row| serde_dynamo::to_item(row).unwrap()).collect();
        assert_eq!(label_rows.len(), images.len());
        for image in &images {
            *months.entry(month(image.upload_timestamp)).or_default() += 1;
        }
        write(client, &names.records, images.iter().map(|image| serde_dynamo::to_item(image).unwrap()).collect()).await;
        write(client, &names.label_index, label_rows).await;
    }
    let counter = |(month, count): (String, u32)| {
        HashMap::from([
            ("Counter".to_owned(), AttributeValue::S(format!("owner-months#{OWNER}"))),
            ("Name".to_owned(), AttributeValue::S(month)),
            ("Count".to_owned(), AttributeValue::N(count.to_string())),
        ])
    };
    write(client, &names.trends, months.into_iter().map(counter).collect()).await;
}

/// The API over tables whose reads are recorded.
fn api(store: &Local, recorder: &Recorder) -> HttpApi {
    let (clients, names) = store.parts();
    let environment = |name: &str| {
        Some(match name {
            "MEDIA_SECRET" => "0123456789abcdef0123456789abcdef".to_owned(),
            "STATE_MACHINE_ARN" | "LIVE_STATE_MACHINE_ARN" => "arn:aws:states:eu-west-1:123456789012:stateMachine:m".to_owned(),
            name if name.ends_with("_TABLE") || name.ends_with("_BUCKET") => "unused".to_owned(),
            _ => return None,
        })
    };
    let config = aws_sdk_dynamodb::config::Builder::from(clients.config()).interceptor(recorder.clone()).build();
    let tables = Tables::new(aws_sdk_dynamodb::Client::from_conf(config), names.clone());
    let executions = StepFunctions::new(clients.sfn());
    HttpApi::new(Api::<OnStack>::new(from(&environment, settings).unwrap(), tables, S3::new(clients.s3()), executions, SystemClock))
}

async fn call(api: &HttpApi, request: &str) -> Value {
    let event: Event = serde_json::from_value(http::event(Some(http::claims(OWNER, "")), request, None)).unwrap();
    let answer = serde_json::to_value(api.run(event).await.unwrap()).unwrap();
    assert_eq!(answer["statusCode"], 200, "{request}: {answer}");
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

/// Each call, the number of images that it must find on its first page (`None`: not checked), and the read capacity units that it may use.
fn calls(newest: EpochMillis) -> Vec<(String, Option<usize>, f64)> {
    let third_year = month(newest - 900 * DAY_MILLIS);
    vec![
        ("GET /api/images?limit=50".to_owned(), Some(50), 20.0),
        (format!("GET /api/images?limit=50&to={third_year}-15"), Some(50), 20.0),
        ("GET /api/images?limit=100&hasFaces=true".to_owned(), None, 80.0),
        ("GET /api/images?limit=50&q=car".to_owned(), Some(50), 150.0),
        (format!("GET /api/images?limit=50&q=car&to={third_year}-15"), Some(50), 150.0),
        ("GET /api/images?q=nothing".to_owned(), Some(0), 40.0),
        ("GET /api/images?q=car%20nothing".to_owned(), Some(0), 1_000.0),
        ("GET /api/images/months".to_owned(), None, 5.0),
        (format!("GET /api/images/{}", image(77_777, newest).image_id), None, 5.0),
        ("GET /api/images?ids=50000000-0000-5000-8000-000000099999".to_owned(), Some(1), 5.0),
    ]
}

#[test]
fn no_call_scans_or_costs_more_with_100_000_images() {
    on_local_stack(&Local::with_tables, &async |store| {
        // Given an owner with 100,000 images.
        let newest = SystemClock.now() - 60_000;
        let (clients, names) = store.parts();
        let since = Instant::now();
        fill(&clients.dynamodb(), names, newest).await;
        println!("{IMAGES} images and their rows written in {:.0} s", since.elapsed().as_secs_f64());
        let recorder = Recorder::default();
        let api = api(store, &recorder);
        for (request, expected, most) in calls(newest) {
            // When the owner makes a call.
            recorder.take();
            let since = Instant::now();
            let body = call(&api, &request).await;
            let millis = since.elapsed().as_secs_f64() * 1_000.0;
            // Then it reads partitions by their key, and few of their rows.
            let reads = recorder.take();
            let found = body["images"].as_array().map(Vec::len);
            println!(
                "{request}: {millis:.0} ms, {} queries, {} batches, {} RCU, {found:?} images",
                reads.queries, reads.batches, reads.capacity
            );
            assert_eq!(reads.scans, 0, "{request}");
            let keys = ["OwnerID = :owner", "ImageID = :id", "OwnerLabelMonth = :partition", "#counter = :counter"];
            assert!(reads.conditions.iter().all(|condition| keys.iter().any(|key| condition.starts_with(key))), "{request}: {reads:?}");
            assert!(reads.without_limit <= 2, "{request}: {reads:?}");
            assert!(reads.queries <= 70 && reads.batches <= 2, "{request}: {reads:?}");
            assert!(reads.capacity > 0.0 && reads.capacity <= most, "{request}: {reads:?}");
            assert!(expected.is_none_or(|expected| found == Some(expected)), "{request}: {found:?}");
        }
        // And a search continues page by page: each call is as cheap as the first one.
        let mut cursor = String::new();
        for _ in 0..5 {
            recorder.take();
            let page = call(&api, &format!("GET /api/images?q=car&limit=100&cursor={cursor}")).await;
            assert_eq!(page["images"].as_array().map(Vec::len), Some(100));
            assert!(recorder.take().capacity <= 300.0);
            page["next"].as_str().unwrap().clone_into(&mut cursor);
        }
    });
}
