//! The program of a function, run as by Lambda.

use crate::{
    local_stack::LocalStack,
    runtime::{Answer, Invocation, Runtime},
};
use serde_json::Value;
use sightline_domain::model::Clock;
use sightline_kit::clock::SystemClock;
use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// Lambda's limit for our functions, in seconds.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A running function; dropping it ends the process.
pub struct Function {
    child: Child,
    runtime: Runtime,
    log: Arc<Mutex<Vec<String>>>,
}

impl Function {
    /// Starts it with `settings` and the endpoints of the local stack, and nothing else of this environment.
    pub fn start(name: &str, settings: &[(&str, &str)]) -> Self {
        let runtime = Runtime::start();
        let endpoint = |name: &str| std::env::var(name).unwrap_or_else(|_| "http://127.0.0.1:9".to_owned());
        let mut child = Command::new(program(name))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_ENDPOINT_URL", endpoint("AWS_ENDPOINT_URL"))
            .env("AWS_ENDPOINT_URL_REKOGNITION", endpoint("AWS_ENDPOINT_URL_REKOGNITION"))
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::default();
        gather(child.stdout.take().unwrap(), Arc::clone(&log));
        gather(child.stderr.take().unwrap(), Arc::clone(&log));
        Self { child, runtime, log }
    }

    /// Invokes it with an event.
    pub fn invoke(&mut self, event: &Value) -> Answer {
        self.invoke_within(TIMEOUT, event)
    }

    /// The same, with a time limit.
    pub fn invoke_within(&mut self, limit: Duration, event: &Value) -> Answer {
        let deadline = SystemClock.now() + i64::try_from(limit.as_millis()).unwrap();
        self.runtime.events.send(Invocation { event: event.clone(), deadline }).unwrap();
        // Longer than the limit, at which the function must report.
        let answer = self.runtime.answers.recv_timeout(limit + Duration::from_secs(5));
        answer.unwrap_or_else(|_| panic!("no answer within {} s; its log: {:#?}", limit.as_secs(), self.log()))
    }

    /// Invokes it; it must succeed.
    pub fn result(&mut self, event: &Value) -> Value {
        match self.invoke(event) {
            Answer::Response(result) => result,
            Answer::Error { name, message } => panic!("{name}: {message}"),
        }
    }

    /// Invokes it; it must fail. Returns the error's name and message.
    pub fn error(&mut self, event: &Value) -> (String, String) {
        self.error_within(TIMEOUT, event)
    }

    /// The same, with a time limit.
    pub fn error_within(&mut self, limit: Duration, event: &Value) -> (String, String) {
        match self.invoke_within(limit, event) {
            Answer::Error { name, message } => (name, message),
            Answer::Response(result) => panic!("no error, but {result}"),
        }
    }

    /// The lines of stdout and stderr so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program in the target folder, above the folder of test binaries: cargo has no variable for programs of other packages.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join(name);
    assert!(program.is_file(), "there is no {}: run `cargo build --workspace --bins` first", program.display());
    program
}

fn gather(output: impl Read + Send + 'static, log: Arc<Mutex<Vec<String>>>) {
    thread::spawn(move || BufReader::new(output).lines().map_while(Result::ok).for_each(|line| log.lock().unwrap().push(line)));
}

/// Names and values of settings.
pub type Settings<'a> = Vec<(&'a str, &'a str)>;

impl LocalStack {
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
}
