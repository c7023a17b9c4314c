//! HTTP without a network: answers come from a script, requests are kept, and waiting takes no time.

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
use sightline_aws::{
    clients::{Clients, Target},
    dynamodb::{TableNames, Tables},
    s3::S3,
    stepfunctions::StepFunctions,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What happens to a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// An HTTP answer: status, headers, body.
    Http(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The connection is refused, or breaks.
    Broken,
    /// Nothing ever comes.
    Silence,
}

/// An answer of 200.
pub fn ok(body: impl Into<Vec<u8>>) -> Answer {
    Answer::Http(200, vec![], body.into())
}

/// An error as the JSON protocols write it.
pub fn json_error(status: u16, code: &str) -> Answer {
    let body = serde_json::json!({"__type": code, "message": "said so"}).to_string();
    Answer::Http(status, vec![("content-type", "application/x-amz-json-1.1".into())], body.into())
}

/// An error as S3 and SNS write it.
pub fn xml_error(status: u16, code: &str) -> Answer {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>said so</Message><RequestId>1</RequestId></Error>");
    Answer::Http(status, vec![("content-type", "application/xml".into())], body.into())
}

/// A request as it would have gone over the wire.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub uri: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
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
    asked: Vec<Asked>,
    waits: Vec<Duration>,
}

/// The script; its last answer is repeated for ever.
#[derive(Debug, Clone, Default)]
pub struct Replay(Arc<Mutex<Script>>);

impl Replay {
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(Arc::new(Mutex::new(Script { answers: answers.into_iter().collect(), ..Script::default() })))
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.0.lock().unwrap().asked.clone()
    }

    pub fn only(&self) -> Asked {
        let asked = self.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked[0].clone()
    }

    /// What was waited for before another try.
    pub fn waits(&self) -> Vec<Duration> {
        self.0.lock().unwrap().waits.clone()
    }

    /// The configuration of the functions, over this script.
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
        script.asked.push(Asked {
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

/// The longest wait between two tries; what is longer is a timeout that runs beside a try.
const LONGEST_BACKOFF: Duration = Duration::from_millis(19_999);

impl AsyncSleep for Replay {
    fn sleep(&self, duration: Duration) -> Sleep {
        let mut script = self.0.lock().unwrap();
        let silent = script.answers.front().is_some_and(|answer| matches!(answer, Answer::Silence));
        if duration <= LONGEST_BACKOFF {
            script.waits.push(duration);
            return Sleep::new(std::future::ready(()));
        }
        // The timeout of an attempt ends at once where nothing comes; that of the whole operation would need an hour of silence more.
        if silent && duration < Duration::from_secs(50) { Sleep::new(std::future::ready(())) } else { Sleep::new(std::future::pending()) }
    }
}

/// The tables over recorded answers.
pub async fn tables(replay: &Replay) -> Tables {
    let names = TableNames { records: "records".into(), label_index: "label-index".into(), trends: "trends".into() };
    Tables::new(aws_sdk_dynamodb::Client::new(&replay.config().await), names)
}

/// S3 over recorded answers.
pub async fn s3(replay: &Replay) -> S3 {
    S3::new(aws_sdk_s3::Client::new(&replay.config().await))
}

/// Step Functions over recorded answers.
pub async fn step_functions(replay: &Replay) -> StepFunctions {
    let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:image-analysis";
    StepFunctions::new(aws_sdk_sfn::Client::new(&replay.config().await)).with_state_machine(machine, format!("{machine}:live"))
}
