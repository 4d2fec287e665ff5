//! Errors of those that speak OpenAI's chat.
//!
//! An error is read in every form that any of them uses, since what stands between does not always speak like the vendor
//! behind it. What it means is for the vendor's [`Flavour`] to say, then for the words that OpenAI has and many after it,
//! then for the status.

use super::chat::Flavour;
use super::{Complaint, status};
use crate::event::Class;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

/// An error body in any of its forms: the error nested, as an object or as a bare text; the error flat; a detail of what
/// does not validate.
#[derive(Deserialize)]
struct ErrorBody {
    error: Option<Nested>,
    detail: Option<Detail>,
    object: Option<String>,
    message: Option<String>,
    r#type: Option<String>,
    code: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Nested {
    Object(ErrorObject),
    Text(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Detail {
    Text(String),
    List(Vec<Invalid>),
}

#[derive(Deserialize)]
struct Invalid {
    #[serde(default)]
    msg: String,
}

#[derive(Deserialize)]
struct ErrorObject {
    message: Option<String>,
    r#type: Option<String>,
    /// A string at one vendor, an integer at another.
    code: Option<Value>,
}

/// An error, whatever form it came in.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Its words.
    pub(super) message: String,
    /// Its `type`.
    pub(super) kind: String,
    /// Its `code`, as text.
    pub(super) code: String,
}

impl From<ErrorObject> for Said {
    fn from(object: ErrorObject) -> Self {
        let code = match object.code {
            Some(Value::String(code)) => code,
            Some(code) => code.to_string(),
            None => String::new(),
        };
        Self { message: object.message.unwrap_or_default(), kind: object.r#type.unwrap_or_default(), code }
    }
}

impl From<String> for Said {
    fn from(message: String) -> Self {
        Self { message, ..Self::default() }
    }
}

/// The error in a body; `None` if there is none in it. Without an error status, a message alone is not one.
fn said(body: &[u8], status: StatusCode) -> Option<Said> {
    let ErrorBody { error, detail, object, message, r#type, code } = serde_json::from_slice(body).ok()?;
    match (error, detail) {
        (Some(Nested::Object(object)), _) => Some(object.into()),
        (Some(Nested::Text(text)), _) | (None, Some(Detail::Text(text))) => Some(text.into()),
        (None, Some(Detail::List(list))) => Some(list.into_iter().next()?.msg.into()),
        _ if status != StatusCode::OK || object.as_deref() == Some("error") => {
            Some(ErrorObject { message, r#type, code }.into())
        }
        _ => None,
    }
}

/// The error in a body or an event that came with a 200, if there is one.
pub(super) fn said_with_200(flavour: &Flavour, body: &[u8]) -> Option<Complaint> {
    said(body, StatusCode::OK).map(|said| said.complaint(flavour, StatusCode::OK))
}

pub(super) fn complaint(flavour: &Flavour, status: StatusCode, body: &[u8]) -> Complaint {
    said(body, status).map_or_else(|| status::plain(status, ""), |said| said.complaint(flavour, status))
}

impl Said {
    fn complaint(self, flavour: &Flavour, status: StatusCode) -> Complaint {
        // Some codes are the status over again, which is all that tells it in a stream.
        let code = self.code.parse().ok().filter(|code| (400..600).contains(code));
        let meant = code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(status);
        let class = (flavour.class)(&self, meant).unwrap_or_else(|| self.class(meant));
        Complaint::new(class, status::detail(status, &self.message))
    }

    /// The class by the words that OpenAI has, and many after it.
    fn class(&self, status: StatusCode) -> Class {
        match (self.code.as_str(), self.kind.as_str()) {
            ("context_length_exceeded", _) => Class::ContextLength,
            ("content_policy_violation" | "content_filter", _) => Class::ContentPolicy,
            ("invalid_api_key", _) => Class::Auth,
            ("model_not_found", _) => Class::ModelGone,
            (
                "insufficient_quota"
                | "credit_balance_exhausted"
                | "organization_spend_limit_exceeded"
                | "project_spend_limit_exceeded"
                | "organization_usage_limit_exceeded",
                _,
            )
            | (_, "insufficient_quota") => Class::QuotaExhausted,
            ("server_is_overloaded", _) | (_, "service_unavailable_error") => Class::Overloaded,
            ("rate_limit_exceeded", _) if self.message.starts_with("Request too large") => Class::ContextLength,
            ("rate_limit_exceeded" | "slow_down", _) => Class::RateLimited,
            _ if status::by_status(status) == Class::Overloaded => Class::Overloaded,
            (_, "server_error") => Class::ServerError,
            _ => status::by_status(status),
        }
    }
}
