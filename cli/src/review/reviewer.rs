//! Who decides, where `--by` does not say.

use crate::error::CliError;
use sightline_aws::clients::Clients;

/// The AWS identity that calls, or else the user of this machine.
pub async fn identity(clients: &Clients) -> Result<String, CliError> {
    let caller = aws_sdk_sts::Client::new(clients.config()).get_caller_identity().send().await;
    let arn = caller.ok().and_then(|caller| caller.arn);
    let user = || ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok()).filter(|user| !user.trim().is_empty());
    arn.as_deref()
        .and_then(name_in)
        .map(str::to_owned)
        .or_else(user)
        .or(arn)
        .ok_or_else(|| CliError::Usage("who decides? say it with --by NAME".to_owned()))
}

/// The person's part of an identity's ARN: the user, or the session of a role. The root user and a local AWS name nobody.
fn name_in(arn: &str) -> Option<&str> {
    let resource = arn.splitn(6, ':').nth(5)?;
    let (kind, path) = resource.split_once('/')?;
    matches!(kind, "user" | "assumed-role" | "federated-user").then(|| path.rsplit('/').next().unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::name_in;

    #[test]
    fn people_are_named_by_user_or_session() {
        assert_eq!(name_in("arn:aws:iam::123456789012:user/team/anna"), Some("anna"));
        assert_eq!(name_in("arn:aws:sts::123456789012:assumed-role/Admin/anna@example.com"), Some("anna@example.com"));
        assert_eq!(name_in("arn:aws:iam::123456789012:root"), None);
        assert_eq!(name_in("x"), None);
    }
}
