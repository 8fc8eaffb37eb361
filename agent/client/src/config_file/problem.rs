//! What is wrong with a configuration, where, and how that is shown.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

/// Something wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The offending words, in bytes of the file.
    pub at: Range<usize>,
    /// What is wrong, as a lower-case fragment.
    pub what: String,
    /// What stands beside the underlined words, if anything.
    pub label: String,
    /// What to do about it, if that is known.
    pub advice: Option<String>,
}

impl Problem {
    pub(super) fn new(at: Range<usize>, what: impl Into<String>, label: impl Into<String>) -> Self {
        Self { at, what: what.into(), label: label.into(), advice: None }
    }

    pub(super) fn advised(mut self, advice: Option<String>) -> Self {
        self.advice = advice;
        self
    }

    /// The problem where there is no file to point into.
    pub(super) fn in_words(&self) -> String {
        let parts = [self.label.clone(), self.advice.clone().unwrap_or_default()];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        std::iter::once(self.what.clone()).chain(parts).collect::<Vec<_>>().join("; ")
    }
}

/// Everything that is wrong with a configuration file. `Display` is what a person reads: each problem with its place and
/// the words in question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblems {
    pub(super) path: PathBuf,
    pub(super) source: String,
    pub(super) problems: Vec<Problem>,
}

impl FileProblems {
    /// A file that is wrong as a whole.
    pub(super) fn whole(path: &Path, what: impl Into<String>) -> Self {
        let problems = vec![Problem::new(0..0, what, "")];
        Self { path: path.to_owned(), source: String::new(), problems }
    }
}

impl fmt::Display for FileProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let renderer = Renderer::plain().decor_style(DecorStyle::Ascii);
        for (number, problem) in self.problems.iter().enumerate() {
            let gap = if number == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{}", render(self, problem, &renderer))?;
        }
        Ok(())
    }
}

impl std::error::Error for FileProblems {}

fn render(file: &FileProblems, problem: &Problem, renderer: &Renderer) -> String {
    let title = Level::ERROR.primary_title(problem.what.as_str());
    let path = file.path.display().to_string();
    let group = if file.source.is_empty() {
        title.element(Origin::path(path))
    } else if may_hold_a_secret(&file.source, &problem.at) {
        let (line, column) = position(&file.source, problem.at.start);
        let group = title.element(Origin::path(path).line(line).char_column(column));
        match problem.label.as_str() {
            "" => group,
            label => group.element(Level::NOTE.message(label)),
        }
    } else {
        let label = Some(problem.label.as_str()).filter(|label| !label.is_empty());
        let place = AnnotationKind::Primary.span(within_a_line(&file.source, &problem.at)).label(label);
        title.element(Snippet::source(&*file.source).path(path).annotation(place))
    };
    let group = match &problem.advice {
        Some(advice) => group.element(Level::HELP.message(advice.as_str())),
        None => group,
    };
    renderer.render(&[group])
}

/// A place without its lines after the first, since a map that goes on and on is no help underlined.
fn within_a_line(source: &str, at: &Range<usize>) -> Range<usize> {
    let text = source.get(at.clone()).unwrap_or_default();
    let first = text.lines().next().unwrap_or_default().trim_end();
    at.start..at.start + first.len()
}

/// What the names of secrets have in them.
const SECRETS: [&str; 6] = ["auth", "secret", "password", "key", "proxy_url", "token"];

/// Whether a line that would be shown has a secret in it.
fn may_hold_a_secret(source: &str, at: &Range<usize>) -> bool {
    let begin = source[..at.start].rfind('\n').map_or(0, |newline| newline + 1);
    let line = source[begin..].lines().next().unwrap_or_default();
    // A name alone gives nothing away; what follows it may. An item of a list may be anything.
    match line.split_once(':') {
        Some((name, value)) if SECRETS.iter().any(|secret| name.to_ascii_lowercase().contains(secret)) => {
            !value.trim().is_empty()
        }
        Some(_) => SECRETS.iter().any(|secret| line.to_ascii_lowercase().contains(secret)),
        None => line.trim_start().starts_with('-'),
    }
}

/// The line and the column of a place, both counted from 1, the column in characters.
fn position(source: &str, at: usize) -> (usize, usize) {
    let before = &source[..at];
    let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[begin..].chars().count() + 1)
}
