//! How the agent shows itself: the console on a terminal, plain lines where there is none, or a log.

use std::fs::File;
use std::io::{IsTerminal, Write};

use gatewright::parts::client::config_file::ConsoleUi;
use gatewright::parts::client::console::{self, State};
use gatewright::parts::client::log::{Format, Level, Line};
use gatewright::parts::client::{AgentError, Event};
use gatewright::parts::ground::Clock;
use gatewright::parts::ground::evidence::Stamped;
use gatewright::parts::ground::redaction::Redactor;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::outset::{LogTo, Logging};
use crate::failure::Failure;
use crate::print;

/// How many requests the console shows.
const REQUESTS: usize = 10;

/// Where the console's values begin.
const COLUMN: usize = 30;

/// One way to show the agent, and perhaps a log. Secrets that the redactor knows show nowhere.
pub(super) struct View {
    face: Face,
    log: Option<Log>,
    redactor: Redactor,
}

/// What a person sees.
enum Face {
    /// The console, drawn anew whenever there is something new.
    Live { block: ProgressBar, trouble: Option<String> },
    /// What is new in the console, a line each.
    Lines { shown: Vec<String> },
    /// Nothing.
    Blank,
}

/// Log lines.
struct Log {
    to: Stream,
    format: Format,
    level: Level,
    said_end: bool,
}

enum Stream {
    Out,
    Error,
    File(File),
}

impl View {
    /// The view that was asked for.
    pub(super) fn of(logging: &Logging, redactor: Redactor) -> Result<Self, Failure> {
        let log = |to, terminal| {
            let usual = if terminal { Format::Term } else { Format::Logfmt };
            let format = logging.format.unwrap_or(usual);
            Some(Log { to, format, level: logging.level, said_end: false })
        };
        let on_terminal = std::io::stdout().is_terminal();
        let console = || match logging.console {
            ConsoleUi::Never => Face::Blank,
            _ if on_terminal => Face::Live { block: block(), trouble: None },
            _ => Face::Lines { shown: Vec::new() },
        };
        let (face, log) = match &logging.to {
            LogTo::Stdout => (Face::Blank, log(Stream::Out, on_terminal)),
            LogTo::Stderr => (Face::Blank, log(Stream::Error, std::io::stderr().is_terminal())),
            LogTo::Nowhere => (console(), None),
            LogTo::File(path) => {
                let file = File::options().create(true).append(true).open(path).map_err(|error| {
                    Failure::usage(format_args!("the log {path} can't be written: {error}"))
                })?;
                (console(), log(Stream::File(file), false))
            }
        };
        Ok(Self { face, log, redactor })
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
        for line in Line::about(stamped) {
            self.line(&line)?;
        }
        if let Some(log) = &mut self.log {
            log.said_end |= matches!(stamped.event, Event::Ended { .. });
        }
        match &mut self.face {
            Face::Live { trouble, .. } => {
                match &stamped.event {
                    event @ Event::UpstreamUnreachable { .. } => *trouble = incident(event),
                    Event::ConnectionOpened { .. } => *trouble = None,
                    _ => {}
                }
                self.refresh(state);
            }
            Face::Lines { shown } => {
                let head = head(state);
                let mut new: Vec<_> = head.iter().filter(|line| !shown.contains(line)).cloned().collect();
                *shown = head;
                new.extend(incident(&stamped.event));
                new.iter().try_for_each(|line| print::line(self.harmless(line)))?;
            }
            Face::Blank => {}
        }
        Ok(())
    }

    /// Writes a line of the log, if it is grave enough and there is one.
    pub(super) fn line(&mut self, line: &Line) -> Result<(), Failure> {
        let Some(log) = self.log.as_ref().filter(|log| line.level >= log.level) else { return Ok(()) };
        let text = self.harmless(&line.render(log.format));
        match self.log.as_mut().map(|log| &mut log.to) {
            Some(Stream::Out) => print::line(text),
            Some(Stream::Error) => {
                print::aside(text);
                Ok(())
            }
            Some(Stream::File(file)) => writeln!(file, "{text}")
                .map_err(|error| Failure::failed(format_args!("the log can't be written: {error}"))),
            None => Ok(()),
        }
    }

    /// The agent ends for a reason that it can't do anything about.
    pub(super) fn gave_up(&mut self, error: &AgentError) -> Result<(), Failure> {
        match &self.log {
            Some(log) if !log.said_end => self.line(&Line::failure(Clock::new().now(), error)),
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
        let view = View { face: Face::Lines { shown: Vec::new() }, log: None, redactor };
        let text = view.harmless("the edge says abcdefgh_ijklmnop\x1b[2J");
        assert!(text.starts_with("the edge says [authtoken ") && text.ends_with("]\u{fffd}[2J"), "{text}");
    }
}
