//! A loopback server that speaks Amazon Rekognition's wire protocol and answers from local models.

mod admin;
mod answer;
mod args;
mod body;
mod calls;
mod faults;
mod journal;
mod operation;
mod photo;
mod protocol;
mod queue;
mod refusal;
mod request;
mod server;
mod service;
mod start;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    start::init_logs();
    match start::run(&args::Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local-rekognition: {error}");
            ExitCode::FAILURE
        }
    }
}
