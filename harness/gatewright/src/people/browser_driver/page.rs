//! Asking the page: the questions of `page.js` and their answers.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::people::{Label, Reason};

/// A function of one request, in JavaScript.
const SCRIPT: &str = include_str!("page.js");

/// A question about something that has a name.
pub(super) fn about(operation: &str, label: &Label) -> Value {
    json!({ "operation": operation, "label": { "text": label.text, "within": label.within } })
}

/// As an expression, for DevTools.
pub(super) fn expression(request: &Value) -> String {
    format!("({SCRIPT})({request})")
}

/// As a function's body whose argument is the request, for WebDriver, which alone gives elements.
pub(super) fn body() -> String {
    format!("return ({SCRIPT})(arguments[0])")
}

/// What the page answers to a question about something that has a name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    /// The element, as WebDriver refers to it.
    found: Option<Value>,
    /// Nothing of that name; this is what there is.
    choices: Option<Vec<String>>,
    several: Option<usize>,
    unusable: Option<String>,
    /// The field has focus, for typing.
    #[serde(rename = "type")]
    pub(super) typing: bool,
    /// The drop-down's options, where none fits.
    options: Option<Vec<String>>,
    pub(super) value: Option<String>,
}

impl Answer {
    /// Reads an answer; what can't be done is its reason. `what` is what the thing is for: `to click`.
    pub(super) fn read(answer: Value, what: &'static str, label: &Label) -> Result<Self, Reason> {
        let mut answer: Self = serde_json::from_value(answer)
            .map_err(|error| Reason::Script(format!("its answer can't be read: {error}")))?;
        let label = label.clone();
        if let Some(choices) = answer.choices.take() {
            Err(Reason::NothingCalled { what, label, choices })
        } else if let Some(count) = answer.several {
            Err(Reason::SeveralCalled { what, label, count })
        } else if let Some(how) = answer.unusable.take() {
            Err(Reason::NotUsable { label, how })
        } else if let Some(choices) = answer.options.take() {
            Err(Reason::NoOption { option: String::new(), choices })
        } else {
            Ok(answer)
        }
    }

    /// The element's reference (WebDriver, 11: web elements).
    pub(super) fn element(&self) -> Option<String> {
        let reference = self.found.as_ref()?.as_object()?.values().next()?;
        reference.as_str().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_become_references_or_reasons() {
        let read = |answer| Answer::read(answer, "to click", &"Sign in".into());
        let found = read(json!({ "found": { "element-6066-11e4-a52e-4f735466cecf": "f.1.e.2" } })).unwrap();
        assert_eq!(found.element().as_deref(), Some("f.1.e.2"));
        assert!(matches!(read(json!({ "choices": [] })), Err(Reason::NothingCalled { .. })));
        assert!(matches!(read(json!({ "several": 2 })), Err(Reason::SeveralCalled { count: 2, .. })));
        assert!(matches!(read(json!({ "unusable": "disabled" })), Err(Reason::NotUsable { .. })));
        assert!(matches!(read(json!("no object")), Err(Reason::Script(_))));
    }
}
