//! Takes values out of a configuration and remembers what is wrong.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use ground::Secret;

use super::nearest;
use super::node::{Content, Node};
use super::problem::Problem;

/// Reads one configuration. Whoever reads a wrong value says so here and goes on, so that a person sees every problem at
/// once.
#[derive(Debug, Default)]
pub(super) struct Reader {
    problems: Vec<Problem>,
}

/// A map that is being read. Asking it for a name makes that name one that it knows.
pub(super) struct Fields<'n> {
    node: &'n Node,
    entries: Vec<(&'n Node, &'n Node, bool)>,
    asked: Vec<&'static str>,
}

/// A value, and the name that it stands under.
#[derive(Clone, Copy)]
pub(super) struct Field<'n> {
    pub(super) name: &'static str,
    pub(super) node: &'n Node,
}

impl<'n> Fields<'n> {
    /// Where the map stands.
    pub(super) fn node(&self) -> &'n Node {
        self.node
    }

    /// The value under a name; none when there is nothing.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Field<'n>> {
        self.asked.push(name);
        let (_, node, taken) = self.entries.iter_mut().find(|(key, ..)| key.text() == Some(name))?;
        *taken = true;
        let is_there = !matches!(&node.content, Content::Nothing)
            && !matches!(&node.content, Content::Scalar { text, plain: true } if text == "null" || text == "~");
        is_there.then_some(Field { name, node })
    }
}

impl Reader {
    /// Everything that is wrong, from the beginning to the end.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.at.start);
        self.problems
    }

    pub(super) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Says that a value isn't what it should be; there is no value then.
    pub(super) fn misfit<T>(&mut self, field: Field<'_>, expected: &str) -> Option<T> {
        let what = format!("`{}` can't be {}", field.name, shown(field.node));
        self.add(Problem::new(field.node.at.clone(), what, format!("expected {expected}")));
        None
    }

    /// Says that an option has no meaning here, if it is there.
    pub(super) fn refuse(&mut self, fields: &mut Fields<'_>, name: &'static str, why: &str) {
        if let Some(field) = fields.take(name) {
            let what = format!("`{name}` has no meaning here");
            self.add(Problem::new(field.node.at.clone(), what, "").advised(Some(why.to_owned())));
        }
    }

    /// Begins to read a map.
    pub(super) fn fields<'n>(&mut self, field: Field<'n>) -> Option<Fields<'n>> {
        let Content::Map(entries) = &field.node.content else { return self.misfit(field, "a map") };
        let mut fields = Fields { node: field.node, entries: Vec::new(), asked: Vec::new() };
        for (key, value) in entries {
            match key.text() {
                None => self.add(Problem::new(key.at.clone(), "a name that is no text", "expected a name")),
                Some(name) if fields.entries.iter().any(|(key, ..)| key.text() == Some(name)) => {
                    let what = format!("`{name}` is there twice");
                    self.add(Problem::new(key.at.clone(), what, "the second time"));
                }
                Some(_) => fields.entries.push((key, value, false)),
            }
        }
        Some(fields)
    }

    /// Ends reading a map: what is left in it isn't known.
    pub(super) fn close(&mut self, fields: Fields<'_>, of: &str) {
        for (key, _, taken) in fields.entries {
            if !taken {
                let name = key.text().unwrap_or_default();
                let what = format!("{of} has no `{}`", shortened(name));
                let advice = nearest::advice(name, fields.asked.iter().copied());
                self.add(Problem::new(key.at.clone(), what, "").advised(advice));
            }
        }
    }

    /// The names and values of a map that may have any names.
    pub(super) fn entries<'n>(&mut self, field: Field<'n>) -> Vec<(&'n str, &'n Node)> {
        let Content::Map(entries) = &field.node.content else {
            self.misfit::<()>(field, "a map");
            return Vec::new();
        };
        entries.iter().filter_map(|(key, value)| Some((key.text()?, value))).collect()
    }

    /// The items of a list; of one value, that value.
    pub(super) fn items<'n>(&mut self, field: Field<'n>) -> Vec<Field<'n>> {
        match &field.node.content {
            Content::List(items) => items.iter().map(|node| Field { name: field.name, node }).collect(),
            _ => vec![field],
        }
    }

    pub(super) fn text(&mut self, field: Option<Field<'_>>) -> Option<String> {
        let field = field?;
        match field.node.text() {
            Some(text) => Some(text.to_owned()),
            None => self.misfit(field, "text"),
        }
    }

    pub(super) fn texts(&mut self, field: Option<Field<'_>>) -> Vec<String> {
        let Some(field) = field else { return Vec::new() };
        self.items(field).into_iter().filter_map(|item| self.text(Some(item))).collect()
    }

    pub(super) fn secret(&mut self, kind: &'static str, field: Option<Field<'_>>) -> Option<Secret> {
        let field = field?;
        match field.node.text() {
            Some(text) => Some(Secret::new(kind, text)),
            // What stands there may be the secret in another form: it isn't shown.
            None => {
                let what = format!("`{}` is {}", field.name, field.node.found());
                self.add(Problem::new(field.node.at.start..field.node.at.start, what, "expected text"));
                None
            }
        }
    }

    pub(super) fn flag(&mut self, field: Option<Field<'_>>) -> Option<bool> {
        let field = field?;
        match field.node.text() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => self.misfit(field, "true or false"),
        }
    }

    pub(super) fn number<T: FromStr>(&mut self, field: Option<Field<'_>>, expected: &str) -> Option<T> {
        let field = field?;
        match field.node.text().and_then(|text| text.parse().ok()) {
            Some(number) => Some(number),
            None => self.misfit(field, expected),
        }
    }

    /// A value that is parsed from text and says itself what is wrong with it.
    pub(super) fn parsed<T, E: ToString>(
        &mut self,
        field: Option<Field<'_>>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let field = field?;
        let Some(text) = field.node.text() else { return self.misfit(field, "text") };
        match parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                let what = format!("`{}` is not understood", field.name);
                self.add(Problem::new(field.node.at.clone(), what, error.to_string()));
                None
            }
        }
    }

    /// One of a few words.
    pub(super) fn word<T: FromStr>(&mut self, field: Option<Field<'_>>, words: &[&str]) -> Option<T> {
        let field = field?;
        let text = field.node.text().unwrap_or_default();
        match text.parse() {
            Ok(value) if words.contains(&text) => Some(value),
            _ => {
                let what = format!("`{}` can't be {}", field.name, shown(field.node));
                let label = format!("expected {}", listed(words));
                let problem = Problem::new(field.node.at.clone(), what, label);
                self.add(problem.advised(nearest::advice(text, words.iter().copied())));
                None
            }
        }
    }

    /// A duration as Go writes it: `1m30s`, `250ms`.
    pub(super) fn duration(&mut self, field: Option<Field<'_>>) -> Option<Duration> {
        let field = field?;
        match field.node.text().and_then(duration) {
            Some(duration) => Some(duration),
            None => self.misfit(field, "a duration such as 10s, 1m30s or 500ms"),
        }
    }

    /// Labels, as a map or as `key=value` texts.
    pub(super) fn labels(&mut self, field: Option<Field<'_>>) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        let Some(field) = field else { return labels };
        for item in self.items(field) {
            match item.node.text().and_then(|text| text.split_once('=')) {
                Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                    labels.insert(key.to_owned(), value.to_owned());
                }
                _ => {
                    self.misfit::<()>(item, "a label, key=value");
                }
            }
        }
        labels
    }
}

/// A value as an error shows it.
fn shown(node: &Node) -> String {
    match node.text() {
        Some(text) => format!("`{}`", shortened(text)),
        None => node.found().to_owned(),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn listed(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => words.concat(),
    }
}

fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_written_as_in_go() {
        assert_eq!(duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1.5h"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for wrong in ["", "10", "s", "10x", "1..s", "-1s", "10 s"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_duration_or_none(text in ".{0,20}") {
            let _ = duration(&text);
        }
    }
}
