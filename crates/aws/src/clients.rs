//! One SDK configuration, and the clients of all services.

use crate::{environment, http, metering::Metering};
#[cfg(feature = "profiles")]
use aws_config::{
    environment::EnvironmentVariableRegionProvider,
    meta::region::RegionProviderChain,
    profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider},
    provider_config::ProviderConfig,
};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
#[cfg(feature = "profiles")]
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::SdkConfig;
#[cfg(feature = "profiles")]
use aws_types::region::Region;
use sightline_domain::model::CallMeter;
use std::time::Duration;

/// Timeout of one attempt at a call. Rekognition usually responds within two seconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// Timeout of all attempts at a call: less than the 60 seconds of the functions, so that a hanging service is reported by its own error.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(50);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The SDK retries within seconds, before the retries of the state machine. The adaptive mode is not used: its rate limiter is for processes
/// with many parallel calls, and the functions make one at a time. After throttling, it would allow a retry only every 10 seconds, so that
/// [`OPERATION_TIMEOUT`] would end the call with the wrong error.
const MAX_ATTEMPTS: u32 = 5;
/// The wait before the second attempt is random between zero and this value, which doubles for each further attempt. These are the SDK's
/// defaults; they are set explicitly because `tools/simulate_retries.py` reads them.
const INITIAL_BACKOFF: Duration = Duration::from_secs(1);
/// The maximum wait.
const MAX_BACKOFF: Duration = Duration::from_secs(20);

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS).with_initial_backoff(INITIAL_BACKOFF).with_max_backoff(MAX_BACKOFF)
}

fn behaviour() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Profile, region and endpoint of the calls. As in other AWS tools, values that are `None` come from the environment and the profile.
#[derive(Debug, Clone, Default)]
#[cfg(feature = "profiles")]
pub struct Target {
    /// Profile in the AWS configuration files.
    pub profile: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Endpoint of all services, such as a local stack.
    pub endpoint_url: Option<String>,
}

/// The credentials of an explicitly chosen profile. As in the AWS CLI, they have precedence over keys in the environment.
#[cfg(feature = "profiles")]
async fn profile_credentials(profile: &str, target: &Target, http: SharedHttpClient) -> ProfileFileCredentialsProvider {
    let config = ProviderConfig::without_region().with_http_client(http);
    let profile_region = ProfileFileRegionProvider::builder().profile_name(profile).build();
    let region = RegionProviderChain::first_try(target.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile_region)
        .region()
        .await;
    let config = config.with_region(region);
    ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile).build()
}

/// Creates clients. All of them count their calls in one meter.
#[derive(Debug, Clone)]
pub struct Clients {
    config: SdkConfig,
    meter: CallMeter,
}

impl From<SdkConfig> for Clients {
    fn from(config: SdkConfig) -> Self {
        Self { config, meter: CallMeter::default() }
    }
}

/// A client whose calls are counted and whose retries do not use up tokens. An [`SdkConfig`] can hold neither setting.
///
/// By default, all calls of a process share 500 retry tokens. A call that is throttled at every attempt uses 15 of them, and a success returns
/// one, so after a minute of throttling a warm function would hardly retry. The retries are limited by [`MAX_ATTEMPTS`], by the number of
/// parallel calls and by the waits of the state machine instead.
macro_rules! client {
    ($clients:ident, $sdk:ident) => {{
        use $sdk::config::retry::{RetryPartition, TokenBucket};
        let unbounded = RetryPartition::custom("sightline").token_bucket(TokenBucket::unlimited()).build();
        let config = $sdk::config::Builder::from(&$clients.config).interceptor(Metering($clients.meter.clone()));
        $sdk::Client::from_conf(config.retry_partition(unbounded).build())
    }};
}

impl Clients {
    /// The clients of a function. Reads the variables that Lambda sets, once, and calls no service.
    pub fn from_environment() -> Self {
        let config = environment::config().http_client(http::client(CONNECT_TIMEOUT));
        Self::from(config.behavior_version(behaviour()).timeout_config(timeouts()).retry_config(retries()).build())
    }

    /// The clients of a person. Reads the environment and the configuration files once. It calls no service, except for credentials that
    /// need it.
    #[cfg(feature = "profiles")]
    pub async fn load(target: Target) -> Self {
        let http = http::client(CONNECT_TIMEOUT);
        let mut loader = aws_config::defaults(behaviour()).http_client(http.clone()).timeout_config(timeouts()).retry_config(retries());
        if let Some(profile) = &target.profile {
            loader = loader.profile_name(profile).credentials_provider(profile_credentials(profile, &target, http).await);
        }
        if let Some(region) = target.region {
            loader = loader.region(Region::new(region));
        }
        if let Some(endpoint_url) = target.endpoint_url {
            loader = loader.endpoint_url(endpoint_url);
        }
        Self::from(loader.load().await)
    }

    /// The meter that counts the calls of all clients.
    pub fn meter(&self) -> CallMeter {
        self.meter.clone()
    }

    /// The configuration, for clients of other services.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// `CloudFormation`.
    #[cfg(feature = "cloudformation")]
    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        client!(self, aws_sdk_cloudformation)
    }

    /// `CloudWatch` Logs.
    #[cfg(feature = "cloudwatchlogs")]
    pub fn cloudwatchlogs(&self) -> aws_sdk_cloudwatchlogs::Client {
        client!(self, aws_sdk_cloudwatchlogs)
    }

    /// `DynamoDB`.
    #[cfg(feature = "dynamodb")]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        client!(self, aws_sdk_dynamodb)
    }

    /// Rekognition.
    #[cfg(feature = "rekognition")]
    pub fn rekognition(&self) -> aws_sdk_rekognition::Client {
        client!(self, aws_sdk_rekognition)
    }

    /// S3.
    #[cfg(feature = "s3")]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        client!(self, aws_sdk_s3)
    }

    /// Step Functions.
    #[cfg(feature = "sfn")]
    pub fn sfn(&self) -> aws_sdk_sfn::Client {
        client!(self, aws_sdk_sfn)
    }

    /// SNS.
    #[cfg(feature = "sns")]
    pub fn sns(&self) -> aws_sdk_sns::Client {
        client!(self, aws_sdk_sns)
    }

    /// SQS.
    #[cfg(feature = "sqs")]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        client!(self, aws_sdk_sqs)
    }
}
