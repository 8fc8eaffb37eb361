//! Takes values out of a document and remembers what is wrong.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use crate::vocabulary::argument::Argument;
use crate::vocabulary::names::{Kind, NO_PERSON, Names, is_name};
use crate::vocabulary::nearest;
use crate::vocabulary::shape::{Record, Shape};
use crate::vocabulary::template::{Piece, Template};

use super::node::{Content, Node};
use super::problem::Problem;

/// Reads one file. Whoever reads a wrong value says so here and goes on, so that a person sees every problem at once.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    source: &'a str,
    /// Every name that is known at this point of the file.
    pub(crate) names: Names,
    /// Where the scenario gave its names.
    introduced: HashMap<(Kind, String), Range<usize>>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, names: Names::default(), introduced: HashMap::new(), problems: Vec::new() }
    }

    /// Everything that is wrong, from the file's beginning to its end.
    pub(crate) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.at.start);
        self.problems
    }

    /// The line on which something begins, counted from 1.
    pub(crate) fn line_of(&self, node: &Node) -> usize {
        self.source.get(..node.at.start).unwrap_or_default().matches('\n').count() + 1
    }

    /// Says that a whole value is wrong.
    pub(crate) fn problem(&mut self, node: &Node, what: impl Into<String>, label: impl Into<String>) {
        self.add(Problem::new(node.at.clone(), what, label));
    }

    pub(crate) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Says that a value isn't what it should be; there is no value then.
    pub(crate) fn mismatch<T>(&mut self, node: &Node, expected: &Shape) -> Option<T> {
        let problem = Problem::new(node.at.clone(), unfit(node), format!("expected {expected}"));
        self.add(problem.advised(unquoted(node)));
        None
    }

    /// Says that a value is none of the words that it may be, and which of them is near; there is no value then.
    pub(crate) fn unknown_word<'w, T>(
        &mut self,
        node: &Node,
        expected: &Shape,
        words: impl IntoIterator<Item = &'w str>,
    ) -> Option<T> {
        let near = nearest::nearest(node.text().unwrap_or_default(), words);
        self.misfit(node, expected, near.first().map(|near| format!("did you mean `{near}`?")))
    }

    /// Says that a value isn't what it should be, and what to do about it; there is no value then.
    pub(crate) fn misfit<T>(&mut self, node: &Node, expected: &Shape, advice: Option<String>) -> Option<T> {
        let problem = Problem::new(node.at.clone(), unfit(node), format!("expected {expected}"));
        self.add(problem.advised(advice));
        None
    }

    /// The place of a part of a scalar's text, if the text stands in the file as it is; the whole scalar otherwise.
    pub(crate) fn inside(&self, node: &Node, part: Range<usize>) -> Range<usize> {
        let Some(text) = node.text() else { return node.at.clone() };
        let written = self.source.get(node.at.clone()).unwrap_or_default();
        match written.find(text) {
            Some(offset) if !text.is_empty() && !text.contains('\n') => {
                let start = node.at.start + offset;
                start + part.start..start + part.end
            }
            _ => node.at.clone(),
        }
    }

    /// Reads the name of something that the scenario has.
    pub(crate) fn name(&mut self, kind: Kind, node: &Node) -> Option<String> {
        let Some(name) = node.text() else { return self.mismatch(node, &Shape::Name(kind)) };
        self.check_name(kind, name, node.at.clone()).then(|| name.to_owned())
    }

    /// Whether the scenario has something of this name; says so if not.
    pub(crate) fn check_name(&mut self, kind: Kind, name: &str, at: Range<usize>) -> bool {
        if self.names.knows(kind, name) {
            return true;
        }
        let advice = nearest::advice(name, self.names.of(kind))
            .unwrap_or_else(|| format!("{} comes from {}", kind.one(), kind.declared_in()));
        let what = format!("no {} named `{}`", kind.noun(), shortened(name));
        self.add(Problem::new(at, what, "").advised(Some(advice)));
        false
    }

    /// Reads a name that the scenario gives, and makes it known.
    pub(crate) fn new_name(&mut self, kind: Kind, node: &Node) -> Option<String> {
        let Some(name) = node.text() else { return self.mismatch(node, &Shape::Text("a name")) };
        self.declare(kind, name, node.at.clone()).map(|()| name.to_owned())
    }

    /// Makes a name known, if it can be one.
    pub(crate) fn declare(&mut self, kind: Kind, name: &str, at: Range<usize>) -> Option<()> {
        let is_person = matches!(kind, Kind::Person | Kind::User | Kind::Account);
        let label = if !is_name(name) {
            "names are lower-case letters, digits, `-` and `_`, and begin with a letter"
        } else if is_person && NO_PERSON.contains(&name) {
            "steps that begin with this word are about no person"
        } else {
            self.names.declare(kind, name);
            self.introduced.entry((kind, name.to_owned())).or_insert(at);
            return Some(());
        };
        self.add(Problem::new(at, format!("`{}` can't be a name here", shortened(name)), label));
        None
    }

    /// Reads a name that the scenario gives, and that nothing of these kinds may have yet.
    pub(crate) fn fresh_name(&mut self, kind: Kind, others: &[Kind], node: &Node) -> Option<String> {
        let name = node.text().unwrap_or_default();
        let taken = others.iter().find_map(|other| self.introduced.get(&(*other, name.to_owned())));
        if let Some(first) = taken.cloned() {
            let problem = Problem::new(node.at.clone(), format!("`{name}` is here twice"), "the second");
            self.add(problem.related(first, "the first"));
            return None;
        }
        self.new_name(kind, node)
    }

    /// Whether a template can be filled in; says what can't.
    pub(crate) fn check_template(&mut self, node: &Node, template: &Template) -> bool {
        let pieces = match template.pieces() {
            Ok(pieces) => pieces,
            Err(error) => {
                let at = self.inside(node, error.at);
                self.add(Problem::new(at, error.what, "").advised(error.advice));
                return false;
            }
        };
        let mut from = 0;
        let mut right = true;
        for piece in pieces {
            let Piece::Value(reference) = piece else { continue };
            let Some((kind, name)) = reference.name() else { continue };
            // Where this value's name stands: the values come in the order of the text.
            let shown = reference.to_string();
            let found = template.as_str()[from..].find(&shown).map(|offset| from + offset);
            let start = found.unwrap_or(from);
            let name_start = start + shown.find(&format!(".{name}")).map_or(0, |offset| offset + 1);
            from = start;
            let at = self.inside(node, name_start..name_start + name.len());
            right &= self.check_name(kind, name, at);
        }
        right
    }

    /// The entries of a map; a key that stands twice is a problem, and its second entry is left out.
    pub(crate) fn entries<'n>(
        &mut self,
        node: &'n Node,
        expected: &Shape,
    ) -> Option<Vec<(&'n Node, &'n Node)>> {
        let Some(entries) = node.map() else { return self.mismatch(node, expected) };
        let mut kept: Vec<(&Node, &Node)> = Vec::new();
        let mut first_of: HashMap<&str, &Node> = HashMap::new();
        for (key, value) in entries {
            let Some(text) = key.text() else {
                self.problem(key, format!("{} can't be a key", key.found()), "expected text");
                continue;
            };
            match first_of.entry(text) {
                Entry::Occupied(first) => {
                    let what = format!("`{}` is here twice", shortened(text));
                    let problem = Problem::new(key.at.clone(), what, "the second");
                    self.add(problem.related(first.get().at.clone(), "the first"));
                }
                Entry::Vacant(first) => {
                    first.insert(key);
                    kept.push((key, value));
                }
            }
        }
        Some(kept)
    }

    /// The fields of a record; unknown ones are problems.
    pub(crate) fn record<'n>(&mut self, node: &'n Node, record: &'static Record) -> Option<Members<'n>> {
        let whole = Shape::Record(record);
        if node.map().is_none() {
            return match record.short {
                Some(short) if !matches!(node.content, Content::Nothing) => {
                    Some(Members { whole: node.at.clone(), fields: vec![(short, node)] })
                }
                _ => self.mismatch(node, &whole),
            };
        }
        let mut members = Members { whole: node.at.clone(), fields: Vec::new() };
        for (key, value) in self.entries(node, &whole)? {
            let name = key.text().unwrap_or_default();
            match record.fields.iter().find(|field| field.name == name) {
                Some(field) => members.fields.push((field.name, value)),
                None => {
                    let all = record.fields.iter().map(|field| field.name);
                    let what = format!("no field `{}` here", shortened(name));
                    let advice = unquoted(node).or_else(|| nearest::advice(name, all));
                    self.add(Problem::new(key.at.clone(), what, "").advised(advice));
                }
            }
        }
        Some(members)
    }
}

/// The fields of a record that are written.
#[derive(Debug)]
pub(crate) struct Members<'n> {
    pub(crate) whole: Range<usize>,
    fields: Vec<(&'static str, &'n Node)>,
}

impl<'n> Members<'n> {
    /// What is written for a field.
    pub(crate) fn node(&self, name: &str) -> Option<&'n Node> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, node)| *node)
    }

    /// Reads a field: `None` if it is wrong, or isn't written although it has to be.
    pub(crate) fn field<T: Argument>(&self, name: &str, reader: &mut Reader<'_>) -> Option<T> {
        if let Some(node) = self.node(name) {
            return T::read(node, reader);
        }
        let absent = T::absent();
        if absent.is_none() {
            let what = format!("the field `{name}` is missing");
            reader.add(Problem::new(self.whole.clone(), what, format!("`{name}` is {}", T::shape())));
        }
        absent
    }
}

/// That a value isn't what it should be.
fn unfit(node: &Node) -> String {
    match &node.content {
        Content::Nothing => "a value is missing".to_owned(),
        Content::Scalar { text, .. } if text.is_empty() => "empty text does not fit here".to_owned(),
        Content::Scalar { text, .. } => format!("`{}` does not fit here", shortened(text)),
        Content::List(_) | Content::Map(_) => format!("{} does not fit here", node.found()),
    }
}

/// What to do about a value without its quotes: YAML takes `{tunnels.app}` for a map.
fn unquoted(node: &Node) -> Option<String> {
    let [(key, value)] = node.map()? else { return None };
    let looks_so = key.text()?.contains('.') && matches!(value.content, Content::Nothing);
    looks_so.then(|| "put text that holds `{…}` in quotes".to_owned())
}

/// Enough of a text to recognize it.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.len() < text.trim_end().len() => format!("{line}…"),
        None => line.to_owned(),
    }
}
