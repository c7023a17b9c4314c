//! Runs the real server, and calls it with the SDK or, for requests that the SDK cannot send, in plain HTTP.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

mod errors;
mod faults;
mod photos;
mod start;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use aws_sdk_rekognition::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    primitives::Blob,
    types::{Image, S3Object},
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use serde_json::{Value, json};

/// A server process with loaded models; it is killed on drop.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(args: &[&str]) -> Self {
        let mut child = command(0, args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the server should start");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("the server did not start: run `make models` first ({line:?})")).to_owned();
        Self { child, address }
    }

    fn id(&self) -> u32 {
        self.child.id()
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// An SDK client without retries.
    fn client_with_timeout(&self, timeout: Duration) -> Client {
        let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let config = aws_sdk_rekognition::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .endpoint_url(format!("http://{}", self.address))
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(timeout).build());
        Client::from_conf(config.build())
    }

    fn client(&self) -> Client {
        self.client_with_timeout(Duration::from_mins(1))
    }

    /// Plans a fault and returns its id.
    fn fault(&self, fault: &Value) -> u64 {
        let (status, body) = self.http("POST", "/admin/faults", &[("content-type", "application/json")], fault.to_string().as_bytes());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["id"].as_u64().unwrap()
    }

    /// `[answered, refused, throttled, failed]` of an operation, for all images whose key contains `image`.
    fn calls(&self, operation: &str, image: &str) -> [u64; 4] {
        let (_, body) = self.http("GET", &format!("/admin/calls?image={image}"), &[], b"");
        let calls: Value = serde_json::from_str(&body).unwrap();
        ["answered", "refused", "throttled", "failed"].map(|outcome| calls[operation][outcome].as_u64().unwrap())
    }

    /// Calls an operation in plain HTTP; returns status and body.
    fn call(&self, operation: &str, body: &[u8]) -> (u16, Value) {
        let target = format!("RekognitionService.{operation}");
        let (status, body) = self.http("POST", "/", &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &target)], body);
        (status, serde_json::from_str(&body).unwrap_or(json!(body)))
    }

    /// Sends one request on a new connection; returns status and body.
    fn http(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let (status, _, body) = self.http_with_headers(method, path, headers, body);
        (status, body)
    }

    fn http_with_headers(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<Vec<_>>().concat();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n{lines}\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command of the server on a port (0: a free one), without the environment variables that could change its behaviour.
fn command(port: u16, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-rekognition"));
    command
        .args(["--port", &port.to_string()])
        .args(args)
        .env_remove("AWS_ENDPOINT_URL")
        .env_remove("AWS_ENDPOINT_URL_S3")
        .env_remove("SIGHTLINE_REKOGNITION_PORT");
    command
}

fn sample(name: &str) -> Vec<u8> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn inline(bytes: impl Into<Vec<u8>>) -> Image {
    Image::builder().bytes(Blob::new(bytes)).build()
}

fn in_s3(bucket: &str, name: &str) -> Image {
    Image::builder().s3_object(S3Object::builder().bucket(bucket).name(name).build()).build()
}

/// A grey picture: the least work for a valid image.
fn grey(width: u32, height: u32) -> Vec<u8> {
    encoded(&image::RgbImage::from_pixel(width, height, image::Rgb([128; 3])).into(), image::ImageFormat::Png)
}

fn encoded(image: &image::DynamicImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_to(&mut std::io::Cursor::new(&mut bytes), format).unwrap();
    bytes
}
