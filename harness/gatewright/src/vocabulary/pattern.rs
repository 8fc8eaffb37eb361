//! Expected text, in which `*` stands for anything.

use std::fmt;

use serde_json::Value;

use super::argument::Argument;
use super::performs::StepError;
use super::reading::{Node, Reader};
use super::reference::Reference;
use super::shape::Shape;
use super::template::{Piece, Template};

/// A [`Template`] that a whole text has to match: each `*` of it stands for any run of characters, `**` for a literal
/// asterisk. Asterisks inside values that are filled in stand for themselves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    template: Template,
}

impl Pattern {
    /// The pattern as it is written.
    pub fn as_str(&self) -> &str {
        self.template.as_str()
    }

    /// The pattern with each value filled in by `value_of`.
    pub fn fill(
        &self,
        mut value_of: impl FnMut(&Reference) -> Result<String, StepError>,
    ) -> Result<FilledPattern, StepError> {
        let mut literals = vec![String::new()];
        for piece in self.template.checked_pieces()? {
            match piece {
                Piece::Text(text) => append(&text, &mut literals),
                Piece::Value(reference) => last(&mut literals).push_str(&value_of(&reference)?),
            }
        }
        Ok(FilledPattern { literals })
    }
}

/// Appends text, beginning another literal after each `*`.
fn append(text: &str, literals: &mut Vec<String>) {
    let mut rest = text;
    while let Some(star) = rest.find('*') {
        last(literals).push_str(&rest[..star]);
        rest = &rest[star + 1..];
        match rest.strip_prefix('*') {
            Some(after) => {
                last(literals).push('*');
                rest = after;
            }
            None => literals.push(String::new()),
        }
    }
    last(literals).push_str(rest);
}

fn last(literals: &mut Vec<String>) -> &mut String {
    if literals.is_empty() {
        literals.push(String::new());
    }
    let end = literals.len() - 1;
    &mut literals[end]
}

/// A pattern whose values are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledPattern {
    /// What stands between the asterisks; never empty.
    literals: Vec<String>,
}

impl FilledPattern {
    /// Whether the whole of `text` is as the pattern says.
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.literals.split_first() else { return text.is_empty() };
        let Some((end, middle)) = others.split_last() else { return text == first };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        for literal in middle {
            // The leftmost place leaves the most for the others.
            let Some(at) = rest.find(literal.as_str()) else { return false };
            rest = &rest[at + literal.len()..];
        }
        rest.ends_with(end.as_str())
    }
}

/// As a person reads it in a report: the asterisks stand for anything.
impl fmt::Display for FilledPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.literals.join("*"))
    }
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self { template: Template::from(text) }
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { template: Template::from(text) }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Argument for Pattern {
    fn shape() -> Shape {
        Shape::Pattern
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(text) = node.text() else { return reader.mismatch(node, &Self::shape()) };
        let template = Template::from(text);
        reader.check_template(node, &template).then_some(Self { template })
    }

    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::from(pattern).fill(|_| Ok("v*l".to_owned())).unwrap().matches(text)
    }

    #[test]
    fn an_asterisk_stands_for_anything_and_two_for_one() {
        assert!(matches("https://*/login?*", "https://acme.okta.test/login?"));
        assert!(matches("*", ""));
        assert!(matches("a*b*b", "abb"));
        assert!(!matches("a*b*b", "ab"));
        assert!(!matches("a*a", "a"));
        assert!(matches("a**b", "a*b"));
        assert!(!matches("a**b", "axb"));
        assert!(!matches("", "x"));
        assert!(!matches("plain", "plain text"));
    }

    #[test]
    fn an_asterisk_in_a_value_is_itself() {
        assert!(matches("x{copied.a}x", "xv*lx"));
        assert!(!matches("{copied.a}", "value"));
    }

    /// The rule itself, tried every way.
    fn by_trying(literals: &[String], text: &str) -> bool {
        let Some((first, others)) = literals.split_first() else { return text.is_empty() };
        let Some(rest) = text.strip_prefix(first.as_str()) else { return false };
        if others.is_empty() {
            return rest.is_empty();
        }
        (0..=rest.len()).any(|skip| by_trying(others, &rest[skip..]))
    }

    proptest! {
        #[test]
        fn matching_is_what_trying_every_way_finds(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            let filled = Pattern::from(pattern).fill(|_| Ok(String::new())).unwrap();
            prop_assert_eq!(filled.matches(&text), by_trying(&filled.literals, &text));
        }
    }
}
