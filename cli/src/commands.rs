//! From verbs to what they do.

use crate::{
    args::{Cli, Command, DlqCommand, ExecutionsCommand, ReviewCommand},
    dead_letters, doctor, erase,
    error::CliError,
    executions,
    exit::Exit,
    find, import, logs,
    output::{Output, streams},
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
        Command::Completions { shell } => Ok(completions(shell)),
    }
}

/// What the last sentence of a command that is stopped adds: what was done, and how to continue. Commands that know more say it instead.
pub const fn when_stopped(command: &Command) -> &'static str {
    match command {
        Command::Upload(_) | Command::Watch(_) => "run the same command again to continue; nothing is uploaded or analysed twice",
        Command::Import(_) => "no import was started",
        Command::Review(ReviewCommand::Approve(_) | ReviewCommand::Reject(_)) => "`sightline show` tells whether the decision was saved",
        Command::Executions(ExecutionsCommand::Redrive(_)) => {
            "executions that were started go on without this command; run it again for the rest"
        }
        Command::Erase(_) => "what was erased stays erased; run the same command again for the rest",
        Command::Reconcile(_) => "what was repaired stays repaired; run the same command again for the rest",
        Command::Dlq(DlqCommand::List(_)) => "the events stay in the queue",
        Command::Dlq(DlqCommand::Replay(_)) => "events that were not replayed stay in the queue; run the same command again in 5 minutes",
        Command::Show(_)
        | Command::Find(_)
        | Command::Review(ReviewCommand::List(_))
        | Command::Executions(ExecutionsCommand::List(_) | ExecutionsCommand::Show(_))
        | Command::Logs(_)
        | Command::Trends(_)
        | Command::Stats(_)
        | Command::Doctor
        | Command::Completions { .. } => "",
    }
}

fn completions(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sightline", &mut script);
    streams::write(&String::from_utf8_lossy(&script));
    Exit::Done
}
