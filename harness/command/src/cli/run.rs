//! What a run is asked.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gatewright::scenario::TagExpression;
use gatewright::suite::Kind;

use super::BrowserChoice;

/// Run scenario files or folders and leave a report
///
/// Exit status: 0 when every scenario passed, 1 when one failed, 2 when the usage or a file is wrong (nothing is run),
/// 3 when the machine lacks something (which is named with its remedy), 130 when the run was interrupted (what was done
/// is still reported; a second interrupt kills it).
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Scenario files, or folders of them
    #[arg(value_name = "PATH", default_value = "scenarios")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) browser: BrowserChoice,
    /// Show the browsers' windows (with --browser chromium, on a display)
    #[arg(long)]
    pub(crate) headed: bool,
    /// How many scenarios run at once [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: Option<u16>,
    /// Begin no other scenario when one has failed
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Run only scenarios whose tags are so, for instance "walkthrough and not slow"
    #[arg(long, value_name = "EXPR")]
    pub(crate) tag: Option<TagExpression>,
    /// Run only scenarios whose id or title contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// List what would run, and run nothing
    #[arg(long)]
    pub(crate) list: bool,
    /// Where the reports and their evidence go
    #[arg(long, value_name = "DIR", default_value = "target/gatewright")]
    pub(crate) out: PathBuf,
    /// Which reports to write
    #[arg(long, value_name = "KIND", value_delimiter = ',', default_value = "html,json,junit")]
    pub(crate) report: Vec<ReportKind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportKind {
    /// index.html: one file that opens offline
    Html,
    /// report.json: the versioned model
    Json,
    /// junit.xml: for CI systems
    Junit,
    /// summary.md: for a job's summary page
    Markdown,
}

impl From<ReportKind> for Kind {
    fn from(kind: ReportKind) -> Self {
        match kind {
            ReportKind::Html => Self::Html,
            ReportKind::Json => Self::Json,
            ReportKind::Junit => Self::Junit,
            ReportKind::Markdown => Self::Markdown,
        }
    }
}
