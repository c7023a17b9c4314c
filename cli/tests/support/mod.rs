//! Runs the binary in an environment of its own, against a stand-in that gives set answers.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, reason = "helpers of tests are not seen as tests")]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What a run left behind.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs with credentials and a region.
pub fn sightline(args: &[&str]) -> Run {
    run(args, &[("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "eu-west-1")])
}

/// Runs with nothing in the environment but `env`.
pub fn run(args: &[&str], env: &[(&str, &str)]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_sightline"))
        .args(args)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", "/nonexistent")
        .envs(env.iter().copied())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// An HTTP server on loopback that gives set answers, and counts.
pub struct StandIn {
    pub url: String,
    count: Arc<AtomicUsize>,
}

impl StandIn {
    /// The same answer to everything.
    pub fn answering(status: u16, body: &str) -> Self {
        Self::answering_each(&[("", status, body)])
    }

    /// To each request the first answer whose mark is in it: mark, status, body.
    pub fn answering_each(answers: &[(&str, u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let answers: Vec<(String, String)> = answers
            .iter()
            .map(|(mark, status, body)| {
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                ((*mark).to_owned(), head + body)
            })
            .collect();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let request = read(&mut stream);
                let (_, answer) = answers.iter().find(|(mark, _)| request.contains(mark)).expect("an answer to every request");
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { url, count }
    }

    pub fn requests(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

/// A request, with all of its body.
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
