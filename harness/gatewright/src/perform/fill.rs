//! The values that steps speak of.

use crate::stage::World;
use crate::vocabulary::{FilledPattern, Pattern, StepError, Template};

impl World {
    /// A template's text.
    pub(super) fn fill(&self, template: &Template) -> Result<String, StepError> {
        template.fill(|reference| self.value(reference))
    }

    /// A template's text, where there is a template.
    pub(super) fn fill_option(&self, template: Option<&Template>) -> Result<Option<String>, StepError> {
        template.map(|template| self.fill(template)).transpose()
    }

    /// The texts of several templates.
    pub(super) fn fill_all<'a>(
        &self,
        templates: impl IntoIterator<Item = &'a Template>,
    ) -> Result<Vec<String>, StepError> {
        templates.into_iter().map(|template| self.fill(template)).collect()
    }

    /// A pattern with its values, where there is one.
    pub(super) fn fill_pattern(&self, pattern: Option<&Pattern>) -> Result<Option<FilledPattern>, StepError> {
        pattern.map(|pattern| pattern.fill(|reference| self.value(reference))).transpose()
    }
}
