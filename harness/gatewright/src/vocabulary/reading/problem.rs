//! What is wrong with a scenario file, and where.

use std::ops::Range;

/// Something wrong at one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The offending words, in bytes of the file.
    pub at: Range<usize>,
    /// What is wrong, as a lower-case fragment.
    pub what: String,
    /// What stands beside the underlined words, if anything.
    pub label: String,
    /// What to do about it: the nearest valid words, mostly.
    pub advice: Option<String>,
    /// Another place that has to do with it, and how.
    pub related: Option<Box<(Range<usize>, String)>>,
}

impl Problem {
    pub(crate) fn new(at: Range<usize>, what: impl Into<String>, label: impl Into<String>) -> Self {
        Self { at, what: what.into(), label: label.into(), advice: None, related: None }
    }

    pub(crate) fn advised(mut self, advice: Option<String>) -> Self {
        self.advice = advice;
        self
    }

    pub(crate) fn related(mut self, at: Range<usize>, how: impl Into<String>) -> Self {
        self.related = Some(Box::new((at, how.into())));
        self
    }
}
