//! What a run shows while it runs: on a terminal what runs, how far and how long; else a line a scenario.

mod live;
mod row;

use std::io::IsTerminal;

use gatewright::record::Record;
use gatewright::runner::RunEvent;
use gatewright::scenario::Plan;
use tokio_util::sync::CancellationToken;

use self::live::Live;
use self::row::Row;
use crate::print;

/// Shows a run's events.
pub(super) struct Progress {
    live: Option<Live>,
    /// How wide the column of ids is.
    widest: usize,
    interrupted: CancellationToken,
}

impl Progress {
    /// Shows them on the terminal, if there is one. When nobody reads what is shown, the run is interrupted.
    pub(super) fn begin(plans: &[Plan], interrupted: CancellationToken) -> Self {
        let terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let widest = plans.iter().map(|plan| plan.id.as_str().chars().count()).max().unwrap_or(0);
        Self { live: terminal.then(|| Live::begin(plans.len())), widest, interrupted }
    }

    /// Shows what happened.
    pub(super) fn take_in(&mut self, event: &RunEvent<Record>) {
        if let Some(live) = &mut self.live {
            live.take_in(event);
        }
        if let RunEvent::Interrupted = event {
            self.aside(
                "Interrupted: what runs is being ended, and what was done will be reported. Again to kill.",
            );
        }
        if let Some(row) = Row::of(event) {
            self.line(&row.render(self.widest));
        }
    }

    fn line(&self, line: &str) {
        match &self.live {
            Some(live) => live.line(line),
            None if print::line(line).is_err() => self.interrupted.cancel(),
            None => {}
        }
    }

    fn aside(&self, line: &str) {
        match &self.live {
            Some(live) => live.line(line),
            None => print::aside(line),
        }
    }
}
