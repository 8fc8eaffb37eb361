//! Writing a report's files.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Report;

/// A kind of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `index.html`: one file that opens offline.
    Html,
    /// `report.json`: the versioned model.
    Json,
    /// `junit.xml`.
    Junit,
    /// `summary.md`: for a job's summary page.
    Markdown,
}

impl Kind {
    /// The name of its file.
    pub fn file(self) -> &'static str {
        match self {
            Self::Html => "index.html",
            Self::Json => "report.json",
            Self::Junit => "junit.xml",
            Self::Markdown => "summary.md",
        }
    }
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the report could not be written to {}: {source}", path.display())]
pub struct WriteError {
    /// Where.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl Report {
    /// Writes the report into a folder: a file for each kind, and a folder for each scenario with its screenshots and its
    /// exchanges as HAR. Gives the paths of the reports, in the order of `kinds`.
    pub fn write(&mut self, folder: &Path, kinds: &[Kind]) -> Result<Vec<PathBuf>, WriteError> {
        for (path, png) in &self.pictures {
            put(&folder.join(path), |out| out.write_all(png))?;
        }
        for index in 0..self.run.scenarios.len() {
            let (har, events) = {
                let id = &self.run.scenarios[index].id;
                (format!("{id}/exchanges.har"), format!("{id}/events.jsonl"))
            };
            let scenario = &self.run.scenarios[index];
            if scenario.exchanges.is_empty() && scenario.logs.is_empty() {
                continue;
            }
            put(&folder.join(&har), |out| reports::har::write(&self.run, scenario, out))?;
            put(&folder.join(&events), |out| {
                scenario.logs.iter().try_for_each(|entry| {
                    serde_json::to_writer(&mut *out, entry)?;
                    out.write_all(b"\n")
                })
            })?;
            self.run.scenarios[index].files = vec![har, events];
        }
        kinds.iter().map(|kind| self.write_kind(folder, *kind)).collect()
    }

    fn write_kind(&self, folder: &Path, kind: Kind) -> Result<PathBuf, WriteError> {
        let path = folder.join(kind.file());
        put(&path, |out| match kind {
            Kind::Html => reports::html::write(&self.run, |path| self.pictures.get(path).cloned(), out),
            Kind::Json => reports::json::write(&self.run, out),
            Kind::Junit => reports::junit::write(&self.run, &folder.display().to_string(), out),
            Kind::Markdown => out.write_all(reports::summary::markdown(&self.run).as_bytes()),
        })?;
        Ok(path)
    }
}

fn put(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), WriteError> {
    let failed = |source| WriteError { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut out = BufWriter::new(File::create(path).map_err(failed)?);
    write(&mut out).and_then(|()| out.flush()).map_err(failed)
}
