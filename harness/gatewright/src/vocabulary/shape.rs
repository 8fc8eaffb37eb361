//! What an argument looks like, as data: from this come the reference page, the schema and the errors' words.

use std::collections::BTreeSet;
use std::fmt;

use super::names::Kind;
use super::nearest::listed;
use super::steps::VOCABULARY;

/// What a value in a scenario file looks like.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Plain text of a kind that is said in words, with its article.
    Text(&'static str),
    /// Text with `{values}` in it.
    Template,
    /// Text with `{values}` in it, in which `*` stands for anything.
    Pattern,
    /// The name of something in the scenario.
    Name(Kind),
    /// One of a few words.
    Words(&'static [Word]),
    /// One of many words, which are known elsewhere.
    Known {
        /// What they are, with their article.
        what: &'static str,
        /// All of them.
        words: fn() -> Vec<&'static str>,
    },
    /// A whole number.
    Number {
        /// The least it may be.
        least: u32,
        /// The most it may be.
        most: u32,
    },
    /// `true` or `false`.
    Flag,
    /// Any YAML value; text in it may hold `{values}`.
    Anything,
    /// One of them, or a list of them.
    OneOrMore(Box<Shape>),
    /// A map whose keys the scenario chooses.
    Entries {
        /// What its keys are, with their article.
        key: &'static str,
        /// What each holds.
        value: Box<Shape>,
    },
    /// A map of known fields.
    Record(&'static Record),
    /// A map of one of several forms, told apart by a field that only that form has.
    Choice(&'static Choice),
    /// A scenario's steps.
    Steps,
}

/// A word that an argument may be.
#[derive(Debug)]
pub struct Word {
    /// The word as it is written.
    pub word: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// A map of known fields.
#[derive(Debug)]
pub struct Record {
    /// Its name: the Rust type's, and the schema's.
    pub name: &'static str,
    /// What it says.
    pub doc: &'static str,
    /// The field that is meant when a plain value is written instead of a map.
    pub short: Option<&'static str>,
    /// Its fields, in the order of the reference page.
    pub fields: &'static [Field],
}

/// A field of a record.
#[derive(Debug)]
pub struct Field {
    /// Its key in a file.
    pub name: &'static str,
    /// What it says.
    pub doc: &'static str,
    /// Whether it has to be written.
    pub required: bool,
    /// What it holds.
    pub shape: fn() -> Shape,
}

/// Several forms of a map.
#[derive(Debug)]
pub struct Choice {
    /// Its name: the Rust type's, and the schema's.
    pub name: &'static str,
    /// What it says.
    pub doc: &'static str,
    /// The field that tells each form from the others, and the form.
    pub forms: &'static [(&'static str, &'static Record)],
}

/// What was expected, in a few words with an article, as an error says it.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(what) | Self::Known { what, .. } => f.write_str(what),
            Self::Template => f.write_str("text"),
            Self::Pattern => f.write_str("text, in which `*` stands for anything"),
            Self::Name(kind) => write!(f, "the name of {}", kind.one()),
            Self::Words(words) => f.write_str(&listed(words, |word| format!("`{}`", word.word))),
            Self::Number { least: 0, most: u32::MAX } => f.write_str("a whole number"),
            Self::Number { least, most } if least == most => write!(f, "{least}"),
            Self::Number { least, most } => write!(f, "a whole number from {least} to {most}"),
            Self::Flag => f.write_str("`true` or `false`"),
            Self::Anything => f.write_str("any value"),
            Self::OneOrMore(item) => write!(f, "{item}, or a list of such"),
            Self::Entries { key, value } => write!(f, "a map from {key} to {value}"),
            Self::Steps => f.write_str("a list of steps"),
            Self::Record(record) => write_record(record, f),
            Self::Choice(choice) => {
                write!(f, "a map with {}", listed(choice.forms, |(key, _)| format!("`{key}`")))
            }
        }
    }
}

fn write_record(record: &Record, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let fields: Vec<_> = record.fields.iter().map(|field| field.name).collect();
    if let Some(short) = record.fields.iter().find(|field| Some(field.name) == record.short) {
        write!(f, "{}, or ", (short.shape)())?;
    }
    write!(f, "a map of {}", fields.join(", "))
}

/// Every record and every choice that a scenario file can hold, in the order in which they are met, from the fields of
/// `root` on and through all steps. The root itself is not among them.
pub(crate) fn named_shapes(root: &'static Record) -> Vec<Shape> {
    let steps = VOCABULARY.iter().flat_map(|subject| subject.steps).filter_map(|step| step.argument);
    let mut ahead: Vec<Shape> =
        root.fields.iter().map(|field| field.shape).chain(steps).map(|shape| shape()).collect();
    ahead.reverse();
    let mut names = BTreeSet::new();
    let mut met = Vec::new();
    while let Some(shape) = ahead.pop() {
        match shape {
            Shape::OneOrMore(item) | Shape::Entries { value: item, .. } => ahead.push(*item),
            Shape::Record(record) if names.insert(record.name) => {
                ahead.extend(record.fields.iter().rev().map(|field| (field.shape)()));
                met.push(shape);
            }
            Shape::Choice(choice) if names.insert(choice.name) => {
                ahead.extend(choice.forms.iter().rev().map(|(_, record)| Shape::Record(record)));
                met.push(shape);
            }
            _ => {}
        }
    }
    met
}

/// A doc comment as one line.
pub(crate) fn on_one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The one that there is, of a macro's part that may be left out.
pub(crate) const fn if_any<T: Copy>(parts: &[T]) -> Option<T> {
    match parts {
        [part, ..] => Some(*part),
        [] => None,
    }
}
