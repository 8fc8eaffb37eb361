//! How the agent shows itself: the console on a terminal, plain lines where there is none, or a log.

use std::io::IsTerminal;

use gatewright::parts::client::console::{self, State};
use gatewright::parts::client::log::{Format, Level, Line};
use gatewright::parts::client::{AgentError, Event};
use gatewright::parts::ground::Clock;
use gatewright::parts::ground::evidence::Stamped;
use gatewright::parts::ground::redaction::Redactor;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{Joining, LogTo};
use crate::failure::Failure;
use crate::print;

/// How many requests the console shows.
const REQUESTS: usize = 10;

/// Where the console's values begin.
const COLUMN: usize = 30;

/// One way to show the agent. Secrets that the redactor knows show nowhere.
pub(super) struct View {
    face: Face,
    redactor: Redactor,
}

enum Face {
    /// The console, drawn anew whenever there is something new.
    Live { block: ProgressBar, trouble: Option<String> },
    /// What is new in the console, a line each.
    Lines { shown: Vec<String> },
    /// Log lines.
    Log { to: Stream, format: Format, level: Level, said_end: bool },
}

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Error,
}

impl View {
    /// The view that was asked for.
    pub(super) fn of(joining: &Joining, redactor: Redactor) -> Self {
        let (format, level) = (joining.log_format, joining.log_level);
        let face = match joining.log {
            LogTo::Stdout => Face::Log { to: Stream::Out, format, level, said_end: false },
            LogTo::Stderr => Face::Log { to: Stream::Error, format, level, said_end: false },
            LogTo::False if std::io::stdout().is_terminal() => Face::Live { block: block(), trouble: None },
            LogTo::False => Face::Lines { shown: Vec::new() },
        };
        Self { face, redactor }
    }

    /// Whether it shows numbers that change by themselves.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.face, Face::Live { .. })
    }

    /// Shows the agent as it stands now.
    pub(super) fn refresh(&self, state: &State) {
        if let Face::Live { block, trouble } = &self.face {
            let text = self.harmless(&console_text(state, trouble.as_deref()));
            block.set_message(text);
            block.force_draw();
        }
    }

    /// Shows what happened; `state` is how the agent stands now.
    pub(super) fn heard(&mut self, stamped: &Stamped<Event>, state: &State) -> Result<(), Failure> {
        let lines = match &mut self.face {
            Face::Live { trouble, .. } => {
                match &stamped.event {
                    event @ Event::UpstreamUnreachable { .. } => *trouble = incident(event),
                    Event::ConnectionOpened { .. } => *trouble = None,
                    _ => {}
                }
                self.refresh(state);
                return Ok(());
            }
            Face::Lines { shown } => {
                let head = head(state);
                let mut new: Vec<_> = head.iter().filter(|line| !shown.contains(line)).cloned().collect();
                *shown = head;
                new.extend(incident(&stamped.event));
                new
            }
            Face::Log { format, level, said_end, .. } => {
                *said_end |= matches!(stamped.event, Event::Ended { .. });
                let lines = Line::about(stamped).into_iter().filter(|line| line.level >= *level);
                lines.map(|line| line.render(*format)).collect()
            }
        };
        lines.iter().try_for_each(|line| self.write(line))
    }

    /// The agent ends for a reason that it can't do anything about.
    pub(super) fn gave_up(&self, error: &AgentError) -> Result<(), Failure> {
        match &self.face {
            Face::Log { format, said_end: false, .. } => {
                self.write(&Line::failure(Clock::new().now(), error).render(*format))
            }
            _ => Ok(()),
        }
    }

    /// Leaves what is shown as it is.
    pub(super) fn close(&self) {
        if let Face::Live { block, .. } = &self.face {
            block.abandon();
        }
    }

    /// A text without secrets and without what would steer a terminal.
    pub(super) fn harmless(&self, text: &str) -> String {
        print::harmless(&self.redactor.text(text))
    }

    fn write(&self, line: &str) -> Result<(), Failure> {
        let line = self.harmless(line);
        match self.face {
            Face::Log { to: Stream::Error, .. } => print::aside(line),
            _ => print::line(line)?,
        }
        Ok(())
    }
}

/// A block of lines that stays where it is on the terminal.
fn block() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg}").expect("the template is constant and well-formed");
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout()).with_style(style)
}

fn console_text(state: &State, trouble: Option<&str>) -> String {
    let console = console::render(state, REQUESTS);
    let trouble = trouble.map(|trouble| format!("\n{trouble}\n")).unwrap_or_default();
    format!("{:<COLUMN$}(Ctrl+C to quit)\n\n{console}{trouble}", "gatewright")
}

/// The console's lines down to its first empty one, without the latency, which is never the same.
fn head(state: &State) -> Vec<String> {
    let console = console::render(state, 0);
    let lines = console.lines().take_while(|line| !line.is_empty());
    lines.filter(|line| !line.starts_with("Latency")).map(str::to_owned).collect()
}

/// What happened on a connection, where a person wants to know it.
fn incident(event: &Event) -> Option<String> {
    match event {
        Event::Exchange { method, target, status, reason, .. } => {
            // A query may hold what nobody should read over a shoulder.
            let path = target.split('?').next().unwrap_or_default();
            let line = format!("{:<COLUMN$}{status} {reason}", format!("{method} {path} "));
            Some(line.trim_end().to_owned())
        }
        Event::UpstreamUnreachable { upstream, reason, .. } => {
            Some(format!("{:<COLUMN$}{upstream}: {reason}", "App unreachable"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use gatewright::parts::client::console::{Forwarding, Status};
    use gatewright::parts::client::event::StreamRef;
    use gatewright::parts::ground::Secret;
    use std::time::Duration;

    use super::*;

    fn at() -> StreamRef {
        StreamRef { session: "ts_1".into(), stream: 2 }
    }

    fn unreachable() -> Event {
        Event::UpstreamUnreachable {
            at: at(),
            tunnel: "command_line".into(),
            client: "127.0.0.1:50000".parse().unwrap(),
            upstream: "http://localhost:3000".into(),
            reason: "Connection refused (os error 111)".into(),
        }
    }

    fn online() -> State {
        let (from, to) = ("https://app.tunnel.test".into(), "http://localhost:3000".into());
        State {
            status: Status::Online,
            version: "0.1.0".into(),
            latency: Some(Duration::from_millis(1)),
            forwarding: vec![Forwarding { name: "command_line".into(), from, to }],
            ..State::default()
        }
    }

    #[test]
    fn the_block_says_how_to_leave_and_what_is_wrong() {
        let trouble = incident(&unreachable());
        insta::assert_snapshot!(console_text(&online(), trouble.as_deref()), @r"
        gatewright                    (Ctrl+C to quit)

        Session Status                online
        Version                       0.1.0
        Latency                       1ms
        Forwarding                    https://app.tunnel.test -> http://localhost:3000

        Connections                   ttl     opn     rt1     rt5     p50     p90
                                      0       0       0.00    0.00    0.00    0.00

        App unreachable               http://localhost:3000: Connection refused (os error 111)
        ");
    }

    #[test]
    fn lines_leave_out_what_changes_by_itself() {
        insta::assert_snapshot!(head(&online()).join("\n"), @r"
        Session Status                online
        Version                       0.1.0
        Forwarding                    https://app.tunnel.test -> http://localhost:3000
        ");
    }

    #[test]
    fn a_request_is_a_line_without_its_query() {
        let exchange = Event::Exchange {
            at: at(),
            method: "GET".into(),
            target: "/callback?code=secret".into(),
            status: 200,
            reason: "OK".into(),
            took: Duration::from_millis(3),
        };
        insta::assert_snapshot!(incident(&exchange).unwrap(), @"GET /callback                 200 OK");
    }

    #[test]
    fn known_secrets_and_escapes_are_kept_from_the_terminal() {
        let redactor = Redactor::new();
        redactor.learn(&Secret::new("authtoken", "abcdefgh_ijklmnop"));
        let view = View { face: Face::Lines { shown: Vec::new() }, redactor };
        let text = view.harmless("the edge says abcdefgh_ijklmnop\x1b[2J");
        assert!(text.starts_with("the edge says [authtoken ") && text.ends_with("]\u{fffd}[2J"), "{text}");
    }
}
