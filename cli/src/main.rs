//! The `sightline` command.

// Whoever reads stdout or stderr may leave: only `output::streams` writes there.
#![deny(clippy::print_stderr, clippy::print_stdout)]

#[macro_use]
mod output;

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
mod pace;
mod progress;
mod quotas;
mod reconcile;
mod review;
mod session;
mod show;
mod stats;
mod stop;
mod trends;
mod upload;
mod watch;

use clap::Parser;
use exit::Exit;
use output::streams;
use std::process::ExitCode;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let cli = args::Cli::parse_from(args::exclusions_last(std::env::args_os()));
    stop::note(commands::when_stopped(&cli.command));
    stop::listen(cli.command.timeout());
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say!("the command cannot start: {error}");
            return ExitCode::from(Exit::Failed.code());
        }
    };
    let exit = runtime.block_on(commands::run(cli)).unwrap_or_else(|error| {
        say!("{}", error::sentence(&error));
        error.exit()
    });
    // A thread that still reads a file does not keep the command from ending.
    runtime.shutdown_background();
    let exit = match streams::failure() {
        Some(error) => {
            say!("the output cannot be written: {error}");
            Exit::Failed
        }
        None => exit,
    };
    ExitCode::from(exit.code())
}
