//! Steps as a scenario file has them, both ways: `alice opens: "{tunnels.app}"`.

use std::fmt;
use std::ops::Range;

use serde_json::Value;

use super::names::{Kind, NO_PERSON};
use super::nearest;
use super::reading::{Content, Node, Problem, Reader};
use super::steps::{Step, VOCABULARY};
use super::table::{StepEntry, Subject};

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_data() {
            Value::Object(entry) => {
                entry.iter().try_for_each(|(words, argument)| write!(f, "{words}: {}", Flow(argument)))
            }
            words => f.write_str(words.as_str().unwrap_or_default()),
        }
    }
}

impl Step {
    /// The step as one item of a file's `steps`.
    pub(crate) fn as_data(&self) -> Value {
        let told = self.told();
        let words = format!("{} {}", told.subject, told.method.replace('_', " "));
        match told.argument {
            Some(argument) => Value::Object([(words, argument)].into_iter().collect()),
            None => Value::from(words),
        }
    }
}

/// Data as YAML on one line.
pub(crate) struct Flow<'a>(pub(crate) &'a Value);

impl fmt::Display for Flow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("{}"),
            Value::String(text) => write_text(text, f),
            Value::Array(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{}", Flow(item))?;
                }
                f.write_str("]")
            }
            Value::Object(members) => {
                f.write_str("{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    f.write_str(if index == 0 { " " } else { ", " })?;
                    write_text(key, f)?;
                    write!(f, ": {}", Flow(value))?;
                }
                f.write_str(if members.is_empty() { "}" } else { " }" })
            }
            other => write!(f, "{other}"),
        }
    }
}

/// Text without quotes where it can't be taken for anything else.
fn write_text(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let safe = |c: char| c.is_ascii_alphanumeric() || " -_./+@".contains(c);
    let is_word = text.starts_with(|c: char| c.is_ascii_alphanumeric() || "/_".contains(c))
        && !text.ends_with(' ')
        && text.chars().all(safe)
        && !super::values::is_bare(text);
    if is_word { f.write_str(text) } else { write_quoted(text, f) }
}

/// Text in double quotes; whatever is not printable is escaped as YAML has it.
fn write_quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}"),
            '\n' => f.write_str("\\n"),
            '\t' => f.write_str("\\t"),
            ' '..='~' | '\u{a0}'..='\u{d7ff}' if c != '\u{2028}' && c != '\u{2029}' => write!(f, "{c}"),
            _ => write!(f, "\\U{:08x}", u32::from(c)),
        }?;
    }
    f.write_str("\"")
}

/// Reads one item of a scenario's `steps`: a plain text, or a map with one entry.
pub(crate) fn read_step(node: &Node, reader: &mut Reader<'_>) -> Option<Step> {
    let (words, argument) = match &node.content {
        Content::Scalar { .. } => (node, None),
        Content::Map(entries) => match entries.as_slice() {
            [(words, argument)] if words.text().is_some() => (words, Some(argument)),
            [(first, _), (second, _), ..] => {
                let problem =
                    Problem::new(second.at.clone(), "two steps in one item", "begin each step with a dash");
                reader.add(problem.related(first.at.clone(), "the step so far"));
                return None;
            }
            _ => return not_a_step(node, reader),
        },
        _ => return not_a_step(node, reader),
    };
    let (subject, name, said) = find_subject(words, reader)?;
    let (entry, argument) = find_step(subject, words, said, argument, reader)?;
    let written = words.text().unwrap_or_default();
    let introduces = subject.written == "agent NAME" && entry.method == "starts";
    if let Some((kind, at)) = name.clone() {
        let place = reader.inside(words, at.clone());
        let name = &written[at];
        if introduces && reader.names.knows(kind, name) {
            let problem = Problem::new(place, format!("there is an agent `{name}` already"), "");
            reader.add(problem.advised(Some("write `starts again`, or another name".to_owned())));
            return None;
        } else if introduces {
            reader.declare(kind, name, place)?;
        } else if !reader.check_name(kind, name, place) {
            // The argument's own problems are worth seeing too.
            if let Some(argument) = argument {
                Step::read(subject.written, name, entry.method, Some(argument), reader);
            }
            return None;
        }
    }
    let name = name.map_or("", |(_, at)| &written[at]);
    Step::read(subject.written, name, entry.method, argument, reader)
}

fn not_a_step(node: &Node, reader: &mut Reader<'_>) -> Option<Step> {
    reader.problem(
        node,
        format!("{} is not a step", node.found()),
        "expected `WHO does what` or `WHO does what: …`",
    );
    None
}

/// The subject's name in the text of a step: of which kind it is, and where.
type NameAt = Option<(Kind, Range<usize>)>;

/// Who a step is about, and where the rest of its words begins.
fn find_subject(words: &Node, reader: &mut Reader<'_>) -> Option<(&'static Subject, NameAt, usize)> {
    let text = words.text().unwrap_or_default();
    let mut spans = word_spans(text);
    let Some(first) = spans.next() else {
        reader.problem(words, "a step without words", "expected `WHO does what`");
        return None;
    };
    let who = &text[first.clone()];
    let subject_of = |written: &str| VOCABULARY.iter().find(|subject| subject.written == written);
    if let Some(subject) = subject_of(who) {
        return Some((subject, None, first.end));
    }
    let prefixed = [("upstream", Kind::Upstream), ("agent", Kind::Agent)];
    if let Some((word, kind)) = prefixed.into_iter().find(|(word, _)| *word == who) {
        let subject = subject_of(&format!("{word} NAME"))?;
        let Some(name) = spans.next() else {
            let what = format!("`{word}` without the name of {}", kind.one());
            reader.add(Problem::new(reader.inside(words, first), what, ""));
            return None;
        };
        return Some((subject, Some((kind, name.clone())), name.end));
    }
    let place = reader.inside(words, first.clone());
    if !reader.names.knows(Kind::Person, who) {
        unknown_subject(who, place, reader);
        return None;
    }
    Some((subject_of("NAME")?, Some((Kind::Person, first.clone())), first.end))
}

fn unknown_subject(who: &str, at: Range<usize>, reader: &mut Reader<'_>) {
    let known: Vec<_> = reader.names.of(Kind::Person).chain(NO_PERSON).collect();
    let advice = match nearest::nearest(who, known.iter().copied()).as_slice() {
        [] => {
            let known = nearest::listed(&known, |one| format!("`{one}`"));
            format!("a step begins with {known}; people come from {}", Kind::Person.declared_in())
        }
        near => format!("did you mean {}?", nearest::listed(near, |near| format!("`{near}`"))),
    };
    let what = format!("no person named `{who}`");
    reader.add(Problem::new(at, what, "").advised(Some(advice)));
}

/// What the subject does; whether it has to be told something and is.
fn find_step<'n>(
    subject: &'static Subject,
    words: &Node,
    said: usize,
    argument: Option<&'n Node>,
    reader: &mut Reader<'_>,
) -> Option<(&'static StepEntry, Option<&'n Node>)> {
    let text = words.text().unwrap_or_default();
    let spans: Vec<_> = word_spans(text).filter(|span| span.start >= said).collect();
    let method = spans.iter().map(|span| &text[span.clone()]).collect::<Vec<_>>().join("_");
    let place = match (spans.first(), spans.last()) {
        (Some(first), Some(last)) => reader.inside(words, first.start..last.end),
        _ => words.at.clone(),
    };
    let Some(entry) = subject.steps.iter().find(|entry| entry.method == method) else {
        unknown_step(subject, &method.replace('_', " "), place, reader);
        return None;
    };
    match (entry.argument, argument) {
        (Some(shape), None) => {
            let what = format!("`{}` has to be told something", entry.phrase());
            let advice = format!("write `{}`", entry.example);
            let problem = Problem::new(place, what, format!("expected `:` and {}", shape()));
            reader.add(problem.advised(Some(advice)));
            None
        }
        (None, Some(argument)) if !matches!(argument.content, Content::Nothing) => {
            let what = format!("`{}` is not told anything", entry.phrase());
            let near: Vec<_> = subject.steps.iter().filter(|other| begins_with(other, entry)).collect();
            let advice = near.first().map(|other| format!("did you mean `{}`?", other.phrase()));
            reader.add(Problem::new(argument.at.clone(), what, "nothing stands here").advised(advice));
            None
        }
        (None, _) => Some((entry, None)),
        (Some(_), argument) => Some((entry, argument)),
    }
}

fn begins_with(other: &StepEntry, entry: &StepEntry) -> bool {
    other.argument.is_some() && other.method.starts_with(entry.method)
}

fn unknown_step(subject: &Subject, phrase: &str, at: Range<usize>, reader: &mut Reader<'_>) {
    let phrases: Vec<_> = subject.steps.iter().map(StepEntry::phrase).collect();
    let what = match phrase {
        "" => "a step that does nothing".to_owned(),
        phrase => format!("no step `{phrase}`"),
    };
    let begun = subject.steps.iter().filter(|step| step.argument.is_some()).map(StepEntry::phrase);
    let begun = begun.filter(|begun| phrase.strip_prefix(begun).is_some_and(|rest| rest.starts_with(' ')));
    let near = nearest::nearest(phrase, phrases.iter().map(String::as_str));
    let advice = if !near.is_empty() {
        format!("did you mean {}?", nearest::listed(&near, |near| format!("`{near}`")))
    } else if let Some(begun) = begun.max_by_key(String::len) {
        format!("put a colon after `{begun}`, and then what it is told")
    } else {
        let who = subject.written.replace("NAME", "…");
        format!("`{who}` can: {}", phrases.join(", "))
    };
    reader.add(Problem::new(at, what, "").advised(Some(advice)));
}

/// Where the words of a text stand.
fn word_spans(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.split_whitespace().map(move |word| {
        // A word is a part of the text that it was split from.
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        start..start + word.len()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::reading::parse;
    use crate::vocabulary::{PersonName, PersonStep, Sight, Template};
    use proptest::prelude::*;

    /// A reader in whose scenario everything has the names of the examples.
    fn reader(source: &str) -> Reader<'_> {
        let mut reader = Reader::new(source);
        let names = [
            (Kind::Person, "alice mallory ada"),
            (Kind::User, "alice"),
            (Kind::Group, "engineering"),
            (Kind::App, "ngrok"),
            (Kind::Account, "ada"),
            (Kind::Upstream, "app"),
            (Kind::Tunnel, "app"),
            (Kind::Agent, "app"),
            (Kind::Copied, "command"),
        ];
        for (kind, names) in names {
            names.split(' ').for_each(|name| reader.names.declare(kind, name));
        }
        reader
    }

    fn read(source: &str) -> Result<Step, String> {
        let node = parse(source).map_err(|problem| problem.what)?;
        let mut reader = reader(source);
        if !source.contains("laptop starts") {
            reader.names.declare(Kind::Agent, "laptop");
        }
        let step = read_step(&node, &mut reader);
        let problems = reader.into_problems();
        match step {
            Some(step) if problems.is_empty() => Ok(step),
            _ => Err(problems.into_iter().map(|problem| problem.what).collect::<Vec<_>>().join("; ")),
        }
    }

    #[test]
    fn every_example_reads_and_writes_the_same_step() {
        for entry in VOCABULARY.iter().flat_map(|subject| subject.steps) {
            let step = read(entry.example).unwrap_or_else(|problem| panic!("{}: {problem}", entry.example));
            assert_eq!(step.told().method, entry.method, "{}", entry.example);
            assert_eq!(read(&step.to_string()), Ok(step.clone()), "{step}");
        }
    }

    #[test]
    fn a_step_is_written_as_a_person_would() {
        let sight = Sight::new().url("{tunnels.app}/a").text("Hello, world").text("yes").text("404");
        let step = Step::Person(PersonName::from("alice"), PersonStep::Sees(sight));
        insta::assert_snapshot!(step, @r#"alice sees: { url: "{tunnels.app}/a", text: ["Hello, world", yes, "404"] }"#);
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![".{0,30}", "[ \\-#:,{}\\[\\]&*!|>'\"%@`0-9a-z\\n\\t]{0,12}", any::<String>()]
    }

    proptest! {
        #[test]
        fn any_text_survives_writing_and_reading(text in texts()) {
            let sight = Sight::new().text(Template::literal(&text)).title("t");
            let step = Step::Person(PersonName::from("alice"), PersonStep::Sees(sight));
            prop_assert_eq!(read(&step.to_string()), Ok(step.clone()), "{}", step);
        }

        #[test]
        fn no_text_makes_it_panic(source in texts()) {
            let _ = read(&source);
        }

        #[test]
        fn nor_does_an_example_with_a_wrong_character(
            which in any::<prop::sample::Index>(),
            at in any::<prop::sample::Index>(),
            wrong in any::<char>(),
        ) {
            let entries: Vec<_> = VOCABULARY.iter().flat_map(|subject| subject.steps).collect();
            let mut source: Vec<char> = entries[which.index(entries.len())].example.chars().collect();
            let at = at.index(source.len());
            source[at] = wrong;
            let _ = read(&source.into_iter().collect::<String>());
        }
    }
}
