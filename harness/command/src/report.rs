//! `gatewright report`: a run's report, read again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gatewright::parts::reports::{self, Run};

use crate::cli::{Report, ReportAt};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print;

/// Shows or opens a report.
pub(crate) fn report(action: &Report) -> Result<Exit, Failure> {
    match action {
        Report::Show(at) => show(at),
        Report::Open(at) => open(at),
    }
}

fn show(at: &ReportAt) -> Result<Exit, Failure> {
    let run = read(&at.dir)?;
    print::block(reports::summary::table(&run))?;
    if let Some(page) = page(&at.dir) {
        print::line(format_args!("Report: {}", page.display()))?;
    }
    Ok(Exit::Passed)
}

fn open(at: &ReportAt) -> Result<Exit, Failure> {
    let page = page(&at.dir).ok_or_else(|| none(&at.dir, "index.html"))?;
    let opened = opener().is_some_and(|mut opener| opener.arg(&page).spawn().is_ok());
    let what = if opened { "Opening" } else { "No browser can be opened from here. Open" };
    print::line(format_args!("{what} {}", page.display()))?;
    Ok(Exit::Passed)
}

fn read(dir: &Path) -> Result<Run, Failure> {
    let file = if dir.is_file() { dir.to_owned() } else { dir.join("report.json") };
    let text = match std::fs::read(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(none(dir, "report.json")),
        Err(error) => return Err(Failure::usage(format_args!("{} can't be read: {error}", file.display()))),
    };
    reports::json::read(&text).map_err(|error| Failure::usage(format_args!("{}: {error}", file.display())))
}

fn none(dir: &Path, file: &str) -> Failure {
    Failure::usage(format_args!(
        "there is no {file} in {}: `gatewright run --out DIR` leaves one in DIR, which is target/gatewright unless \
         another is said",
        dir.display()
    ))
}

/// The page of a report, as an absolute path.
fn page(dir: &Path) -> Option<PathBuf> {
    let page = dir.join("index.html");
    page.is_file().then(|| std::path::absolute(&page).unwrap_or(page))
}

/// What opens a file in the user's browser; none where there is no desktop.
fn opener() -> Option<Command> {
    let desktop = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    let program = match std::env::consts::OS {
        "macos" => "open",
        _ if desktop => "xdg-open",
        _ => return None,
    };
    let mut opener = Command::new(program);
    opener.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Some(opener)
}
