//! How the problems of scenario files are shown.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use crate::vocabulary::Problem;

/// Everything that is wrong with the scenarios that were asked for. Nothing of them is run.
///
/// Its `Display` is what a person reads, without colours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    files: Vec<FileProblems>,
}

/// What is wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblems {
    /// The file, as it was found.
    pub file: PathBuf,
    /// What it holds; nothing if it can't be read.
    pub source: Arc<str>,
    /// What is wrong, from its beginning to its end.
    pub problems: Vec<Problem>,
}

impl FileProblems {
    /// A file (or a folder) that is wrong as a whole.
    pub(super) fn whole(file: &Path, what: impl Into<String>, advice: Option<&str>) -> Self {
        let problem = Problem::new(0..0, what, "").advised(advice.map(str::to_owned));
        Self { file: file.to_owned(), source: "".into(), problems: vec![problem] }
    }

    /// The line and the column of a place, both counted from 1, the column in characters.
    pub fn position(&self, at: &Range<usize>) -> (usize, usize) {
        let before = self.source.get(..at.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// How many problems of one file are shown; whoever has more mends these first.
const SHOWN: usize = 50;

impl Problems {
    pub(super) fn add(&mut self, file: FileProblems) {
        self.files.push(file);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The files with their problems.
    pub fn files(&self) -> &[FileProblems] {
        &self.files
    }

    /// What a person reads: each problem with its place and the words in question, and how many there are.
    pub fn render(&self, colours: bool) -> String {
        let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut shown = String::new();
        for file in &self.files {
            for problem in file.problems.iter().take(SHOWN) {
                shown.push_str(&render(file, problem, &renderer));
                shown.push_str("\n\n");
            }
            if let Some(more) = file.problems.len().checked_sub(SHOWN).filter(|more| *more > 0) {
                shown.push_str(&format!("…and {more} more in {}\n\n", file.file.display()));
            }
        }
        let count: usize = self.files.iter().map(|file| file.problems.len()).sum();
        let (problems, files) = (plural(count, "problem"), plural(self.files.len(), "file"));
        shown.push_str(&format!("{problems} in {files}; nothing was run"));
        shown
    }
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn render(file: &FileProblems, problem: &Problem, renderer: &Renderer) -> String {
    let title = Level::ERROR.primary_title(problem.what.as_str());
    let path = file.file.display().to_string();
    let group = if file.source.is_empty() {
        title.element(Origin::path(path))
    } else {
        let primary = AnnotationKind::Primary.span(within_a_line(&file.source, &problem.at));
        let label = Some(problem.label.as_str()).filter(|label| !label.is_empty());
        let mut snippet = Snippet::source(&*file.source).path(path).annotation(primary.label(label));
        if let Some((at, how)) = problem.related.as_deref() {
            let related = AnnotationKind::Context.span(within_a_line(&file.source, at));
            snippet = snippet.annotation(related.label(how.as_str()));
        }
        title.element(snippet)
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

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}
