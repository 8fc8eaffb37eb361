//! `gatewright run`: scenario files are read, all of them, then run side by side, then reported.

mod machine;
mod progress;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use gatewright::parts::reports;
use gatewright::runner::{Options, Summary};
use gatewright::scenario::{self, Plan, Selection};
use gatewright::suite::{Finished, Kind, Suite};
use tokio_util::sync::CancellationToken;

use self::machine::Machine;
use self::progress::Progress;
use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;
use crate::{print, wait_for};

/// Runs what was asked for.
pub(crate) fn run(args: &cli::Run) -> Result<Exit, Failure> {
    let plans = plans(args)?;
    if args.list {
        print::block(list(&plans))?;
        return Ok(Exit::Passed);
    }
    std::fs::create_dir_all(&args.out).map_err(|error| {
        Failure::usage(format_args!("no report can be written to {}: {error}", args.out.display()))
    })?;
    let machine = Machine::ready(args)?;
    wait_for(perform(args, plans, &machine))
}

/// The scenarios that are to be run.
fn plans(args: &cli::Run) -> Result<Vec<Plan>, Failure> {
    let all = scenario::load(&args.paths)
        .map_err(|problems| Failure { exit: Exit::Usage, words: problems.render(true) })?;
    let (count, selection) = (all.len(), Selection { tags: args.tag.clone(), text: args.filter.clone() });
    let selected: Vec<_> = all.into_iter().filter(|plan| selection.includes(plan)).collect();
    if selected.is_empty() {
        return Err(Failure::usage(format_args!(
            "no scenario is selected: there are {count}, which --list lists without --tag and --filter"
        )));
    }
    Ok(selected)
}

/// A line a scenario: its id and its title.
fn list(plans: &[Plan]) -> String {
    let widest = plans.iter().map(|plan| plan.id.as_str().chars().count()).max().unwrap_or(0);
    plans.iter().map(|plan| format!("{:<widest$}  {}\n", plan.id.as_str(), plan.title)).collect()
}

async fn perform(args: &cli::Run, plans: Vec<Plan>, machine: &Machine) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::listen()?;
    let jobs = jobs(args, plans.len());
    let run = gatewright::Run::start(machine.people(args.headed), jobs.get()).map_err(Failure::lacking)?;
    let options = Options { fail_fast: args.fail_fast, ..Options::new(jobs) };
    let suite = Suite { run, options, browser: machine.browser(), rerun: rerun(args) };
    let interrupted = CancellationToken::new();
    let finished = {
        let mut progress = Progress::begin(&plans, interrupted.clone());
        let performing = suite.perform(plans, interrupted.clone(), |event| progress.take_in(event));
        tokio::pin!(performing);
        let finished = tokio::select! {
            finished = &mut performing => Some(finished),
            () = interrupts.next() => None,
        };
        match finished {
            Some(finished) => finished,
            None => {
                interrupted.cancel();
                tokio::select! {
                    finished = performing => finished,
                    // Everything that runs ends by being dropped.
                    () = interrupts.next() => return Ok(Exit::Interrupted),
                }
            }
        }
    };
    let said = tell(args, finished, interrupted.is_cancelled());
    interrupts.or_at_once(suite.run.stop()).await;
    said
}

/// Writes the reports and says what the run came to; the last line is the path of a report.
fn tell(args: &cli::Run, finished: Finished, interrupted: bool) -> Result<Exit, Failure> {
    let Finished { summary, mut report } = finished;
    let mut kinds: Vec<Kind> = Vec::new();
    for kind in args.report.iter().copied().map(Kind::from) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let written = report.write(&args.out, &kinds);
    // Each scenario's line has been shown as it ended.
    print::block(reports::summary::ending(report.run()))?;
    let paths = written.map_err(Failure::failed)?;
    if let Some(path) = paths.first() {
        print::line(format_args!("Report: {}", path.display()))?;
    }
    Ok(exit(&summary, interrupted))
}

fn exit(summary: &Summary, interrupted: bool) -> Exit {
    match summary {
        _ if interrupted => Exit::Interrupted,
        Summary { failed: 0, .. } => Exit::Passed,
        Summary { .. } => Exit::Failed,
    }
}

/// As many at once as was asked for, or as there are processors, and no more than there are scenarios.
fn jobs(args: &cli::Run, scenarios: usize) -> NonZeroUsize {
    let asked = args.jobs.and_then(|jobs| NonZeroUsize::new(usize::from(jobs)));
    let jobs = asked.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    NonZeroUsize::new(scenarios).map_or(jobs, |scenarios| jobs.min(scenarios))
}

/// The command that runs one scenario again, `{}` standing for its file.
fn rerun(args: &cli::Run) -> String {
    let program = std::env::args_os().next().map(PathBuf::from);
    let program =
        program.map_or_else(|| "gatewright".to_owned(), |program| quoted(&program.display().to_string()));
    let mut command = format!("{program} run {{}}");
    if args.browser.browser != cli::Browser::default() {
        command += &format!(" --browser {}", args.browser.browser.name());
    }
    if let Some(path) = &args.browser.browser_path {
        command += &format!(" --browser-path {}", quoted(&path.display().to_string()));
    }
    command
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_status_is_what_scripts_rely_on() {
        let summary = |failed, interrupted| Summary { passed: 1, failed, interrupted, ..Summary::default() };
        assert_eq!(exit(&summary(0, 0), false), Exit::Passed);
        assert_eq!(exit(&summary(1, 0), false), Exit::Failed);
        assert_eq!(exit(&summary(1, 1), true), Exit::Interrupted);
    }

    #[test]
    fn a_path_with_spaces_is_one_word() {
        assert_eq!(quoted("target/debug/gatewright"), "target/debug/gatewright");
        assert_eq!(quoted("/opt/my browser's"), r"'/opt/my browser'\''s'");
    }
}
