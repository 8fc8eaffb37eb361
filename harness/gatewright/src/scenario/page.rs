//! The reference page of scenario files, in Markdown, from the same data that reads them.

use std::fmt::Write;

use super::content::Scenario;
use crate::vocabulary::reference::ROOTS;
use crate::vocabulary::shape::{Choice, Record, Shape, Word, named_shapes, on_one_line};
use crate::vocabulary::{StepEntry, Subject, VOCABULARY};

const HEAD: &str = "\
# Scenario files

A scenario is a YAML file below `scenarios/`, whose name ends in `.yaml`. Its path is its id. Anchors, aliases, tags and
further documents are not used. Where a list is allowed, one value alone will do.
";

const VALUES: &str = "\
## Values

Text may hold values in braces, which are filled in when the stage is set: `{tunnels.app}/reports`. A brace itself is
doubled. Where text is compared as a whole, `*` in it stands for anything, and `**` for an asterisk.

| Value | Meaning |
|---|---|
";

/// The reference page: every field, every step with its example, and every value, in Markdown.
pub fn reference_page() -> String {
    let mut page = Page(HEAD.to_owned());
    page.text("\n## The file\n\n");
    page.fields(Scenario::RECORD);
    page.text("\n## Steps\n\nA step says who does what, and what it is told after a colon.\n");
    VOCABULARY.iter().for_each(|subject| page.subject(subject));
    page.text("\n");
    page.text(VALUES);
    page.values();
    page.text("\n## Maps and words\n");
    named_shapes(Scenario::RECORD).iter().for_each(|shape| page.named(shape));
    page.0
}

struct Page(String);

impl Page {
    fn text(&mut self, text: &str) {
        self.0.push_str(text);
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn subject(&mut self, subject: &Subject) {
        self.line(format_args!("\n### `{} …`\n\n{}", subject.written, joined(subject.doc)));
        subject.steps.iter().for_each(|step| self.step(step));
    }

    fn step(&mut self, step: &StepEntry) {
        let told = match step.argument.map(|shape| shape()) {
            // A few words are named here; what they mean is seen from the step.
            Some(words @ Shape::Words(_)) => format!(": {words}"),
            Some(shape) => format!(": {}", shown(&shape)),
            None => String::new(),
        };
        self.line(format_args!("\n**{}**{told}  \n{}", step.phrase(), joined(step.doc)));
        self.line(format_args!("```yaml\n- {}\n```", step.example));
    }

    fn fields(&mut self, record: &Record) {
        self.text("| Field | Holds | Meaning |\n|---|---|---|\n");
        for field in record.fields {
            let required = if field.required { " (required)" } else { "" };
            let (holds, doc) = (shown(&(field.shape)()), joined(field.doc));
            self.line(format_args!("| `{}`{required} | {holds} | {doc} |", field.name));
        }
    }

    fn named(&mut self, shape: &Shape) {
        match shape {
            Shape::Record(record) => {
                self.line(format_args!("\n### {}\n\n{}", record.name, joined(record.doc)));
                if let Some(short) = record.short {
                    self.line(format_args!("\nA plain value means `{short}`."));
                }
                self.text("\n");
                self.fields(record);
            }
            Shape::Choice(choice) => self.choice(choice),
            _ => {}
        }
    }

    fn choice(&mut self, choice: &Choice) {
        self.line(format_args!("\n### {}\n\n{} It is one of:\n", choice.name, joined(choice.doc)));
        for (field, record) in choice.forms {
            self.line(format_args!("- with `{field}`: {}", link(record.name)));
        }
    }

    fn values(&mut self) {
        for root in ROOTS {
            let name = if root.named.is_some() { "NAME" } else { "" };
            for part in root.parts {
                let form = root.form(name, part.word);
                self.line(format_args!("| `{{{form}}}` | {} {} |", joined(root.doc), joined(part.doc)));
            }
        }
    }
}

/// A doc comment as one line, which may stand in a table.
fn joined(doc: &str) -> String {
    on_one_line(doc).replace('|', "\\|")
}

fn link(name: &str) -> String {
    format!("[{name}](#{})", name.to_lowercase())
}

/// What a value looks like, with links to what is described elsewhere.
fn shown(shape: &Shape) -> String {
    match shape {
        Shape::Record(record) => link(record.name),
        Shape::Choice(choice) => link(choice.name),
        Shape::OneOrMore(item) => match item.as_ref() {
            words @ Shape::Words(_) => format!("one or more of<br>{}", shown(words)),
            item => format!("{}, or a list", shown(item)),
        },
        Shape::Entries { key, value } => format!("a map from {key} to {}", shown(value)),
        Shape::Words(words) => words.iter().map(word).collect::<Vec<_>>().join("<br>"),
        Shape::Known { what, words } => {
            let words: Vec<_> = words().into_iter().map(|word| format!("`{word}`")).collect();
            format!("{what}: {}", words.join(", "))
        }
        other => other.to_string(),
    }
}

fn word(word: &Word) -> String {
    format!("`{}`: {}", word.word, joined(word.doc))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_is_as_it_is_reviewed() {
        insta::assert_snapshot!(super::reference_page());
    }
}
