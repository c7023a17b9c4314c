//! A deployment in memory, and its callers.

use api::{Api, Deployment, Event, HttpApi, Settings, settings};
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        clock::{Clock, EpochMillis, Pause},
        record::{ProcessingStatus, Record, WorkQueue},
        review::ReviewStatus,
    },
    rules::{
        label_index::rows,
        merge::merge,
        tally::{Contributions, CounterKey},
    },
};
use sightline_kit::{Step, settings::from};
use sightline_tests::{
    executions::MemoryExecutions,
    http,
    objects::MemoryObjects,
    samples::{BUCKET, NOW, claimed, findings},
    tables::MemoryTables,
};

/// Adapters in memory.
pub struct InMemory;

impl Deployment for InMemory {
    type Tables = MemoryTables;
    type Objects = MemoryObjects;
    type Executions = MemoryExecutions;
    type Clock = StoppedClock;
}

/// A clock that stands still and does not wait.
#[derive(Debug, Clone, Copy)]
pub struct StoppedClock(pub EpochMillis);

impl Clock for StoppedClock {
    fn now(&self) -> EpochMillis {
        self.0
    }
}

impl Pause for StoppedClock {
    async fn pause(&self, _: u64) {}
}

pub const ANN: &str = "a0000000-0000-4000-8000-000000000001";
pub const BEN: &str = "b0000000-0000-4000-8000-000000000002";
pub const REVIEWER: &str = "c0000000-0000-4000-8000-000000000003";
/// An image of Ann's.
pub const PHOTO: &str = "10000000-0000-5000-8000-000000000001";
/// An image of Ann's that waits for a decision.
pub const FLAGGED: &str = "10000000-0000-5000-8000-000000000002";

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Nobody,
    /// Owns the images.
    Ann,
    /// Another person.
    Ben,
    /// Another person who is a reviewer.
    Reviewer,
    /// Another person who is an operator.
    Operator,
    /// Ann as a reviewer and operator.
    AnnWithGroups,
}

impl Who {
    /// The claims of the access token as HTTP APIs flatten them.
    fn claims(self) -> Option<Value> {
        let (sub, groups) = match self {
            Self::Nobody => return None,
            Self::Ann => (ANN, ""),
            Self::Ben => (BEN, ""),
            Self::Reviewer => (REVIEWER, "[reviewers]"),
            Self::Operator => ("d0000000-0000-4000-8000-000000000004", "[operators]"),
            Self::AnnWithGroups => (ANN, "[reviewers operators]"),
        };
        Some(http::claims(sub, groups))
    }
}

/// A response.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u64,
    pub headers: Value,
    pub body: Value,
}

/// The deployment.
#[derive(Clone, Default)]
pub struct World {
    pub tables: MemoryTables,
    pub objects: MemoryObjects,
    pub executions: MemoryExecutions,
}

/// The settings that the function needs.
pub fn test_settings() -> Settings {
    let environment = |name: &str| {
        Some(match name {
            "RECORDS_TABLE" | "LABEL_INDEX_TABLE" | "TRENDS_TABLE" => "table".to_owned(),
            "IMAGES_BUCKET" => BUCKET.to_owned(),
            "STATE_MACHINE_ARN" | "LIVE_STATE_MACHINE_ARN" => "arn:aws:states:eu-west-1:123456789012:stateMachine:m".to_owned(),
            "MEDIA_SECRET" => "0123456789abcdef0123456789abcdef".to_owned(),
            _ => return None,
        })
    };
    from(&environment, settings).unwrap()
}

impl World {
    /// A world in which Ann has a photo and an image that waits for a decision.
    pub fn with_images() -> Self {
        let world = Self::default();
        world.put(photo(PHOTO));
        world.put(flagged(FLAGGED));
        world
    }

    /// Stores a record and its label rows.
    pub fn put(&self, record: Record) {
        self.tables.put(&record);
        if record.processing_status == ProcessingStatus::Completed {
            self.tables.put_label_rows(rows(&record));
        }
    }

    /// Adds to a counter.
    pub fn count(&self, counter: &str, name: &str, counts: Value) {
        let key = CounterKey { counter: counter.to_owned(), name: name.to_owned() };
        self.tables.add(Contributions::from([(key, serde_json::from_value(counts).unwrap())]));
    }

    fn api(&self) -> HttpApi {
        let (tables, objects, executions) = (self.tables.clone(), self.objects.clone(), self.executions.clone());
        HttpApi::new(Api::<InMemory>::new(test_settings(), tables, objects, executions, StoppedClock(NOW)))
    }

    /// Sends a request as API Gateway does.
    pub async fn call(&self, who: Who, request: &str, body: Option<Value>) -> Answer {
        self.send(event(who, request, body)).await
    }

    /// Sends an event.
    pub async fn send(&self, event: Value) -> Answer {
        let event: Event = serde_json::from_value(event).unwrap();
        let answer = serde_json::to_value(self.api().run(event).await.unwrap()).unwrap();
        assert_eq!(answer["isBase64Encoded"], false);
        let body = answer["body"].as_str().unwrap_or_default();
        Answer {
            status: answer["statusCode"].as_u64().unwrap(),
            headers: answer["headers"].clone(),
            body: serde_json::from_str(body).unwrap_or_else(|_| json!(body)),
        }
    }

    /// The body of a request that must succeed.
    pub async fn ok(&self, who: Who, request: &str, body: Option<Value>) -> Value {
        let answer = self.call(who, request, body).await;
        assert_eq!(answer.status, 200, "{request}: {:#}", answer.body);
        answer.body
    }

    /// The items of all pages of a list, which each page has at `field`, and the number of pages.
    pub async fn all_pages(&self, who: Who, request: &str, field: &str) -> (Vec<Value>, usize) {
        let separator = if request.contains('?') { '&' } else { '?' };
        let (mut items, mut pages, mut cursor) = (Vec::new(), 0, String::new());
        loop {
            let page = self.ok(who, &format!("{request}{separator}cursor={cursor}"), None).await;
            items.extend(page[field].as_array().unwrap().clone());
            pages += 1;
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return (items, pages),
            }
            assert!(pages < 1_000, "{request} does not end");
        }
    }

    /// The problem of a request that must fail with this status.
    pub async fn problem(&self, who: Who, request: &str, body: Option<Value>, status: u64) -> Value {
        let answer = self.call(who, request, body).await;
        assert_eq!(answer.status, status, "{request}: {:#}", answer.body);
        assert_problem(request, &answer);
        answer.body
    }
}

/// Asserts that an answer is a complete problem.
pub fn assert_problem(request: &str, answer: &Answer) {
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{request}");
    assert_eq!(answer.body["status"], answer.status, "{request}");
    assert_eq!(answer.body["requestId"], "request-1", "{request}");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.ends_with('.') && detail.starts_with(char::is_uppercase), "{request}: {detail:?} is a sentence");
}

/// The event of a request such as `GET /api/images?limit=5`.
pub fn event(who: Who, request: &str, body: Option<Value>) -> Value {
    http::event(who.claims(), request, body.as_ref())
}

/// A COMPLETED image of Ann's.
pub fn photo(id: &str) -> Record {
    let key = format!("raw-uploads/{ANN}/{id}.jpg");
    Record {
        image_id: id.to_owned(),
        owner_id: ANN.to_owned(),
        s3_url: format!("s3://{BUCKET}/{key}"),
        thumbnail_key: Some(format!("processed/{id}/thumbnail.jpg")),
        processed_key: Some(format!("processed/{id}/image.jpg")),
        ..merge(claimed(), serde_json::from_value(findings()).unwrap(), NOW, 0)
    }
}

/// An image of Ann's that waits for a decision.
pub fn flagged(id: &str) -> Record {
    Record {
        processing_status: ProcessingStatus::Pending,
        work_queue: Some(WorkQueue::Review),
        review_status: ReviewStatus::Pending,
        review_requested_at: Some(NOW - 60_000),
        review_deadline: Some(NOW + 60_000),
        moderation_verdict: None,
        finished_at: None,
        labels: None,
        ..photo(id)
    }
}
