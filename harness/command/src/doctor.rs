//! `gatewright doctor`: whether this machine has what a run needs.

use std::path::Path;

use gatewright::browser::{Engine, Installation, InstallationError, Program};

use crate::cli::Doctor;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print;

/// Shows what is here and what is missing, after installing it when that is asked for.
pub(crate) fn doctor(args: &Doctor) -> Result<Exit, Failure> {
    let Some(engine) = args.browser.browser.engine() else {
        print::line(format_args!(
            "Nothing is missing: --browser {} needs no browser.",
            args.browser.browser.name()
        ))?;
        return Ok(Exit::Passed);
    };
    if args.install {
        print::block(table(&install(engine)?))?;
        return Ok(Exit::Passed);
    }
    examine(engine, args.browser.browser_path.as_deref())
}

fn examine(engine: Engine, browser_path: Option<&Path>) -> Result<Exit, Failure> {
    match Installation::find(engine, browser_path) {
        Ok(found) => {
            print::block(table(&found))?;
            Ok(Exit::Passed)
        }
        Err(missing) => {
            print::block(table_of_what_is_missing(&missing))?;
            Err(Failure::lacking(missing))
        }
    }
}

fn install(engine: Engine) -> Result<Installation, Failure> {
    Installation::install(engine, &mut |line| print::aside(print::harmless(line))).map_err(Failure::lacking)
}

/// A browser that is here, or that was put here where it was missing and that is for us to do.
pub(crate) fn installed(engine: Engine, browser_path: Option<&Path>) -> Result<Installation, Failure> {
    match Installation::find(engine, browser_path) {
        Ok(found) => Ok(found),
        Err(InstallationError::Missing { .. }) if browser_path.is_none() => install(engine),
        Err(error) => Err(Failure::lacking(error)),
    }
}

fn table(found: &Installation) -> String {
    let program = |program: &Program| (program.path.display().to_string(), program.version.to_string());
    let certutil = (found.certutil.display().to_string(), String::new());
    let rows =
        [("browser", program(&found.browser)), ("driver", program(&found.driver)), ("certutil", certutil)];
    let widest = rows.iter().map(|(_, (path, _))| path.chars().count()).max().unwrap_or(0);
    let line = |(what, (path, version)): &(&str, (String, String))| {
        format!("{}\n", format!("  {what:<8}  {path:<widest$}  {version}").trim_end())
    };
    let rows: String = rows.iter().map(line).collect();
    format!("Everything that --browser {} needs is here:\n{rows}", found.engine.name())
}

/// Nothing where the error itself says all.
fn table_of_what_is_missing(error: &InstallationError) -> String {
    let InstallationError::Missing { lacking, .. } = error else { return String::new() };
    let has = |name: &str| if lacking.contains(&name) { "missing" } else { "here" };
    let browser = lacking.iter().any(|name| !["chromedriver", "certutil"].contains(name));
    let browser = if browser { "missing" } else { "here" };
    format!("  browser   {browser}\n  driver    {}\n  certutil  {}\n", has("chromedriver"), has("certutil"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_stands_beside_what_is_here() {
        let error = InstallationError::Missing {
            lacking: vec!["chromium-headless-shell", "certutil"],
            remedy: "Put it there".into(),
        };
        insta::assert_snapshot!(table_of_what_is_missing(&error), @r"
        browser   missing
        driver    here
        certutil  missing
        ");
    }
}
