//! The account's quotas, and what they mean for images.

use crate::{error::CliError, output::text::count};
use aws_sdk_servicequotas::{
    Client,
    config::{Config, retry::RetryConfig},
    types::ServiceQuota,
};
use sightline_aws::classify::cause;

/// Operations that every image needs, or may need.
const OPERATIONS: [&str; 4] = ["DetectLabels", "DetectModerationLabels", "DetectFaces", "DetectText"];
/// Lambda's quota "Concurrent executions".
const CONCURRENT_EXECUTIONS: &str = "L-B99A9384";
/// Time of all functions of one image, seconds (docs/cost.md).
const SECONDS_AN_IMAGE: f64 = 3.1;

/// What Rekognition lets in: the operation with the smallest quota, in calls a second. `counted_on`: what the deployment is set to.
pub async fn rekognition(client: &Client, counted_on: u32) -> Result<String, CliError> {
    let mut found = defaults(client).await?;
    // An applied quota stands for the default one of the same name.
    found.extend(applied(client).await?);
    let smallest = OPERATIONS.iter().filter_map(|operation| found.iter().rev().find_map(|quota| of(quota, operation)));
    match smallest.min_by(|(_, one), (_, other)| one.total_cmp(other)) {
        Some((operation, calls)) => Ok(calls_mean(operation, calls, counted_on)),
        None => Err(CliError::Failed("Service Quotas lists no calls a second of Rekognition's image operations".to_owned())),
    }
}

/// How many functions Lambda runs at once in this account and region.
pub async fn lambda(client: &Client) -> Result<String, CliError> {
    let asked = client.get_service_quota().service_code("lambda").quota_code(CONCURRENT_EXECUTIONS);
    let answer = asked.customize().config_override(brief()).send().await;
    let answer = answer.map_err(|error| CliError::service("reading Lambda's concurrency from Service Quotas", cause(error)))?;
    let value = answer.quota.and_then(|quota| quota.value);
    value.map(concurrency_means).ok_or_else(|| CliError::Failed("Service Quotas does not say Lambda's concurrency".to_owned()))
}

fn brief() -> aws_sdk_servicequotas::config::Builder {
    Config::builder().retry_config(RetryConfig::standard().with_max_attempts(2))
}

async fn defaults(client: &Client) -> Result<Vec<ServiceQuota>, CliError> {
    let (mut quotas, mut next) = (Vec::new(), None);
    loop {
        let asked = client.list_aws_default_service_quotas().service_code("rekognition").set_next_token(next);
        let page = asked.customize().config_override(brief()).send().await;
        let page = page.map_err(|error| CliError::service("reading Rekognition's default quotas", cause(error)))?;
        quotas.extend(page.quotas.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(quotas);
        }
    }
}

async fn applied(client: &Client) -> Result<Vec<ServiceQuota>, CliError> {
    let (mut quotas, mut next) = (Vec::new(), None);
    loop {
        let asked = client.list_service_quotas().service_code("rekognition").set_next_token(next);
        let page = asked.customize().config_override(brief()).send().await;
        let page = page.map_err(|error| CliError::service("reading Rekognition's quotas", cause(error)))?;
        quotas.extend(page.quotas.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(quotas);
        }
    }
}

/// The operation and its calls a second, where the quota is about them. Service Quotas tells operations apart by the quota's name only.
fn of<'a>(quota: &ServiceQuota, operation: &'a str) -> Option<(&'a str, f64)> {
    let name = quota.quota_name()?;
    let about = name.to_lowercase().contains("transactions per second") && name.split_whitespace().any(|word| word == operation);
    about.then_some(operation).zip(quota.value())
}

fn calls_mean(operation: &str, calls: f64, counted_on: u32) -> String {
    let note = if f64::from(counted_on) > calls {
        format!("; the deployment counts on {counted_on}: set rekognitionCallsPerSecond to {calls:.0}")
    } else {
        String::new()
    };
    let more = "ask for more in Service Quotas, Amazon Rekognition, for each Detect operation";
    format!("{operation} allows {calls:.0} calls a second: {}{note}; {more}", pace(calls))
}

fn concurrency_means(at_once: f64) -> String {
    let more = "ask for more in Service Quotas, AWS Lambda, Concurrent executions";
    format!("{at_once:.0} functions at once: {}, if nothing else runs; {more}", pace(at_once / SECONDS_AN_IMAGE))
}

/// Images a minute, and how long 1,000 photos take.
fn pace(images_per_second: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a quota is positive and far below 2^32")]
    let whole = |value: f64| value.round().max(0.0) as usize;
    let seconds = whole(1000.0 / images_per_second.max(0.001));
    let time = if seconds < 120 { count(seconds, "second") } else { count(whole(1000.0 / images_per_second / 60.0), "minute") };
    format!("at most {} a minute, and {time} for 1,000 photos", count(whole(images_per_second * 60.0), "image"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(name: &str, value: f64) -> ServiceQuota {
        ServiceQuota::builder().quota_name(name).value(value).build()
    }

    #[test]
    fn quota_of_an_operation_is_told_by_its_name() {
        let labels = quota("Transactions per second per account for the Amazon Rekognition Image operation DetectLabels", 5.0);
        assert_eq!(of(&labels, "DetectLabels"), Some(("DetectLabels", 5.0)));
        assert_eq!(of(&labels, "DetectModerationLabels"), None);
        assert_eq!(of(&quota("Concurrent DetectLabels jobs", 5.0), "DetectLabels"), None);
    }

    #[test]
    fn quotas_are_said_in_images_and_minutes() {
        let small = calls_mean("DetectLabels", 5.0, 50);
        assert!(
            small.starts_with("DetectLabels allows 5 calls a second: at most 300 images a minute, and 3 minutes for 1,000 photos"),
            "{small}"
        );
        assert!(small.contains("the deployment counts on 50: set rekognitionCallsPerSecond to 5; ask for more"), "{small}");
        assert!(!calls_mean("DetectLabels", 50.0, 50).contains("counts on"));
        let new_account = concurrency_means(10.0);
        assert!(
            new_account.starts_with("10 functions at once: at most 194 images a minute, and 5 minutes for 1,000 photos"),
            "{new_account}"
        );
    }
}
