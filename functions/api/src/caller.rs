//! Who calls: the claims of the access token, which API Gateway has verified.
//!
//! Nothing else of a request says who the caller is: no header, no cookie, no parameter.

use crate::problem::Problem;
use axum::{extract::FromRequestParts, http::request::Parts};
use lambda_http::request::RequestContext;
use std::collections::{BTreeSet, HashMap};

/// The group of reviewers.
pub const REVIEWERS: &str = "reviewers";
/// The group of operators.
pub const OPERATORS: &str = "operators";

/// The caller of a request. As an argument of a handler, it refuses requests without a valid access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The subject of the token: the owner of the caller's images.
    pub sub: String,
    /// The groups.
    pub groups: BTreeSet<String>,
    /// The id of the request.
    pub request_id: String,
}

impl Caller {
    /// The caller of these claims; `None` if they do not come from an access token.
    fn of(claims: &HashMap<String, String>) -> Option<Self> {
        // An ID token has the same subject, but is not meant for APIs.
        (claims.get("token_use").map(String::as_str) == Some("access")).then_some(())?;
        // The subject becomes a part of keys, where '#' and '/' are separators.
        let is_valid =
            |sub: &&String| (1..=128).contains(&sub.len()) && sub.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_:.@+".contains(&b));
        let sub = claims.get("sub").filter(is_valid)?.clone();
        let groups = claims.get("cognito:groups").map(|groups| groups_in(groups)).unwrap_or_default();
        Some(Self { sub, groups, request_id: String::new() })
    }

    /// Whether the caller is in the group.
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.contains(group)
    }
}

/// The groups in a claim: HTTP APIs flatten an array to `[reviewers operators]`; JSON is accepted too.
fn groups_in(claim: &str) -> BTreeSet<String> {
    let separators = |c: char| c.is_whitespace() || matches!(c, '[' | ']' | ',' | '"');
    claim.split(separators).filter(|group| !group.is_empty()).map(str::to_owned).collect()
}

fn caller(parts: &Parts) -> Result<Caller, Problem> {
    let context = match parts.extensions.get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => Some(context),
        _ => None,
    };
    let jwt = context.and_then(|context| context.authorizer.as_ref()?.jwt.as_ref());
    let caller = jwt.and_then(|jwt| Caller::of(&jwt.claims)).ok_or_else(Problem::unauthenticated)?;
    Ok(Caller { request_id: context.and_then(|context| context.request_id.clone()).unwrap_or_default(), ..caller })
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        caller(parts)
    }
}

/// A caller in the group `reviewers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewer(pub Caller);

impl<S: Sync> FromRequestParts<S> for Reviewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = caller(parts)?;
        let refused = || Problem::forbidden("Only reviewers can do this. Ask an administrator to add you to the group reviewers.");
        caller.is_in(REVIEWERS).then_some(Self(caller)).ok_or_else(refused)
    }
}

/// A caller in the group `operators`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator(pub Caller);

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = caller(parts)?;
        caller.is_in(OPERATORS).then_some(Self(caller)).ok_or_else(not_an_operator)
    }
}

/// The problem of a caller who is not an operator.
pub fn not_an_operator() -> Problem {
    Problem::forbidden("Only operators can do this. Ask an administrator to add you to the group operators.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn groups_are_read_from_a_flattened_array_and_from_json() {
        for claim in ["[reviewers operators]", "[\"reviewers\",\"operators\"]", "reviewers operators", "[operators, reviewers]"] {
            assert_eq!(groups_in(claim), BTreeSet::from([REVIEWERS.to_owned(), OPERATORS.to_owned()]), "{claim}");
        }
        assert!(groups_in("[]").is_empty() && !groups_in("[not-reviewers]").contains(REVIEWERS));
    }

    #[test]
    fn only_an_access_token_with_a_plain_subject_names_a_caller() {
        let good = claims(&[("sub", "5f0c1b9e-3a57-4d0c-9b1d-2f6a7c8e9d10"), ("token_use", "access")]);
        assert!(Caller::of(&good).is_some_and(|caller| caller.groups.is_empty()));
        for wrong in [
            claims(&[]),
            claims(&[("sub", "a")]),
            claims(&[("sub", "a"), ("token_use", "id")]),
            claims(&[("sub", ""), ("token_use", "access")]),
            claims(&[("sub", "a#b"), ("token_use", "access")]),
            claims(&[("sub", "a/b"), ("token_use", "access")]),
        ] {
            assert_eq!(Caller::of(&wrong), None, "{wrong:?}");
        }
    }
}
