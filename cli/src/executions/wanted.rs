//! Naming one execution on the command line.

use crate::{args::parse_image_id, error::CliError, output::text::clean, session::Session, show};
use sightline_domain::model::record::Record;

/// How an execution may be named.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    /// By its image.
    Image(String),
    /// By its ARN.
    Arn(String),
    /// By its name.
    Name(String),
}

impl Wanted {
    /// Tells which of the three `text` is.
    pub fn parse(text: &str) -> Result<Self, CliError> {
        /// Longest name that Step Functions takes.
        const MAX_NAME: usize = 80;
        if let Ok(image_id) = parse_image_id(text) {
            return Ok(Self::Image(image_id));
        }
        if text.starts_with("arn:") && text.contains(":states:") && text.contains(":execution:") {
            return Ok(Self::Arn(text.to_owned()));
        }
        let named = text.len() <= MAX_NAME && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if named {
            return Ok(Self::Name(text.to_owned()));
        }
        Err(CliError::Usage(format!("{:?} is no ImageID, execution ARN or execution name", clean(text))))
    }
}

/// The ARN, and the record where the image was named.
pub async fn locate(session: &Session, wanted: Wanted) -> Result<(String, Option<Record>), CliError> {
    match wanted {
        Wanted::Arn(arn) => Ok((arn, None)),
        Wanted::Name(name) => Ok((session.executions().arn_of(&name), None)),
        Wanted::Image(image_id) => {
            let record = show::find_unerased(session, &image_id).await?;
            Ok((record.execution_arn.clone(), Some(record)))
        }
    }
}

/// The name of an execution, from its ARN.
pub fn name_in(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn an_execution_is_named_by_image_arn_or_name() {
        let id = "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4";
        let arn = "arn:aws:states:eu-west-1:123456789012:execution:m:e";
        assert_eq!(Wanted::parse(id).unwrap(), Wanted::Image(id.into()));
        assert_eq!(Wanted::parse(arn).unwrap(), Wanted::Arn(arn.into()));
        assert_eq!(Wanted::parse("abc_1").unwrap(), Wanted::Name("abc_1".into()));
        for wrong in ["arn:aws:s3:::bucket", "a b", "../x"] {
            assert_eq!(Wanted::parse(wrong).unwrap_err().exit(), Exit::Usage, "{wrong}");
        }
    }
}
