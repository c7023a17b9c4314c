//! A loopback server that speaks Amazon Rekognition's wire protocol and answers from local models.

mod admin;
mod answer;
mod args;
mod body;
mod calls;
mod faults;
mod journal;
mod memory;
mod operation;
mod photo;
mod protocol;
mod queue;
mod rate;
mod refusal;
mod request;
mod server;
mod service;
mod start;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    memory::settle();
    start::init_logs();
    serve()
}

#[tokio::main(worker_threads = 2)]
async fn serve() -> ExitCode {
    match start::run(&args::Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local-rekognition: {error}");
            ExitCode::FAILURE
        }
    }
}
