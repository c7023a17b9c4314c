//! `sightline doctor`: what works, and what to do about what does not.

use crate::{
    args::Global,
    error::{CliError, sentence},
    exit::Exit,
    output::{
        Output,
        table::{headed, render, status},
        text::clean,
    },
    quotas,
    session::{Session, clients, find_stack, place},
};
use aws_sdk_sts::config::{Config, retry::RetryConfig};
use comfy_table::{Cell, Table};
use serde::Serialize;
use sightline_aws::{classify::cause, clients::Clients};
use sightline_domain::{
    ports::{LabelIndex, RowRange},
    rules::label_index::{month, partition},
};

/// One check.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Check {
    #[serde(rename = "Check")]
    name: &'static str,
    ok: bool,
    /// What was found, or what is wrong and what to do.
    detail: String,
}

impl Check {
    fn new(name: &'static str, result: Result<String, CliError>) -> Self {
        let ok = result.is_ok();
        Self { name, ok, detail: clean(&result.unwrap_or_else(|error| sentence(&error))) }
    }
}

/// Runs all checks; those that need what is missing are left out.
pub async fn run(global: &Global, output: Output) -> Result<Exit, CliError> {
    let checks = checks(global).await;
    output.list(&checks, || render(&table(&checks)))?;
    Ok(if checks.iter().all(|check| check.ok) { Exit::Done } else { Exit::Failed })
}

async fn checks(global: &Global) -> Vec<Check> {
    let clients = clients(global).await;
    let (region, endpoint) = place(&clients);
    let mut checks = vec![Check::new("region", region.map(|region| format!("{region} at {endpoint}")).ok_or(CliError::NoRegion))];
    if checks.iter().all(|check| check.ok) {
        checks.push(Check::new("credentials", caller(&clients).await.map_err(|error| error.with_profile(global.profile.as_deref()))));
    }
    if checks.iter().any(|check| !check.ok) {
        return checks;
    }
    let stack = match find_stack(&clients, global).await {
        Ok(stack) => stack,
        Err(error) => {
            checks.push(Check::new("stack", Err(error)));
            return checks;
        }
    };
    checks.push(Check::new("stack", Ok(format!("{0}-stateful and {0}-stateless", global.name))));
    let session = Session { clients, stack };
    checks.push(Check::new("images bucket", bucket(&session).await));
    checks.push(Check::new("records table", records(&session).await));
    checks.push(Check::new("label index", label_index(&session).await));
    checks.push(Check::new("state machine", state_machine(&session).await));
    checks.extend(quotas_of(&session).await);
    checks
}

async fn caller(clients: &Clients) -> Result<String, CliError> {
    let brief = Config::builder().retry_config(RetryConfig::standard().with_max_attempts(2));
    let request = aws_sdk_sts::Client::new(clients.config()).get_caller_identity();
    let caller = request.customize().config_override(brief).send().await;
    let caller = caller.map_err(|error| CliError::service("asking who calls", cause(error)))?;
    Ok(caller.arn.unwrap_or_else(|| "nameless".to_owned()))
}

async fn bucket(session: &Session) -> Result<String, CliError> {
    let name = &session.stack.images_bucket;
    let head = session.clients.s3().head_bucket().bucket(name).send().await;
    head.map_err(|error| CliError::service("looking at the bucket", cause(error)))?;
    Ok(name.clone())
}

/// The queries are those that the commands make, so that they need the same permissions.
async fn records(session: &Session) -> Result<String, CliError> {
    let waiting = session.tables().waiting(1).await?;
    let note = if waiting.is_empty() { "nothing waits for review" } else { "images wait for review: sightline review list" };
    Ok(format!("{}; {note}", session.stack.records_table))
}

async fn label_index(session: &Session) -> Result<String, CliError> {
    let partition = partition("default", "doctor", &month(0));
    let nothing = RowRange { partition: &partition, from: "0", to: "1", after: None, min_confidence: 0.0, withheld: false };
    session.tables().rows(nothing).await?;
    Ok(session.stack.label_index_table.clone())
}

async fn state_machine(session: &Session) -> Result<String, CliError> {
    session.executions().list(&[], 0, 1).await?;
    Ok(session.stack.state_machine_arn.clone())
}

/// A quota that cannot be read is said and is not a failed check: nothing that sightline does needs it.
async fn quotas_of(session: &Session) -> [Check; 2] {
    let client = aws_sdk_servicequotas::Client::new(session.clients.config());
    let is_engine = session.clients.config().endpoint_url().is_some();
    let said = |read: Result<String, CliError>| {
        read.or_else(|error| {
            Ok(if is_engine { "this engine has no quotas to read".to_owned() } else { format!("not known: {}", sentence(&error)) })
        })
    };
    let (rekognition, lambda) =
        tokio::join!(quotas::rekognition(&client, session.stack.rekognition_calls_per_second), quotas::lambda(&client));
    [Check::new("Rekognition quota", said(rekognition)), Check::new("Lambda concurrency", said(lambda))]
}

fn table(checks: &[Check]) -> Table {
    let mut table = headed(&["CHECK", "", "DETAIL"]);
    for check in checks {
        table.add_row([Cell::new(check.name), status(if check.ok { "ok" } else { "failed" }), Cell::new(&check.detail)]);
    }
    table
}
