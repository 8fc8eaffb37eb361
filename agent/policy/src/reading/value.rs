//! Values and members of a policy as its readers ask for them; what can't be had says why and where.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::error::{PolicyError, code};
use crate::expression::{Expression, Template};
use crate::policy::Phase;

use super::nearest::advice;
use super::node::{Content, Entry, Node, place};

/// A value of a policy with the way to it.
#[derive(Clone)]
pub(crate) struct Value<'n> {
    source: &'n str,
    /// `None` where nothing is written.
    node: Option<&'n Node>,
    /// Where it would be.
    at: usize,
    path: String,
    room: Room,
}

/// What a value is a part of; it decides under which code a mistake is refused.
#[derive(Clone, Copy)]
enum Room {
    Policy,
    Config { action: &'static str, phase: Phase },
}

impl<'n> Value<'n> {
    pub(crate) fn root(source: &'n str, node: &'n Node) -> Self {
        Self { source, node: Some(node), at: node.at, path: String::new(), room: Room::Policy }
    }

    /// The same as the configuration of an action.
    pub(crate) fn config_of(mut self, action: &'static str, phase: Phase) -> Self {
        self.room = Room::Config { action, phase };
        self
    }

    /// A member of this value that is not written.
    pub(crate) fn without_content(&self, name: &str) -> Self {
        Value { node: None, path: format!("{}.{name}", self.path), ..self.clone() }
    }

    /// The phase in which this configuration stands.
    pub(crate) fn phase(&self) -> Phase {
        match self.room {
            Room::Policy => Phase::TcpConnect,
            Room::Config { phase, .. } => phase,
        }
    }

    /// That the value is not acceptable; `what` is a lower-case fragment without a full stop.
    pub(crate) fn error(&self, what: impl std::fmt::Display) -> PolicyError {
        let what = what.to_string();
        let stop = if what.ends_with('?') { "" } else { "." };
        let (code, head) = match self.room {
            Room::Policy => (code::INVALID, "The traffic policy provided is invalid".to_owned()),
            Room::Config { action, .. } => {
                let head = format!("Failed to parse the configuration for policy action type '{action}'");
                (code::CONFIG, head)
            }
        };
        self.refused(code, format!("{head}: {what}{stop}"))
    }

    /// That the value is refused for a reason that has a code of its own.
    pub(crate) fn refused(&self, code: u16, message: String) -> PolicyError {
        PolicyError { code, message, place: place(self.source, &self.path, self.at) }
    }

    /// Whether nothing is written here.
    pub(crate) fn is_nothing(&self) -> bool {
        self.content().is_none()
    }

    /// Whether a map is written here.
    pub(crate) fn is_map(&self) -> bool {
        matches!(self.content(), Some(Content::Map(_)))
    }

    fn content(&self) -> Option<&'n Content> {
        self.node.map(|node| &node.content).filter(|content| !matches!(content, Content::Nothing))
    }

    fn found(&self) -> String {
        match self.content() {
            Some(Content::Scalar { text, .. }) => format!("`{}`", shortened(text)),
            _ => self.node.map_or("nothing", Node::found).to_owned(),
        }
    }

    fn mismatch(&self, expected: &str) -> PolicyError {
        self.error(format!("{expected} was expected here, not {}", self.found()))
    }

    /// The members of a map; nothing has none.
    pub(crate) fn members(&self) -> Result<Members<'n>, PolicyError> {
        let entries = match self.content() {
            None => &[][..],
            Some(Content::Map(entries)) => entries,
            Some(_) => return Err(self.mismatch("a map")),
        };
        Ok(Members { whole: self.clone(), entries, known: Vec::new() })
    }

    /// All entries of a map whose keys are free.
    pub(crate) fn entries(
        &self,
        count: RangeInclusive<usize>,
    ) -> Result<Vec<(&'n str, Value<'n>)>, PolicyError> {
        let Some(Content::Map(entries)) = self.content() else { return Err(self.mismatch("a map")) };
        self.check_count(entries.len(), &count)?;
        Ok(entries.iter().map(|entry| (entry.name.as_str(), self.member(entry))).collect())
    }

    /// The items of a list.
    pub(crate) fn items(&self, count: RangeInclusive<usize>) -> Result<Vec<Value<'n>>, PolicyError> {
        let Some(Content::List(items)) = self.content() else { return Err(self.mismatch("a list")) };
        self.check_count(items.len(), &count)?;
        let item = |(index, node): (usize, &'n Node)| Value {
            node: Some(node),
            at: node.at,
            path: format!("{}[{index}]", self.path),
            ..self.clone()
        };
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// The items of a list, or the one thing that stands in its place.
    pub(crate) fn one_or_more(&self, most: usize) -> Result<Vec<Value<'n>>, PolicyError> {
        match self.content() {
            Some(Content::Map(_)) => Ok(vec![self.clone()]),
            _ => self.items(1..=most),
        }
    }

    fn check_count(&self, has: usize, may: &RangeInclusive<usize>) -> Result<(), PolicyError> {
        if may.contains(&has) {
            return Ok(());
        }
        Err(self.error(format!("there must be {} to {} of these, not {has}", may.start(), may.end())))
    }

    fn member(&self, entry: &'n Entry) -> Value<'n> {
        let dot = if self.path.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{}", self.path, entry.name);
        Value { node: Some(&entry.value), at: entry.value.at, path, ..self.clone() }
    }

    /// Text. Numbers and truth values are taken as they are written.
    pub(crate) fn text(&self) -> Result<&'n str, PolicyError> {
        match self.content() {
            Some(Content::Scalar { text, .. }) => Ok(text),
            _ => Err(self.mismatch("text")),
        }
    }

    /// Text in which nothing can be interpolated.
    pub(crate) fn literal(&self) -> Result<&'n str, PolicyError> {
        let text = self.text()?;
        if text.contains("${") {
            return Err(self.error("nothing is interpolated here; write the value itself"));
        }
        Ok(text)
    }

    /// Text in which `${…}` is interpolated.
    pub(crate) fn template(&self) -> Result<Template, PolicyError> {
        let text = self.text()?;
        Template::parse(text, self.phase()).map_err(|what| self.refused(code::TEMPLATE, what.to_string()))
    }

    /// An expression; `phase` is where it is evaluated.
    pub(crate) fn expression(&self, phase: Phase) -> Result<Expression, PolicyError> {
        let text = self.text()?;
        Expression::parse(text, phase)
            .map_err(|what| self.refused(code::INVALID, format!("Invalid policy expression. {what}")))
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self) -> Result<bool, PolicyError> {
        match self.content() {
            Some(Content::Scalar { text, plain: true }) if text == "true" => Ok(true),
            Some(Content::Scalar { text, plain: true }) if text == "false" => Ok(false),
            _ => Err(self.mismatch("true or false")),
        }
    }

    /// A number in a range.
    pub(crate) fn number<T>(&self, range: RangeInclusive<T>) -> Result<T, PolicyError>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        let expected = || format!("a number from {} to {}", range.start(), range.end());
        let Some(Content::Scalar { text, plain: true }) = self.content() else {
            return Err(self.mismatch(&expected()));
        };
        match text.parse::<T>() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(self.mismatch(&expected())),
        }
    }

    /// A duration as Go writes it: `90s`, `1h30m`.
    pub(crate) fn duration(&self, range: RangeInclusive<Duration>) -> Result<Duration, PolicyError> {
        let expected = || {
            format!("a duration from {}s to {}s, as `90s`", range.start().as_secs(), range.end().as_secs())
        };
        match self.text().ok().and_then(duration) {
            Some(duration) if range.contains(&duration) => Ok(duration),
            _ => Err(self.mismatch(&expected())),
        }
    }

    /// One of some words.
    pub(crate) fn one_of<T: Copy>(&self, what: &str, words: &[(&'static str, T)]) -> Result<T, PolicyError> {
        let word = self.literal()?;
        if let Some((_, meant)) = words.iter().find(|(known, _)| *known == word) {
            return Ok(*meant);
        }
        let advice = advice(word, words.iter().map(|(known, _)| *known));
        Err(self.error(format!("there is no {what} `{}`; {advice}", shortened(word))))
    }
}

/// The members of a map. Every member must be asked for, and what is left at the end is refused.
pub(crate) struct Members<'n> {
    whole: Value<'n>,
    entries: &'n [Entry],
    known: Vec<&'static str>,
}

impl<'n> Members<'n> {
    /// A member, if it is written and not null.
    pub(crate) fn optional(&mut self, name: &'static str) -> Option<Value<'n>> {
        self.known.push(name);
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        Some(self.whole.member(entry)).filter(|value| !value.is_nothing())
    }

    /// A member under one of its names, the current one first; it may have but one of them.
    pub(crate) fn spelt(&mut self, names: &[&'static str]) -> Result<Option<Value<'n>>, PolicyError> {
        let written: Vec<_> = names.iter().filter_map(|name| self.optional(name)).collect();
        match written.as_slice() {
            [_, second, ..] => Err(second.error(format!("this is another name of `{}`", names[0]))),
            [] | [_] => Ok(written.into_iter().next()),
        }
    }

    /// A member that has to be there.
    pub(crate) fn required(&mut self, name: &'static str) -> Result<Value<'n>, PolicyError> {
        self.optional(name).ok_or_else(|| self.whole.error(format!("the member `{name}` is missing")))
    }

    /// Refuses what was not asked for.
    pub(crate) fn finish(self) -> Result<(), PolicyError> {
        let unknown = |entry: &&Entry| !self.known.contains(&entry.name.as_str());
        let Some(entry) = self.entries.iter().find(unknown) else { return Ok(()) };
        let advice = advice(&entry.name, self.known.iter().copied());
        let name = Value { at: entry.at, ..self.whole.member(entry) };
        Err(name.error(format!("there is no member `{}` here; {advice}", shortened(&entry.name))))
    }
}

/// Enough of a text to recognize it.
pub(crate) fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// A duration as Go's `time.ParseDuration` reads it, without a sign.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut whole = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|end| *end > 0)?;
        let unit_end =
            rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        let amount: f64 = rest[..digits].parse().ok()?;
        let unit = match &rest[digits..unit_end] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        whole = whole.checked_add(Duration::try_from_secs_f64(amount * unit).ok()?)?;
        rest = &rest[unit_end..];
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        for (text, seconds) in [("90s", 90.0), ("1h30m", 5400.0), ("1.5s", 1.5), ("250ms", 0.25)] {
            assert_eq!(duration(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "90", "s", "1d", "-1s", "1s ago", "..s", "99999999999999999999999h"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
