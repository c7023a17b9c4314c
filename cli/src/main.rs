//! The `sightline` command.

mod args;
mod clock;
mod commands;
mod confirm;
mod dead_letters;
mod doctor;
mod erase;
mod error;
mod executions;
mod exit;
mod find;
mod import;
mod logs;
mod output;
mod pace;
mod progress;
mod quotas;
mod reconcile;
mod review;
mod session;
mod show;
mod stats;
mod trends;
mod upload;
mod watch;

use clap::Parser;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = args::Cli::parse_from(args::exclusions_last(std::env::args_os()));
    let exit = commands::run(cli).await.unwrap_or_else(|error| {
        eprintln!("sightline: {}", error::sentence(&error));
        error.exit()
    });
    ExitCode::from(exit.code())
}
