//! A YAML document as a tree in which everything knows its place.
//!
//! Configuration files use the plain part of YAML: one document, no anchors, aliases or tags.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use serde_json::Value;

use super::problem::Problem;

/// How deep lists and maps may stand in each other; a traffic policy needs about ten levels.
const DEPTH: usize = 32;

/// A value in a file.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where it stands, in bytes; a list or a map begins at its first item and ends with its last.
    pub(super) at: Range<usize>,
    pub(super) content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Nothing is written there.
    Nothing,
    /// Text, as YAML understands it; `plain` if it stands without quotes.
    Scalar { text: String, plain: bool },
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file, duplicates included.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The text, quoted or not.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// JSON, which has no places.
    pub(super) fn of_json(value: &Value) -> Self {
        let scalar = |text: String, plain| Content::Scalar { text, plain };
        let content = match value {
            Value::Null => Content::Nothing,
            Value::Bool(value) => scalar(value.to_string(), true),
            Value::Number(value) => scalar(value.to_string(), true),
            Value::String(text) => scalar(text.clone(), false),
            Value::Array(items) => Content::List(items.iter().map(Self::of_json).collect()),
            Value::Object(members) => {
                let key = |name: &str| Node { at: 0..0, content: scalar(name.to_owned(), false) };
                Content::Map(members.iter().map(|(name, value)| (key(name), Self::of_json(value))).collect())
            }
        };
        Self { at: 0..0, content }
    }

    /// The same as JSON.
    pub(super) fn to_json(&self) -> Value {
        match &self.content {
            Content::Nothing => Value::Null,
            Content::Scalar { text, plain: false } => Value::from(text.as_str()),
            Content::Scalar { text, plain: true } => plain(text),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => {
                let member = |(key, value): &(Node, Node)| {
                    (key.text().unwrap_or_default().to_owned(), value.to_json())
                };
                Value::Object(entries.iter().map(member).collect())
            }
        }
    }

    /// What it is, as an error says it.
    pub(super) fn found(&self) -> &'static str {
        match self.content {
            Content::Nothing => "nothing",
            Content::Scalar { .. } => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
}

/// What a text without quotes means (YAML 1.2, 10.3).
fn plain(text: &str) -> Value {
    match text {
        "null" | "Null" | "NULL" | "~" => Value::Null,
        "true" | "True" | "TRUE" => Value::from(true),
        "false" | "False" | "FALSE" => Value::from(false),
        _ => {
            let whole = text.parse::<i64>().map(Value::from).ok();
            let share = || {
                text.parse::<f64>().ok().filter(|_| text.starts_with(|c: char| "+-.0123456789".contains(c)))
            };
            whole
                .or_else(|| share().and_then(serde_json::Number::from_f64).map(Value::Number))
                .unwrap_or_else(|| Value::from(text))
        }
    }
}

/// Reads a document. Broken YAML has one problem, since nothing after it can be understood.
pub(super) fn parse(source: &str) -> Result<Node, Problem> {
    let options = granit_parser::options! {
        disallow_directives: true,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let mut loader = Loader { parser: Parser::new_from_str_with_options(source, options), source };
    let node = loader.document()?;
    match loader.next()? {
        (Event::DocumentStart(..), span) => {
            Err(Problem::new(loader.at(span), "a second document", "a file holds one configuration"))
        }
        _ => Ok(node),
    }
}

struct Loader<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    source: &'a str,
}

impl<'a> Loader<'a> {
    /// The next event that is more than presentation.
    fn next(&mut self) -> Result<(Event<'a>, Span), Problem> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.broken(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn document(&mut self) -> Result<Node, Problem> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(..), _) => {}
                (Event::StreamEnd, _) => {
                    return Ok(Node { at: 0..0, content: Content::Nothing });
                }
                (event, span) => {
                    let node = self.node(event, span)?;
                    // The end of the document, which follows every root node.
                    self.next()?;
                    return Ok(node);
                }
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, Problem> {
        let at = self.at(span);
        if event.tag().is_some() || event.anchor_id().is_some() || event.is_alias() {
            let at = span
                .tag_start()
                .and_then(|mark| mark.byte_offset())
                .map_or(at.clone(), |start| start..at.end);
            let what = "anchors, aliases and tags are not used in configuration files";
            return Err(Problem::new(at, what, "write the value itself"));
        }
        match event {
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                let content = match plain && at.is_empty() {
                    true => Content::Nothing,
                    false => Content::Scalar { text: text.into_owned(), plain },
                };
                Ok(Node { at, content })
            }
            Event::SequenceStart(..) => self.list(at.start),
            Event::MappingStart(..) => self.map(at.start),
            _ => Err(Problem::new(at, "broken YAML", "a value was expected")),
        }
    }

    fn list(&mut self, start: usize) -> Result<Node, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => {
                    let end = self.end(span, items.last());
                    return Ok(Node { at: start..end, content: Content::List(items) });
                }
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn map(&mut self, start: usize) -> Result<Node, Problem> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        loop {
            match self.next()? {
                (Event::MappingEnd, span) => {
                    let end = self.end(span, entries.last().map(|(_, value)| value));
                    return Ok(Node { at: start..end.max(start), content: Content::Map(entries) });
                }
                (event, span) => {
                    let key = self.node(event, span)?;
                    let (event, span) = self.next()?;
                    entries.push((key, self.node(event, span)?));
                }
            }
        }
    }

    /// Where a list or a map ends: at its bracket, or with its last item.
    fn end(&self, span: Span, last: Option<&Node>) -> usize {
        let bracket = self.at(span);
        match last {
            Some(last) if bracket.is_empty() => last.at.end,
            _ => bracket.end,
        }
    }

    /// A span within the source, at characters' borders.
    fn at(&self, span: Span) -> Range<usize> {
        let range = span.byte_range().unwrap_or_default();
        let (start, end) = (self.border(range.start), self.border(range.end));
        start..end.max(start)
    }

    fn border(&self, offset: usize) -> usize {
        self.source.floor_char_boundary(offset.min(self.source.len()))
    }

    fn broken(&self, error: &ScanError) -> Problem {
        let offset = self.border(error.marker().byte_offset().unwrap_or(self.source.len()));
        let rest = &self.source[offset..];
        // Underlined is the word at which the parser stopped.
        let word = rest.find(|c: char| c.is_whitespace() || ",]}".contains(c)).unwrap_or(rest.len());
        let length = word.max(rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8));
        Problem::new(offset..offset + length, "broken YAML", error.info())
    }
}
