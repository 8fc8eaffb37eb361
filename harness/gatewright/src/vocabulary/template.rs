//! Text with values in it: `{tunnels.app}/reports`.

use std::fmt;

use serde_json::Value;

use super::argument::Argument;
use super::performs::StepError;
use super::reading::{Node, Reader};
use super::reference::Reference;
use super::shape::Shape;

/// Text in which `{tunnels.app}` stands for a value that is known once the stage is set. A literal brace is doubled.
///
/// Text from Rust becomes a template without a check, so that it can be handed to any step; what is wrong with it is
/// said when it is [filled](Template::fill). Text from a scenario file is checked when the file is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Template {
    text: String,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that stays as it is.
    Text(String),
    /// A value to be filled in.
    Value(Reference),
}

/// What is wrong with a template, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct TemplateError {
    /// What is wrong, as a fragment.
    pub what: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// The offending part of the template's text, in bytes.
    pub at: std::ops::Range<usize>,
}

impl Template {
    /// A template that stands for exactly this text, braces and all.
    pub fn literal(text: &str) -> Self {
        Self { text: text.replace('{', "{{").replace('}', "}}") }
    }

    /// The template as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its pieces; the first thing that is wrong with it otherwise.
    pub fn pieces(&self) -> Result<Vec<Piece>, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut at = 0;
        while let Some(offset) = self.text[at..].find(['{', '}']) {
            let brace = at + offset;
            literal.push_str(&self.text[at..brace]);
            let rest = &self.text[brace..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                literal.push_str(&rest[..1]);
                at = brace + 2;
                continue;
            }
            let Some(length) = rest.find('}').filter(|length| *length > 0) else {
                return Err(unbalanced(rest, brace));
            };
            let inside = brace + 1..brace + length;
            let reference = Reference::parse(&self.text[inside.clone()])
                .map_err(|(what, advice)| TemplateError { what, advice, at: inside.clone() })?;
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Value(reference));
            at = inside.end + 1;
        }
        literal.push_str(&self.text[at..]);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(pieces)
    }

    /// The text, each value filled in by `value_of`.
    pub fn fill(
        &self,
        mut value_of: impl FnMut(&Reference) -> Result<String, StepError>,
    ) -> Result<String, StepError> {
        let mut filled = String::new();
        for piece in self.checked_pieces()? {
            match piece {
                Piece::Text(text) => filled.push_str(&text),
                Piece::Value(reference) => filled.push_str(&value_of(&reference)?),
            }
        }
        Ok(filled)
    }

    /// Its pieces, with what is wrong as a step's error.
    pub(crate) fn checked_pieces(&self) -> Result<Vec<Piece>, StepError> {
        self.pieces().map_err(|error| {
            let bad = StepError::unmet(format!("`{}` can't be filled in: {error}", self.text));
            match error.advice {
                Some(advice) => bad.advised(advice),
                None => bad,
            }
        })
    }
}

fn unbalanced(rest: &str, brace: usize) -> TemplateError {
    let (what, sign) = match rest.starts_with('{') {
        true => ("a brace that is not closed", "{{"),
        false => ("a closing brace without its opening one", "}}"),
    };
    let at = brace..brace + 1;
    TemplateError { what: what.into(), advice: Some(format!("write `{sign}` for the brace itself")), at }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned() }
    }
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        Self { text }
    }
}

impl From<&String> for Template {
    fn from(text: &String) -> Self {
        Self { text: text.clone() }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Argument for Template {
    fn shape() -> Shape {
        Shape::Template
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(text) = node.text() else { return reader.mismatch(node, &Self::shape()) };
        let template = Self::from(text);
        reader.check_template(node, &template).then_some(template)
    }

    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(text: &str) -> Result<String, StepError> {
        Template::from(text).fill(|reference| Ok(format!("<{reference}>")))
    }

    #[test]
    fn values_are_filled_in_and_doubled_braces_are_braces() {
        assert_eq!(
            filled("{tunnels.app}/a?b={users.alice.email}").unwrap(),
            "<tunnels.app>/a?b=<users.alice.email>"
        );
        assert_eq!(filled("{{tunnels.app}} {{{tunnels.app}}}").unwrap(), "{tunnels.app} {<tunnels.app>}");
        assert_eq!(filled("").unwrap(), "");
    }

    #[test]
    fn what_cannot_be_filled_says_why_and_where() {
        for (text, at) in
            [("a {", 2..3), ("a } b", 2..3), ("{tunnels.app", 0..1), ("x{nowhere}", 2..9), ("{}", 1..1)]
        {
            let error = Template::from(text).pieces().unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
        }
        insta::assert_snapshot!(filled("{tunnel.app}").unwrap_err(), @r"
        `{tunnel.app}` can't be filled in: no value `tunnel.app`
          help: did you mean `tunnels.app`?
        ");
        insta::assert_snapshot!(filled(r#"{"a": 1}"#).unwrap_err(), @r#"
        `{"a": 1}` can't be filled in: no value `"a": 1`
          help: a value starts with agents, copied, edge, edge.accounts, edges, okta, okta.apps, remembered, tunnels, upstreams or users; write `{{` for the brace itself
        "#);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = Template::from(text).pieces();
        }

        #[test]
        fn nor_does_anything_made_of_braces(text in r"[{}.a\-*é]{0,20}") {
            let _ = Template::from(text).pieces();
        }

        #[test]
        fn a_literal_stands_for_itself(text in ".{0,60}") {
            prop_assert_eq!(Template::literal(&text).fill(|_| Ok(String::new())).unwrap(), text);
        }
    }
}
