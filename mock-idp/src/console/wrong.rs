//! What is wrong about a form that was sent.

use super::refusal::{Refusal, refused};
use crate::model::ModelError;
use crate::site::Site;

/// The field that is not acceptable, by the model's name of it, and why; or nothing.
#[derive(Debug, Default)]
pub(super) struct Wrong(Option<(&'static str, String)>);

impl Wrong {
    /// What the model found wrong about a field; any other refusal is a page of its own.
    pub(super) fn of(site: &Site, error: ModelError) -> Result<Self, Refusal> {
        match error {
            ModelError::Invalid { field, reason } => Ok(Self(Some((field, reason)))),
            error => Err(refused(site)(error)),
        }
    }

    /// What is wrong about this field.
    pub(super) fn about(&self, field: &str) -> Option<&str> {
        self.0.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, reason)| reason.as_str())
    }

    /// What is wrong about none of these fields.
    pub(super) fn beside(&self, fields: &[&str]) -> Option<&str> {
        self.0.as_ref().filter(|(wrong, _)| !fields.contains(wrong)).map(|(_, reason)| reason.as_str())
    }

    /// Whether it is about one of the fields that this is true of.
    pub(super) fn is_about(&self, field: impl FnOnce(&str) -> bool) -> bool {
        self.0.as_ref().is_some_and(|(wrong, _)| field(wrong))
    }
}
