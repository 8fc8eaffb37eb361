//! What a scenario says, whether a file or Rust says it.

use std::time::Duration;

use serde_json::Value;

use super::given::Given;
use super::plan::{Tag, WalkthroughStep};
use crate::vocabulary::argument::Argument;
use crate::vocabulary::reading::{Node, Problem, Reader};
use crate::vocabulary::record::record;
use crate::vocabulary::shape::Shape;
use crate::vocabulary::{Step, written};

record! {
    /// A scenario file.
    Scenario {
        needs {
            /// What the scenario shows, as a sentence. It is the scenario's title, and no other has the same.
            scenario: Title,
            /// What is done and expected, one after the other.
            steps: Steps,
        }
        takes {
            /// The version of the format: 1.
            version: Option<Version>,
            /// The steps of the walkthrough that it covers.
            walkthrough: Vec<WalkthroughStep>,
            /// Words to select it by, as with `--tag`.
            tags: Vec<Tag>,
            /// How long it may take in all; a minute unless written.
            deadline: Option<Duration>,
            /// What is there when it begins.
            given: Given,
        }
    }
}

/// A scenario's title: a sentence on one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Title(String);

impl Title {
    /// The sentence.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Title {
    fn from(title: &str) -> Self {
        Self(title.trim().to_owned())
    }
}

impl Argument for Title {
    fn shape() -> Shape {
        Shape::Text("a sentence")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.text().map(str::trim).filter(|text| !text.is_empty() && !text.contains('\n')) {
            Some(text) => Some(Self::from(text)),
            None => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.0.as_str())
    }
}

/// The version of the format; there is one so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Version;

impl Argument for Version {
    fn shape() -> Shape {
        Shape::Number { least: 1, most: 1 }
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.plain() {
            Some("1") => Some(Self),
            Some(text) if text.parse::<u32>().is_ok() => {
                let problem =
                    Problem::new(node.at.clone(), format!("version {text} is not known"), "expected 1");
                let advice = "a newer Gatewright may read this file".to_owned();
                reader.add(problem.advised(Some(advice)));
                None
            }
            _ => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        Value::from(1)
    }
}

/// A scenario's steps, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps(Vec<PlannedStep>);

/// A step and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedStep {
    /// The step.
    pub step: Step,
    /// Its line in the scenario's file, counted from 1; none if it comes from Rust.
    pub line: Option<usize>,
}

impl Steps {
    /// The steps themselves.
    pub fn into_vec(self) -> Vec<PlannedStep> {
        self.0
    }
}

impl<I: IntoIterator<Item = Step>> From<I> for Steps {
    fn from(steps: I) -> Self {
        Self(steps.into_iter().map(|step| PlannedStep { step, line: None }).collect())
    }
}

impl Argument for Steps {
    fn shape() -> Shape {
        Shape::Steps
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let items = match node.list() {
            Some(items) if !items.is_empty() => items,
            _ => return reader.mismatch(node, &Self::shape()),
        };
        let steps: Vec<_> = items
            .iter()
            .map(|item| {
                let line = Some(reader.line_of(item));
                written::read_step(item, reader).map(|step| PlannedStep { step, line })
            })
            .collect();
        steps.into_iter().collect::<Option<_>>().map(Self)
    }

    fn write(&self) -> Value {
        self.0.iter().map(|planned| planned.step.as_data()).collect()
    }
}
