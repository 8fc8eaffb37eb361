//! How a person names what is on a page.

use std::fmt;

/// The name of a link, a button, a field …, as a person reads it: its accessible name, white space put together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// The name.
    pub text: String,
    /// A text nearby that tells several of that name apart: of those, the one meant is in the smallest part of the page
    /// that shows this text too (a row, a card, a section).
    pub within: Option<String>,
}

impl Label {
    /// What is called `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), within: None }
    }

    /// The one beside `text`.
    pub fn within(self, text: impl Into<String>) -> Self {
        Self { within: Some(text.into()), ..self }
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Label {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.text)?;
        match &self.within {
            Some(near) => write!(f, " beside \"{near}\""),
            None => Ok(()),
        }
    }
}
