//! Renders a sample run in every format: `cargo run -p gatewright-reports --example sample -- FOLDER`.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::PathBuf;

use gatewright_reports::{har, html, json, junit, normalize, summary};

#[path = "../tests/renderings/sample/mod.rs"]
mod sample;

fn main() -> io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "target/sample-report".into()));
    fs::create_dir_all(&folder)?;
    let file = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
    let run = sample::run();
    html::write(&run, sample::image, file("index.html")?)?;
    json::write(&run, file("report.json")?)?;
    json::write(&normalize::normalized(&run), file("normalized.json")?)?;
    junit::write(&run, "target/sample-report", file("junit.xml")?)?;
    for scenario in &run.scenarios {
        har::write(&run, scenario, file(&format!("{}.har", scenario.id.replace('/', "-")))?)?;
    }
    fs::write(folder.join("summary.md"), summary::markdown(&run))?;
    fs::write(folder.join("summary.txt"), summary::table(&run))
}
