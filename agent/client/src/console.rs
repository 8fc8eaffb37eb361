//! The console block, as ngrok's agent shows it.

use std::fmt::Write;
use std::time::Duration;

pub use crate::meter::Connections;

/// Where the values begin.
const COLUMN: usize = 30;

/// Everything that the console shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// How the agent stands with its edge.
    pub status: Status,
    /// Whose account it is; empty when the edge didn't say.
    pub account: String,
    /// The account's plan; empty when the edge didn't say.
    pub plan: String,
    /// The agent's version.
    pub version: String,
    /// The edge's region.
    pub region: String,
    /// The last heartbeat's round-trip time.
    pub latency: Option<Duration>,
    /// Where the inspector is, `http://127.0.0.1:4040`; empty when there is none.
    pub web: String,
    /// One line a tunnel.
    pub forwarding: Vec<Forwarding>,
    /// The connections' numbers.
    pub connections: Connections,
    /// What was asked for, the latest first.
    pub requests: Vec<Request>,
}

/// How an agent stands with its edge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It has just begun.
    #[default]
    Connecting,
    /// It is joined.
    Online,
    /// It lost the session.
    Reconnecting {
        /// Why.
        reason: String,
    },
    /// It won't come back.
    Ended {
        /// Why.
        reason: String,
    },
}

/// One tunnel's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// The tunnel's name, which isn't shown.
    pub name: String,
    /// The public URL, or the labels.
    pub from: String,
    /// The app.
    pub to: String,
}

/// One request's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// What it asked for, without its query.
    pub path: String,
    /// The answer's status.
    pub status: u16,
    /// The answer's reason phrase.
    pub reason: String,
}

/// The block as text, each line ended. At most `requests` of the last requests are shown.
pub fn render(state: &State, requests: usize) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{name:<COLUMN$}{value}");
    };
    line("Session Status", &status(&state.status));
    if !state.account.is_empty() {
        line("Account", &account(state));
    }
    line("Version", &state.version);
    if !state.region.is_empty() {
        line("Region", &state.region);
    }
    if let Some(latency) = state.latency {
        line("Latency", &format!("{}ms", latency.as_millis()));
    }
    if !state.web.is_empty() {
        line("Web Interface", &state.web);
    }
    for forwarding in &state.forwarding {
        line("Forwarding", &format!("{} -> {}", forwarding.from, forwarding.to));
    }
    line("", "");
    let Connections { total, open, rate_1m, rate_5m, p50, p90 } = state.connections;
    line("Connections", "ttl     opn     rt1     rt5     p50     p90");
    line("", &format!("{total:<8}{open:<8}{rate_1m:<8.2}{rate_5m:<8.2}{p50:<8.2}{p90:.2}"));
    if !state.requests.is_empty() {
        line("", "");
        line("HTTP Requests", "");
        line("-------------", "");
        line("", "");
        for request in state.requests.iter().take(requests) {
            let Request { method, path, status, reason } = request;
            let room = COLUMN.saturating_sub(method.len() + 2).max(8);
            line(&format!("{method} {} ", shortened(path, room)), &format!("{status} {reason}"));
        }
    }
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

fn status(status: &Status) -> String {
    match status {
        Status::Connecting => "connecting".to_owned(),
        Status::Online => "online".to_owned(),
        Status::Reconnecting { reason } => format!("reconnecting ({reason})"),
        Status::Ended { reason } => format!("closed ({reason})"),
    }
}

fn account(state: &State) -> String {
    match state.plan.as_str() {
        "" => state.account.clone(),
        plan => format!("{} (Plan: {plan})", state.account),
    }
}

/// A path in at most `room` characters.
fn shortened(path: &str, room: usize) -> String {
    if path.chars().count() <= room {
        return path.to_owned();
    }
    path.chars().take(room - 3).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn online() -> State {
        State {
            status: Status::Online,
            account: "Acme".into(),
            plan: "Enterprise".into(),
            version: "0.1.0".into(),
            region: "stage".into(),
            latency: Some(Duration::from_micros(1700)),
            web: "http://127.0.0.1:4040".into(),
            forwarding: vec![Forwarding {
                name: "command_line".into(),
                from: "https://app.tunnel.test".into(),
                to: "http://localhost:3000".into(),
            }],
            ..State::default()
        }
    }

    #[test]
    fn a_fresh_session() {
        insta::assert_snapshot!(render(&online(), 10), @r"
        Session Status                online
        Account                       Acme (Plan: Enterprise)
        Version                       0.1.0
        Region                        stage
        Latency                       1ms
        Web Interface                 http://127.0.0.1:4040
        Forwarding                    https://app.tunnel.test -> http://localhost:3000

        Connections                   ttl     opn     rt1     rt5     p50     p90
                                      0       0       0.00    0.00    0.00    0.00
        ");
    }

    #[test]
    fn traffic_over_two_tunnels_and_a_lost_session() {
        let request = |method: &str, path: &str, status, reason: &str| Request {
            method: method.into(),
            path: path.into(),
            status,
            reason: reason.into(),
        };
        let mut state = online();
        state.status = Status::Reconnecting { reason: "the connection ended".into() };
        state.latency = None;
        state.forwarding.push(Forwarding {
            name: "edge".into(),
            from: "edge=edghts_2a".into(),
            to: "http://localhost:80".into(),
        });
        state.connections =
            Connections { total: 1234, open: 2, rate_1m: 0.05, rate_5m: 12.3456, p50: 0.031, p90: 61.5 };
        state.requests = vec![
            request("GET", "/", 200, "OK"),
            request("POST", "/a/very/long/path/of/many/words", 302, "Found"),
            request("DELETE", "/last", 404, "Not Found"),
            request("GET", "/forgotten", 200, "OK"),
        ];
        insta::assert_snapshot!(render(&state, 3), @r"
        Session Status                reconnecting (the connection ended)
        Account                       Acme (Plan: Enterprise)
        Version                       0.1.0
        Region                        stage
        Web Interface                 http://127.0.0.1:4040
        Forwarding                    https://app.tunnel.test -> http://localhost:3000
        Forwarding                    edge=edghts_2a -> http://localhost:80

        Connections                   ttl     opn     rt1     rt5     p50     p90
                                      1234    2       0.05    12.35   0.03    61.50

        HTTP Requests
        -------------

        GET /                         200 OK
        POST /a/very/long/path/of/... 302 Found
        DELETE /last                  404 Not Found
        ");
    }

    #[test]
    fn an_edge_that_says_little() {
        let state = State {
            version: "0.1.0".into(),
            status: Status::Ended { reason: "the edge asked the agent to stop".into() },
            ..State::default()
        };
        insta::assert_snapshot!(render(&state, 10), @r"
        Session Status                closed (the edge asked the agent to stop)
        Version                       0.1.0

        Connections                   ttl     opn     rt1     rt5     p50     p90
                                      0       0       0.00    0.00    0.00    0.00
        ");
    }
}
