//! One SDK configuration, and a client of each service from it.

use crate::metering::Metering;
use aws_config::{
    BehaviorVersion, Region, SdkConfig,
    environment::EnvironmentVariableRegionProvider,
    meta::region::RegionProviderChain,
    profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider},
    provider_config::ProviderConfig,
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use sightline_domain::model::meter::CallMeter;
use std::time::Duration;

/// One attempt at one call. Rekognition answers within a second or two; a queue in front of it may take longer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// All attempts at one call: below the 60 seconds of our functions, so that a hanging service is reported and not just cut off.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(50);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Throttling is met here first, in seconds, before the state machine's own retries. Not in adaptive mode: its rate limiter slows
/// down many calls of one process, and ours make one at a time; throttled, it would let a retry through every 10 seconds only, so that
/// [`OPERATION_TIMEOUT`] ended the call under the wrong name.
const MAX_ATTEMPTS: u32 = 5;
/// The wait before an attempt is random, from zero to this, doubled by each attempt. These are the SDK's own defaults; they are written
/// down because `tools/simulate_retries.py` reads them.
const INITIAL_BACKOFF: Duration = Duration::from_secs(1);
/// No wait is longer.
const MAX_BACKOFF: Duration = Duration::from_secs(20);

/// Where and as whom to call; what is `None` comes from the environment and the profile, as in every AWS tool.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Profile of the AWS configuration files.
    pub profile: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Endpoint of all services, such as a local AWS.
    pub endpoint_url: Option<String>,
}

/// Credentials of a profile that somebody named: as in the AWS CLI, they beat keys in the environment.
async fn of_profile(profile: &str, target: &Target, http: SharedHttpClient) -> ProfileFileCredentialsProvider {
    let config = ProviderConfig::without_region().with_http_client(http);
    let of_profile = ProfileFileRegionProvider::builder().profile_name(profile).build();
    let region = RegionProviderChain::first_try(target.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(of_profile)
        .region()
        .await;
    let config = config.with_region(region);
    ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile).build()
}

/// Makes clients. All of them count their calls in one meter.
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

/// A client of a service whose calls are counted and whose retries are not rationed; an [`SdkConfig`] itself takes neither.
///
/// By default all calls of a process share 500 tokens. A task that is throttled in all its tries uses up 15 of them, a success gives back
/// one: a warm function that has seen a minute of throttling would hardly retry any more. Our calls are bounded without that, by
/// [`MAX_ATTEMPTS`], by how many are made at once, and by the state machine's longer waits.
macro_rules! client {
    ($clients:ident, $sdk:ident) => {{
        use $sdk::config::retry::{RetryPartition, TokenBucket};
        let unbounded = RetryPartition::custom("sightline").token_bucket(TokenBucket::unlimited()).build();
        let config = $sdk::config::Builder::from(&$clients.config).interceptor(Metering($clients.meter.clone()));
        $sdk::Client::from_conf(config.retry_partition(unbounded).build())
    }};
}

impl Clients {
    /// Reads the environment once; nothing is called yet.
    pub async fn load(target: Target) -> Self {
        // ring instead of aws-lc, which spends 24 ms of CPU on its first random number: a cold start's worth.
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let retries =
            RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS).with_initial_backoff(INITIAL_BACKOFF).with_max_backoff(MAX_BACKOFF);
        let mut loader =
            aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http.clone()).timeout_config(timeouts).retry_config(retries);
        if let Some(profile) = &target.profile {
            loader = loader.profile_name(profile).credentials_provider(of_profile(profile, &target, http).await);
        }
        if let Some(region) = target.region {
            loader = loader.region(Region::new(region));
        }
        if let Some(endpoint_url) = target.endpoint_url {
            loader = loader.endpoint_url(endpoint_url);
        }
        Self::from(loader.load().await)
    }

    /// Counts the calls of all clients.
    pub fn meter(&self) -> CallMeter {
        self.meter.clone()
    }

    /// The configuration, for services that have no client here.
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
