//! `report.json`: the [model](crate::model), with the format's name and version, and the counts of outcomes.
//!
//! ```json
//! { "format": "gatewright-report", "version": 1, "counts": { … }, "tool_version": "0.1.0", "started": …, "scenarios": [ … ] }
//! ```
//!
//! A version may gain members, which readers of the same version pass over; whatever else changes makes a new version.

use std::io;

use serde::{Deserialize, Serialize};

use crate::model::{Counts, Run};

/// What the member `format` says.
pub const FORMAT: &str = "gatewright-report";

/// The version that is written, and the only one that is read.
pub const VERSION: u64 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u64,
    counts: Counts,
    #[serde(flatten)]
    run: &'a Run,
}

/// Writes a run, indented, with a line feed at the end.
pub fn write(run: &Run, mut out: impl io::Write) -> io::Result<()> {
    let document = Document { format: FORMAT, version: VERSION, counts: run.counts(), run };
    serde_json::to_writer_pretty(&mut out, &document)?;
    out.write_all(b"\n")
}

/// Why a file could not be read as a report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The text is no JSON.
    #[error("not JSON: {0}")]
    Syntax(serde_json::Error),
    /// It is JSON, but not a report.
    #[error(
        "not a Gatewright report: its member `format` is not \"{FORMAT}\"; open the report.json that a run left"
    )]
    NotAReport,
    /// It was written by a newer Gatewright.
    #[error(
        "written as version {found} of the report by {}, and this Gatewright ({}) reads version {VERSION}: \
         read it with that Gatewright or a newer one, or run the scenarios again with this one",
        written_by(.tool_version.as_deref()), env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// The version that it says.
        found: u64,
        /// The Gatewright that it says it was written by.
        tool_version: Option<String>,
    },
    /// Its version is none that ever was.
    #[error("its member `version` is {found}, which no Gatewright writes; this one reads version {VERSION}")]
    UnknownVersion {
        /// What stands there.
        found: String,
    },
    /// It says that it is a report of a known version, but isn't shaped as one.
    #[error("says that it is a report of version {VERSION}, but isn't shaped as one: {0}")]
    Shape(serde_json::Error),
}

fn written_by(tool_version: Option<&str>) -> String {
    match tool_version {
        Some(version) => format!("Gatewright {version}"),
        None => "a newer Gatewright".to_owned(),
    }
}

/// Reads a run. The counts that stand in the file are passed over: they follow from the scenarios.
pub fn read(text: &[u8]) -> Result<Run, ReadError> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default)]
        format: serde_json::Value,
        #[serde(default)]
        version: serde_json::Value,
        #[serde(default)]
        tool_version: serde_json::Value,
    }
    let head: Head = serde_json::from_slice(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => ReadError::NotAReport,
        _ => ReadError::Syntax(error),
    })?;
    if head.format != FORMAT {
        return Err(ReadError::NotAReport);
    }
    match head.version.as_u64() {
        Some(VERSION) => serde_json::from_slice(text).map_err(ReadError::Shape),
        Some(found) if found > VERSION => {
            Err(ReadError::Newer { found, tool_version: head.tool_version.as_str().map(str::to_owned) })
        }
        _ => Err(ReadError::UnknownVersion { found: head.version.to_string() }),
    }
}
