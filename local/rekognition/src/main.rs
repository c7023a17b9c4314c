//! A loopback server that speaks Amazon Rekognition's wire protocol and answers from local models.

mod admin;
mod calls;
mod error;
mod faults;
mod operation;
mod photo;
mod photos;
mod protocol;
mod queue;
mod rate;
mod server;
mod service;
mod source;
mod start;
mod task;
mod wire;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    start::limit_heap();
    start::init_logs();
    serve()
}

#[tokio::main(worker_threads = 2)]
async fn serve() -> ExitCode {
    match start::run(&start::Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local-rekognition: {error}");
            ExitCode::FAILURE
        }
    }
}
