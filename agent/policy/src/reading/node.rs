//! A policy's text as a tree in which everything knows its place. JSON is read as the YAML that it is.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::error::{Place, PolicyError, code};

/// How large a policy's text may be, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// How deep lists and maps may stand in each other; a policy needs about ten levels.
const DEPTH: usize = 32;
/// How many values a policy may have, with those that its aliases repeat.
const MAX_NODES: usize = 20_000;

/// A value in a policy.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it begins, in bytes.
    pub(crate) at: usize,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Nothing, or `null`.
    Nothing,
    /// Text; `plain` if it stands without quotes, and may thus be a number or a truth value.
    Scalar { text: String, plain: bool },
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the text.
    Map(Vec<Entry>),
}

/// A member of a map.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Where its name begins, in bytes.
    pub(crate) at: usize,
    pub(crate) value: Node,
}

impl Node {
    /// What it is, as an error says it.
    pub(crate) fn found(&self) -> &'static str {
        match self.content {
            Content::Nothing => "nothing",
            Content::Scalar { .. } => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }

    /// How many values it is, with those in it.
    fn size(&self) -> usize {
        match &self.content {
            Content::Nothing | Content::Scalar { .. } => 1,
            Content::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Content::Map(entries) => 1 + entries.iter().map(|entry| entry.value.size()).sum::<usize>(),
        }
    }
}

/// Reads a policy's text, YAML or JSON.
pub(crate) fn parse(source: &str) -> Result<Node, PolicyError> {
    if source.len() > MAX_BYTES {
        let what = format!("it has {} bytes, and may have {MAX_BYTES} at most", source.len());
        return Err(broken(source, 0, &what));
    }
    let options = granit_parser::options! {
        disallow_directives: true,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let parser = Parser::new_from_str_with_options(source, options);
    let mut loader = Loader { parser, source, anchors: HashMap::new(), nodes: 0 };
    let node = loader.document()?;
    match loader.next()? {
        (Event::DocumentStart(..), span) => {
            Err(broken(source, loader.offset(span), "a second document begins here, and a policy is one"))
        }
        _ => Ok(node),
    }
}

/// The place of an offset.
pub(crate) fn place(source: &str, path: &str, offset: usize) -> Place {
    let before = &source[..source.floor_char_boundary(offset.min(source.len()))];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |start| start.chars().count()) + 1;
    Place { path: path.to_owned(), line, column }
}

/// That the text is no policy.
fn broken(source: &str, offset: usize, what: &str) -> PolicyError {
    PolicyError {
        code: code::INVALID,
        message: format!("The traffic policy provided is invalid: {what}."),
        place: place(source, "", offset),
    }
}

struct Loader<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    source: &'a str,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'a> Loader<'a> {
    /// The next event that is more than presentation.
    fn next(&mut self) -> Result<(Event<'a>, Span), PolicyError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let offset = error.marker().byte_offset().unwrap_or(self.source.len());
                Err(broken(self.source, offset, &format!("it is neither YAML nor JSON ({})", error.info())))
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn document(&mut self) -> Result<Node, PolicyError> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(..), _) => {}
                (Event::StreamEnd, _) => return Ok(Node { at: 0, content: Content::Nothing }),
                (event, span) => {
                    let node = self.node(event, span)?;
                    // The end of the document, which follows every root node.
                    self.next()?;
                    return Ok(node);
                }
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, PolicyError> {
        let at = self.offset(span);
        self.count(1, at)?;
        if event.tag().is_some() {
            return Err(broken(self.source, at, "tags are not used in policies; write the value alone"));
        }
        let anchor = event.anchor_id();
        let content = match event {
            Event::Alias(id) => {
                let node = self.anchors.get(&id).cloned();
                let node =
                    node.ok_or_else(|| broken(self.source, at, "an alias can't stand in what it names"))?;
                self.count(node.size(), at)?;
                // A mistake in it is shown where it is written.
                return Ok(node);
            }
            Event::Scalar(text, style, ..) => scalar(text.into_owned(), style == ScalarStyle::Plain),
            Event::SequenceStart(..) => self.list()?,
            Event::MappingStart(..) => self.map()?,
            _ => return Err(broken(self.source, at, "a value was expected")),
        };
        let node = Node { at, content };
        if let Some(id) = anchor {
            self.anchors.insert(id, node.clone());
        }
        Ok(node)
    }

    fn count(&mut self, more: usize, at: usize) -> Result<(), PolicyError> {
        self.nodes += more;
        if self.nodes > MAX_NODES {
            return Err(broken(self.source, at, &format!("it has more than {MAX_NODES} values")));
        }
        Ok(())
    }

    fn list(&mut self) -> Result<Content, PolicyError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Content::List(items)),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn map(&mut self) -> Result<Content, PolicyError> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            match self.next()? {
                (Event::MappingEnd, _) => return Ok(Content::Map(entries)),
                (event, span) => {
                    let key = self.node(event, span)?;
                    let Content::Scalar { text, .. } = key.content else {
                        return Err(broken(self.source, key.at, "a member's name must be text"));
                    };
                    if entries.iter().any(|known| known.name == text) {
                        return Err(broken(self.source, key.at, &format!("`{text}` is here twice")));
                    }
                    let (event, span) = self.next()?;
                    entries.push(Entry { name: text, at: key.at, value: self.node(event, span)? });
                }
            }
        }
    }

    fn offset(&self, span: Span) -> usize {
        span.byte_range().map_or(self.source.len(), |range| range.start)
    }
}

/// What a scalar says, by YAML's core schema.
fn scalar(text: String, plain: bool) -> Content {
    match plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") {
        true => Content::Nothing,
        false => Content::Scalar { text, plain },
    }
}
