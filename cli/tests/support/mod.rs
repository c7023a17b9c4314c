//! Runs the binary in its own environment, against a server with fixed answers.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, reason = "helpers of tests are not seen as tests")]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
};

pub const CREDENTIALS: [(&str, &str); 3] = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "eu-west-1")];

/// The result of a run.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs with credentials and a region.
pub fn sightline(args: &[&str]) -> Run {
    run(args, &CREDENTIALS)
}

/// Runs with only `env` in the environment.
pub fn run(args: &[&str], env: &[(&str, &str)]) -> Run {
    let output = bare(args).envs(env.iter().copied()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// CloudFormation's answer for a deployment in which every name is `x`.
pub fn stacks() -> String {
    let outputs = [
        "ImagesBucketName",
        "RecordsTableName",
        "LabelIndexTableName",
        "TrendsTableName",
        "StateMachineArn",
        "LiveStateMachineArn",
        "BulkImportArn",
        "AlertsTopicArn",
        "OperationsTopicArn",
        "EventsDeadLetterQueueUrl",
    ];
    let output = |name: &str| format!("<member><OutputKey>{name}</OutputKey><OutputValue>x</OutputValue></member>");
    let outputs: String = outputs.into_iter().map(output).collect();
    format!(
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName><CreationTime>2026-11-24T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>\
         <Outputs>{outputs}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    )
}

/// CloudFormation's list of these log groups: logical id, name.
pub fn log_groups(groups: &[(&str, &str)]) -> String {
    let group = |(logical, name): &(&str, &str)| {
        format!(
            "<member><ResourceType>AWS::Logs::LogGroup</ResourceType><LogicalResourceId>{logical}</LogicalResourceId>\
             <PhysicalResourceId>{name}</PhysicalResourceId></member>"
        )
    };
    let groups: String = groups.iter().map(group).collect();
    format!(
        "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>{groups}</StackResourceSummaries>\
         </ListStackResourcesResult></ListStackResourcesResponse>"
    )
}

/// A command with credentials and a region.
pub fn command(args: &[&str]) -> Command {
    let mut command = bare(args);
    command.envs(CREDENTIALS);
    command
}

fn bare(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sightline"));
    command.args(args).env_clear().env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nonexistent");
    command
}

/// An endpoint that accepts connections and never answers.
pub fn silence() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    url
}

/// A deployment without records and objects that accepts every upload.
pub fn empty_deployment() -> StandIn {
    StandIn::answering_each(&[
        ("Action=DescribeStacks", 200, &stacks()),
        ("DynamoDB_20120810.Query", 200, r#"{"Items":[],"Count":0}"#),
        ("HEAD /x/raw-uploads/", 404, ""),
        ("PUT /x/raw-uploads/", 200, ""),
    ])
}

/// An HTTP server on loopback that sends fixed answers and keeps the requests.
pub struct StandIn {
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl StandIn {
    /// Sends the same answer to every request.
    pub fn answering(status: u16, body: &str) -> Self {
        Self::answering_each(&[("", status, body)])
    }

    /// Sends the first answer (mark, status, body) whose mark the request contains. `$COUNT` in a body is the number of the request.
    pub fn answering_each(answers: &[(&str, u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let received = requests.clone();
        let answers: Vec<(String, u16, String)> =
            answers.iter().map(|(mark, status, body)| ((*mark).to_owned(), *status, (*body).to_owned())).collect();
        std::thread::spawn(move || {
            for (count, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let request = read(&mut stream);
                let (_, status, body) = answers.iter().find(|(mark, ..)| request.contains(mark)).expect("an answer to every request");
                received.lock().unwrap().push(request);
                let body = body.replace("$COUNT", &count.to_string());
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = stream.write_all((head + &body).as_bytes());
            }
        });
        Self { url, requests }
    }

    /// Whether a request contained `mark`.
    pub fn seen(&self, mark: &str) -> bool {
        self.requests.lock().unwrap().iter().any(|request| request.contains(mark))
    }

    pub fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

/// Reads a whole request.
fn read(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut part = [0; 16_384];
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text.into_owned();
            }
        }
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return text.into_owned(),
            Ok(read) => request.extend_from_slice(part.get(..read).unwrap_or_default()),
        }
    }
}
