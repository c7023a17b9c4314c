//! From verbs to what they do.

use crate::{
    args::{Cli, Command, DlqCommand, ExecutionsCommand, ReviewCommand},
    dead_letters, doctor, erase,
    error::CliError,
    executions,
    exit::Exit,
    find, import, logs,
    output::{self, Output},
    reconcile, review, show, stats, trends, upload, watch,
};
use clap::CommandFactory;

/// Runs the command.
pub async fn run(cli: Cli) -> Result<Exit, CliError> {
    let Cli { global, command } = cli;
    let output = Output { format: global.output };
    match command {
        Command::Upload(args) => upload::run(&global, args, output).await,
        Command::Watch(args) => watch::run(&global, &args, output).await,
        Command::Import(args) => import::run(&global, &args, output).await,
        Command::Show(args) => show::run(&global, &args, output).await,
        Command::Find(args) => find::run(&global, &args, output).await,
        Command::Review(ReviewCommand::List(args)) => review::list(&global, &args, output).await,
        Command::Review(ReviewCommand::Approve(args)) => review::approve(&global, args, output).await,
        Command::Review(ReviewCommand::Reject(args)) => review::reject(&global, args, output).await,
        Command::Executions(ExecutionsCommand::List(args)) => executions::list(&global, &args, output).await,
        Command::Executions(ExecutionsCommand::Show(args)) => executions::show(&global, &args, output).await,
        Command::Executions(ExecutionsCommand::Redrive(args)) => executions::redrive(&global, &args, output).await,
        Command::Logs(args) => logs::run(&global, &args, output).await,
        Command::Trends(args) => trends::run(&global, &args, output).await,
        Command::Stats(args) => stats::run(&global, &args, output).await,
        Command::Erase(args) => erase::run(&global, &args, output).await,
        Command::Reconcile(args) => reconcile::run(&global, &args, output).await,
        Command::Dlq(DlqCommand::List(args)) => dead_letters::list(&global, &args, output).await,
        Command::Dlq(DlqCommand::Replay(args)) => dead_letters::replay(&global, &args, output).await,
        Command::Doctor => doctor::run(&global, output).await,
        Command::Completions { shell } => completions(shell),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sightline", &mut script);
    output::write(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
