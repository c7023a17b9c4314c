//! `sightline doctor`: checks the deployment, says how to fix what fails, and explains the account's quotas.

use crate::{
    args::Global,
    error::{CliError, Exit, sentence},
    output::{List, Output, Table, clean, count, status_cell},
    session::{Session, clients, find_stack, region_and_endpoint},
};
use aws_config::{SdkConfig, retry::RetryConfig};
use aws_sdk_servicequotas::{Client as Quotas, types::ServiceQuota};
use comfy_table::Cell;
use serde::Serialize;
use sightline_aws::classify::cause;
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
    /// What was found, or what is wrong and how to fix it.
    detail: String,
}

impl Check {
    fn new(name: &'static str, result: Result<String, CliError>) -> Self {
        let ok = result.is_ok();
        Self { name, ok, detail: clean(&result.unwrap_or_else(|error| sentence(&error))) }
    }
}

pub async fn run(global: &Global, output: Output) -> Result<Exit, CliError> {
    let checks = checks(global).await;
    List::new(&checks).print(output, table)?;
    Ok(if checks.iter().all(|check| check.ok) { Exit::Success } else { Exit::Failed })
}

fn table(checks: &[Check]) -> String {
    let row = |check: &Check| [Cell::new(check.name), status_cell(if check.ok { "ok" } else { "failed" }), Cell::new(&check.detail)];
    Table::new(&["CHECK", "", "DETAIL"], checks.iter().map(row)).render()
}

/// All checks, up to the first one on which the others depend and that fails.
async fn checks(global: &Global) -> Vec<Check> {
    let clients = clients(global).await;
    // A failing service should not delay the answer by the SDK's usual retries.
    let config = clients.config().to_builder().retry_config(RetryConfig::standard().with_max_attempts(2)).build();
    let (region, endpoint) = region_and_endpoint(&clients);
    let mut checks = vec![Check::new("region", region.map(|region| format!("{region} at {endpoint}")).ok_or(CliError::NoRegion))];
    if checks.iter().all(|check| check.ok) {
        checks.push(Check::new("credentials", caller(&config).await.map_err(|error| error.with_profile(global.profile.as_deref()))));
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
    checks.extend(quotas(&session, &config).await);
    checks
}

async fn caller(config: &SdkConfig) -> Result<String, CliError> {
    let caller = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    let caller = caller.map_err(|error| CliError::service("reading the caller's identity", cause(error)))?;
    Ok(caller.arn.unwrap_or_else(|| "no name".to_owned()))
}

async fn bucket(session: &Session) -> Result<String, CliError> {
    let name = &session.stack.images_bucket;
    let head = session.clients.s3().head_bucket().bucket(name).send().await;
    head.map_err(|error| CliError::service("reading the bucket", cause(error)))?;
    Ok(name.clone())
}

/// This and the next two checks make the queries of the commands, because these need the same permissions.
async fn records(session: &Session) -> Result<String, CliError> {
    let waiting = session.tables().waiting(1).await?;
    let note = if waiting.is_empty() { "no image waits for a review" } else { "images wait for a review: sightline review list" };
    Ok(format!("{}; {note}", session.stack.records_table))
}

async fn label_index(session: &Session) -> Result<String, CliError> {
    let partition = partition("default", "doctor", &month(0));
    let empty = RowRange { partition: &partition, from: "0", to: "1", after: None, min_confidence: 0.0, withheld: false };
    session.tables().rows(empty).await?;
    Ok(session.stack.label_index_table.clone())
}

async fn state_machine(session: &Session) -> Result<String, CliError> {
    session.executions().list(&[], 0, 1).await?;
    Ok(session.stack.state_machine_arn.clone())
}

/// Operations that an image needs or may need.
const OPERATIONS: [&str; 4] = ["DetectLabels", "DetectModerationLabels", "DetectFaces", "DetectText"];
/// Lambda's quota "Concurrent executions".
const CONCURRENT_EXECUTIONS: &str = "L-B99A9384";
/// Duration of all functions of one image, in seconds (docs/cost.md).
const SECONDS_PER_IMAGE: f64 = 3.1;

/// A quota that cannot be read is not a failed check, because no command needs it.
async fn quotas(session: &Session, config: &SdkConfig) -> [Check; 2] {
    let client = Quotas::new(config);
    let is_local = config.endpoint_url().is_some();
    let known = |result: Result<String, CliError>| {
        let unknown =
            |error| if is_local { "the local stack has no quotas".to_owned() } else { format!("not known: {}", sentence(&error)) };
        Ok(result.unwrap_or_else(unknown))
    };
    let (rekognition, lambda) = tokio::join!(rekognition_quota(&client, session.stack.rekognition_calls_per_second), lambda_quota(&client));
    [Check::new("Rekognition quota", known(rekognition)), Check::new("Lambda concurrency", known(lambda))]
}

/// The smallest quota of Rekognition's operations, in calls per second. `configured` is the rate of the deployment.
async fn rekognition_quota(client: &Quotas, configured: u32) -> Result<String, CliError> {
    let failed = |error| CliError::service("reading Rekognition's quotas", error);
    let mut found = Vec::new();
    let mut pages = client.list_aws_default_service_quotas().service_code("rekognition").into_paginator().items().send();
    while let Some(quota) = pages.next().await {
        found.push(quota.map_err(|error| failed(cause(error)))?);
    }
    // An applied quota replaces the default one of the same name.
    let mut pages = client.list_service_quotas().service_code("rekognition").into_paginator().items().send();
    while let Some(quota) = pages.next().await {
        found.push(quota.map_err(|error| failed(cause(error)))?);
    }
    let quotas = OPERATIONS.iter().filter_map(|operation| found.iter().rev().find_map(|quota| calls_per_second(quota, operation)));
    match quotas.min_by(|(_, one), (_, other)| one.total_cmp(other)) {
        Some((operation, calls)) => Ok(explain_calls(operation, calls, configured)),
        None => Err(CliError::Failed("Service Quotas has no calls per second of Rekognition's image operations".to_owned())),
    }
}

/// The number of functions that Lambda runs at the same time in this account and region.
async fn lambda_quota(client: &Quotas) -> Result<String, CliError> {
    let answer = client.get_service_quota().service_code("lambda").quota_code(CONCURRENT_EXECUTIONS).send().await;
    let answer = answer.map_err(|error| CliError::service("reading Lambda's concurrency quota", cause(error)))?;
    let value = answer.quota.and_then(|quota| quota.value);
    value.map(explain_concurrency).ok_or_else(|| CliError::Failed("Service Quotas has no value of Lambda's concurrency".to_owned()))
}

/// The operation and its calls per second, if the quota is about them. Only the name of a quota says which operation it is about.
fn calls_per_second<'a>(quota: &ServiceQuota, operation: &'a str) -> Option<(&'a str, f64)> {
    let name = quota.quota_name()?;
    let is_about = name.to_lowercase().contains("transactions per second") && name.split_whitespace().any(|word| word == operation);
    is_about.then_some(operation).zip(quota.value())
}

fn explain_calls(operation: &str, calls: f64, configured: u32) -> String {
    let note = if f64::from(configured) > calls {
        format!("; the deployment expects {configured}: set rekognitionCallsPerSecond to {calls:.0}")
    } else {
        String::new()
    };
    let more = "request more in Service Quotas, Amazon Rekognition, for each Detect operation";
    format!("{operation} allows {calls:.0} calls per second: {}{note}; {more}", throughput(calls))
}

fn explain_concurrency(at_once: f64) -> String {
    let more = "request more in Service Quotas, AWS Lambda, Concurrent executions";
    format!("{at_once:.0} functions at the same time: {}, if nothing else runs; {more}", throughput(at_once / SECONDS_PER_IMAGE))
}

/// Images per minute, and the time for 1,000 photos.
fn throughput(images_per_second: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a quota is positive and far below 2^32")]
    let whole = |value: f64| value.round().max(0.0) as usize;
    let seconds = whole(1000.0 / images_per_second.max(0.001));
    let time = if seconds < 120 { count(seconds, "second") } else { count(whole(1000.0 / images_per_second / 60.0), "minute") };
    format!("at most {} per minute, and {time} for 1,000 photos", count(whole(images_per_second * 60.0), "image"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(name: &str, value: f64) -> ServiceQuota {
        ServiceQuota::builder().quota_name(name).value(value).build()
    }

    #[test]
    fn quota_of_an_operation_is_found_by_its_name() {
        let labels = quota("Transactions per second per account for the Amazon Rekognition Image operation DetectLabels", 5.0);
        assert_eq!(calls_per_second(&labels, "DetectLabels"), Some(("DetectLabels", 5.0)));
        assert_eq!(calls_per_second(&labels, "DetectModerationLabels"), None);
        assert_eq!(calls_per_second(&quota("Concurrent DetectLabels jobs", 5.0), "DetectLabels"), None);
    }

    #[test]
    fn quotas_are_explained_as_images_and_minutes() {
        let small = explain_calls("DetectLabels", 5.0, 50);
        let expected = "DetectLabels allows 5 calls per second: at most 300 images per minute, and 3 minutes for 1,000 photos; \
                        the deployment expects 50: set rekognitionCallsPerSecond to 5; request more";
        assert!(small.starts_with(expected), "{small}");
        assert!(!explain_calls("DetectLabels", 50.0, 50).contains("expects"));
        let new_account = explain_concurrency(10.0);
        let expected = "10 functions at the same time: at most 194 images per minute, and 5 minutes for 1,000 photos";
        assert!(new_account.starts_with(expected), "{new_account}");
    }
}
