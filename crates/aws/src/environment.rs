//! The configuration of a function, from the variables that Lambda sets (Lambda developer guide, "Defined runtime environment variables").
//!
//! `aws-config` also reads configuration files, assumes roles and asks metadata services for credentials. Lambda needs none of this (decision 21).

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_types::{
    SdkConfig,
    region::Region,
    service_config::{LoadServiceConfig, ServiceConfigKey},
};
use std::env;

/// Region, credentials and endpoints of the environment. What is missing is reported by the first call.
///
/// The credentials are read once: Lambda ends an execution environment before they expire.
pub(crate) fn config() -> aws_types::sdk_config::Builder {
    let mut config = SdkConfig::builder().service_config(Endpoints);
    config.set_region(variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).map(Region::new));
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    config.set_credentials_provider(credentials().map(SharedCredentialsProvider::new));
    config
}

fn credentials() -> Option<Credentials> {
    let (key, secret) = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
    Some(Credentials::new(key, secret, variable("AWS_SESSION_TOKEN"), None, "Environment"))
}

/// Endpoints of single services, such as `AWS_ENDPOINT_URL_REKOGNITION` of the local stack.
#[derive(Debug)]
struct Endpoints;

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        variable(&format!("{}_{}", key.env(), key.service_id().to_uppercase().replace(' ', "_")))
    }
}

/// A variable that is set and not empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
