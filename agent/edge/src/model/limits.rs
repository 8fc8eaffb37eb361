//! How long what people and agents write may be.

use super::Labels;
use crate::code::{Code, Refusal};

const NAME: usize = 255;
const DESCRIPTION: usize = 255;
const METADATA: usize = 4096;
const LABELS: usize = 32;
const LABEL: usize = 128;

pub(crate) fn description(text: String) -> Result<String, Refusal> {
    within(DESCRIPTION, Code::DESCRIPTION_LENGTH, "a description", text)
}

pub(crate) fn name(text: String) -> Result<String, Refusal> {
    within(NAME, Code::BIND_INVALID, "an endpoint's name", text)
}

pub(crate) fn metadata(text: String) -> Result<String, Refusal> {
    within(METADATA, Code::METADATA_LENGTH, "metadata", text)
}

pub(crate) fn labels(labels: Labels) -> Result<Labels, Refusal> {
    let refused = |reason: String| Err(Refusal::new(Code::BIND_INVALID, reason));
    if labels.is_empty() || labels.len() > LABELS {
        return refused(format!("there must be one to {LABELS} labels, not {}", labels.len()));
    }
    for (name, value) in &labels {
        if name.is_empty() || name.len() > LABEL || value.is_empty() || value.len() > LABEL {
            return refused(format!("a label's name and value have 1 to {LABEL} bytes each"));
        }
    }
    Ok(labels)
}

/// The account may not use OIDC.
pub(crate) fn no_oidc() -> Refusal {
    let message =
        "This account's plan does not include OpenID Connect. Ask the account's owner for a plan that does.";
    Refusal::new(Code::OIDC_NOT_ENTITLED, message)
}

fn within(most: usize, code: Code, what: &str, text: String) -> Result<String, Refusal> {
    if text.len() <= most {
        return Ok(text);
    }
    Err(Refusal::new(code, format!("{what} has at most {most} bytes, not {}", text.len())))
}
