//! HTTP without a network: responses come from a script, requests are recorded, and waits take no time.

use aws_config::SdkConfig;
use aws_sdk_s3::config::{AsyncSleep, Credentials, HttpClient, SharedCredentialsProvider, SharedHttpClient, Sleep};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use serde_json::Value;
use sightline_aws::{Clients, S3, StepFunctions, TableNames, Tables, Target};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

/// The response to a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// An HTTP answer: status, headers, body.
    Http(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The connection is refused or breaks.
    Broken,
    /// No response ever arrives.
    Silence,
}

/// A 200 response.
pub fn ok(body: impl Into<Vec<u8>>) -> Answer {
    Answer::Http(200, vec![], body.into())
}

/// An error as the JSON protocols write it.
pub fn json_error(status: u16, code: &str) -> Answer {
    let body = serde_json::json!({"__type": code, "message": "the reason"}).to_string();
    Answer::Http(status, vec![("content-type", "application/x-amz-json-1.1".into())], body.into())
}

/// An error as S3 and SNS write it.
pub fn xml_error(status: u16, code: &str) -> Answer {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>the reason</Message><RequestId>1</RequestId></Error>");
    Answer::Http(status, vec![("content-type", "application/xml".into())], body.into())
}

/// A recorded request.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub uri: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Answer>,
    sent: Vec<Request>,
    waits: Vec<Duration>,
}

/// The script; its last response is repeated.
#[derive(Debug, Clone, Default)]
pub struct Replay(Arc<Mutex<Script>>);

impl Replay {
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(Arc::new(Mutex::new(Script { answers: answers.into_iter().collect(), ..Script::default() })))
    }

    pub fn requests(&self) -> Vec<Request> {
        self.0.lock().unwrap().sent.clone()
    }

    pub fn only(&self) -> Request {
        let sent = self.requests();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent[0].clone()
    }

    /// The waits before further attempts.
    pub fn waits(&self) -> Vec<Duration> {
        self.0.lock().unwrap().waits.clone()
    }

    /// The configuration of the functions, with this script as its HTTP client.
    pub async fn config(&self) -> SdkConfig {
        let target = Target { region: Some("eu-west-1".into()), endpoint_url: Some("http://127.0.0.1:1".into()), ..Target::default() };
        let credentials = Credentials::new("test", "test", None, None, "test");
        let builder = Clients::load(target).await.config().clone().into_builder();
        builder
            .http_client(SharedHttpClient::new(self.clone()))
            .sleep_impl(self.clone())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut script = self.0.lock().unwrap();
        script.sent.push(Request {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            headers: request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: request.body().bytes().map(<[u8]>::to_vec).unwrap_or_default(),
        });
        let answer = if script.answers.len() > 1 { script.answers.pop_front() } else { script.answers.front().cloned() };
        match answer.expect("a script has an answer") {
            Answer::Http(status, headers, body) => {
                let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
                for (name, value) in headers {
                    response.headers_mut().insert(name, value);
                }
                HttpConnectorFuture::ready(Ok(response))
            }
            Answer::Broken => HttpConnectorFuture::ready(Err(ConnectorError::io("connection reset".into()))),
            Answer::Silence => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

impl HttpClient for Replay {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// The longest wait between two attempts; a longer sleep is the timeout of an attempt.
const LONGEST_BACKOFF: Duration = Duration::from_millis(19_999);

impl AsyncSleep for Replay {
    fn sleep(&self, duration: Duration) -> Sleep {
        let mut script = self.0.lock().unwrap();
        let silent = script.answers.front().is_some_and(|answer| matches!(answer, Answer::Silence));
        if duration <= LONGEST_BACKOFF {
            script.waits.push(duration);
            return Sleep::new(std::future::ready(()));
        }
        // If no response arrives, the timeout of the attempt fires at once; the timeout of the operation never does.
        if silent && duration < Duration::from_secs(50) { Sleep::new(std::future::ready(())) } else { Sleep::new(std::future::pending()) }
    }
}

/// The tables over recorded responses.
pub async fn tables(replay: &Replay) -> Tables {
    let names = TableNames { records: "records".into(), label_index: "label-index".into(), trends: "trends".into() };
    Tables::new(aws_sdk_dynamodb::Client::new(&replay.config().await), names)
}

/// S3 over recorded responses.
pub async fn s3(replay: &Replay) -> S3 {
    S3::new(aws_sdk_s3::Client::new(&replay.config().await))
}

/// Step Functions over recorded responses.
pub async fn step_functions(replay: &Replay) -> StepFunctions {
    let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:image-analysis";
    StepFunctions::new(aws_sdk_sfn::Client::new(&replay.config().await)).with_state_machine(machine, format!("{machine}:live"))
}
