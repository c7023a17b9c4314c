//! The `sightline` command.

// The reader of stdout or stderr may close it: only `output::streams` writes there.
#![deny(clippy::print_stderr, clippy::print_stdout)]

#[macro_use]
mod output;

mod actions;
mod args;
mod clock;
mod commands;
mod dlq;
mod doctor;
mod erase;
mod error;
mod executions;
mod find;
mod import;
mod logs;
mod progress;
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
use error::Exit;
use output::streams;
use std::process::ExitCode;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let cli = commands::Cli::parse_from(commands::move_exclusions_last(std::env::args_os()));
    stop::advise(cli.command.stop_advice());
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
    // A thread that still reads a file must not delay the end.
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
