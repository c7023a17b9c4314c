//! A Lambda Runtime API on loopback (Lambda developer guide, "Using the Lambda runtime API").

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};
use uuid::Uuid;

/// The response of a function.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Response(Value),
    Error { name: String, message: String },
}

/// An event and its deadline, epoch milliseconds.
pub struct Invocation {
    pub event: Value,
    pub deadline: i64,
}

/// The test's end of the API.
pub struct Runtime {
    pub address: SocketAddr,
    pub events: Sender<Invocation>,
    pub answers: Receiver<Answer>,
}

impl Runtime {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (events, to_hand_out) = channel();
        let (taken, answers) = channel();
        let to_hand_out = Arc::new(Mutex::new(to_hand_out));
        // Both threads end with the process, which nextest starts for each test.
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (to_hand_out, taken) = (Arc::clone(&to_hand_out), taken.clone());
                thread::spawn(move || serve(connection, &to_hand_out, &taken));
            }
        });
        Self { address, events, answers }
    }
}

fn serve(connection: TcpStream, events: &Mutex<Receiver<Invocation>>, taken: &Sender<Answer>) -> Option<()> {
    let mut writer = connection.try_clone().ok()?;
    let mut reader = BufReader::new(connection);
    loop {
        let (request, body) = read(&mut reader)?;
        let path = request.split(' ').nth(1)?.strip_prefix("/2018-06-01/runtime/").expect("a path of the Runtime API");
        if path == "invocation/next" {
            let invocation = events.lock().ok()?.recv().ok()?;
            hand_out(&mut writer, &invocation)?;
            continue;
        }
        let json: Value = serde_json::from_slice(&body).expect("functions post JSON");
        let answer = if path.ends_with("/response") {
            Answer::Response(json)
        } else {
            let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
            Answer::Error { name: text("errorType"), message: text("errorMessage") }
        };
        taken.send(answer).ok()?;
        writer
            .write_all(b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"status\":\"OK\"}")
            .ok()?;
    }
}

fn hand_out(writer: &mut impl Write, Invocation { event, deadline }: &Invocation) -> Option<()> {
    let body = event.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Lambda-Runtime-Aws-Request-Id: {}\r\nLambda-Runtime-Deadline-Ms: {deadline}\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:under-test\r\n\
         Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1\r\n\r\n",
        body.len(),
        Uuid::new_v4()
    );
    writer.write_all(head.as_bytes()).ok()?;
    writer.write_all(body.as_bytes()).ok()
}

/// One request: its first line and its body. `None` at the end of the connection.
fn read(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let line = |reader: &mut dyn BufRead| {
        let mut line = String::new();
        (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    let (request, mut length) = (line(reader)?, 0);
    loop {
        let header = line(reader)?.to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((request, body))
}
