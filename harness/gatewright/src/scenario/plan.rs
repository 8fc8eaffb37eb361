//! A checked scenario.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::content::{PlannedStep, Scenario};
use super::given::Given;
use crate::vocabulary::argument::Argument;
use crate::vocabulary::reading::{Node, Reader};
use crate::vocabulary::record::words;
use crate::vocabulary::shape::Shape;

/// One scenario, ready to be run. When it comes from a file, every name in it is the name of something, and every
/// template can be filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Which scenario it is.
    pub id: ScenarioId,
    /// The file that it was read from, as it was found; none if it comes from Rust.
    pub file: Option<PathBuf>,
    /// What it shows, as a sentence.
    pub title: String,
    /// The steps of the walkthrough that it covers.
    pub walkthrough: Vec<WalkthroughStep>,
    /// Words to select it by.
    pub tags: Vec<Tag>,
    /// How long it may take in all, in real time; a minute unless written.
    pub deadline: Duration,
    /// What is there when it begins.
    pub given: Given,
    /// What is done and expected, in this order.
    pub steps: Vec<PlannedStep>,
}

/// How long a scenario may take unless it says so itself.
const DEADLINE: Duration = Duration::from_secs(60);

impl Plan {
    /// A scenario with its name and its file, if it has one.
    pub fn new(id: ScenarioId, file: Option<PathBuf>, scenario: Scenario) -> Self {
        Self {
            id,
            file,
            title: scenario.scenario.as_str().to_owned(),
            walkthrough: scenario.walkthrough,
            tags: scenario.tags,
            deadline: scenario.deadline.unwrap_or(DEADLINE),
            given: scenario.given,
            steps: scenario.steps.into_vec(),
        }
    }
}

/// Which scenario it is: its file's path below the scenarios' folder, without its extension and with `/` between.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScenarioId(String);

impl ScenarioId {
    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ScenarioId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl From<String> for ScenarioId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl fmt::Display for ScenarioId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

words! {
    /// A step of the walkthrough.
    WalkthroughStep {
        /// Configure Okta.
        Okta = "step 1",
        /// Configure ngrok, by either option.
        Ngrok = "step 2",
        /// Configure ngrok by its command line.
        CommandLine = "step 2 option 1",
        /// Configure ngrok by an Edge.
        Edge = "step 2 option 2",
        /// Test the integration.
        Test = "step 3",
    }
}

/// A word to select scenarios by: lower-case letters, digits and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag(String);

impl Tag {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag that this word is, if it can be one: `and`, `or` and `not` mean something else.
    pub fn new(word: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let begins = word.starts_with(|c: char| c.is_ascii_lowercase());
        let reserved = ["and", "or", "not"].contains(&word);
        (begins && word.chars().all(fits) && !reserved).then(|| Self(word.to_owned()))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Argument for Tag {
    fn shape() -> Shape {
        Shape::Text("a tag of lower-case letters, digits and `-`")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.text().and_then(Self::new) {
            Some(tag) => Some(tag),
            None => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}
