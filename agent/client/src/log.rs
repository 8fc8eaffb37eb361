//! The agent's log: each event as the lines that ngrok's agent would write, in its three formats.

mod format;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ground::evidence::Stamped;

pub use self::format::{Format, Level, Line};
use crate::error::AgentError;
use crate::event::{Event, StreamRef};

impl Line {
    /// What the log says about an event.
    pub fn about(stamped: &Stamped<Event>) -> Vec<Self> {
        let line = |(level, message, fields)| Self { time: stamped.stage_time, level, message, fields };
        let mut lines = vec![line(said(&stamped.event))];
        if let Event::SessionEstablished { .. } = stamped.event {
            // Scripts wait for both.
            lines.insert(0, line((Level::Info, "tunnel session started", vec![obj("tunnels.session")])));
        }
        lines
    }

    /// A configuration file is read.
    pub fn config_file(time: DateTime<Utc>, path: &Path) -> Self {
        let fields = vec![obj("app"), ("path", path.display().to_string()), ("err", "nil".to_owned())];
        Self { time, level: Level::Info, message: "open config file", fields }
    }

    /// The local API and the inspector are there. Scripts read the address.
    pub fn web_service(time: DateTime<Utc>, address: SocketAddr) -> Self {
        let fields = vec![obj("web"), ("addr", address.to_string())];
        Self { time, level: Level::Info, message: "starting web service", fields }
    }

    /// What the log says about an agent that could not start, or whose tunnel could not.
    pub fn failure(time: DateTime<Utc>, error: &AgentError) -> Self {
        let (level, message, fields) = failed(error);
        Self { time, level, message, fields }
    }
}

fn failed(error: &AgentError) -> (Level, &'static str, Fields) {
    let error_field = ("err", error.to_string());
    match error {
        AgentError::Unauthenticated(_) => {
            (Level::Error, "failed to auth", vec![obj("tunnels.session"), error_field])
        }
        AgentError::Unbound(_) => (Level::Error, "failed to start tunnel", vec![obj("tunnels"), error_field]),
        AgentError::Stopped | AgentError::ShutDown => {
            (Level::Info, "session ended", vec![obj("app"), ("reason", error.to_string())])
        }
        _ => (Level::Error, "command failed", vec![obj("app"), error_field]),
    }
}

/// What is said last, on standard error, when an agent can't go on: the words, then ngrok's code in a line of its own.
pub fn last_words(error: &AgentError) -> String {
    let message = match (error, error.refusal()) {
        (AgentError::Unauthenticated(_), Some(refusal)) => {
            format!("authentication failed: {}", refusal.message)
        }
        (_, Some(refusal)) => refusal.message.clone(),
        _ => error.to_string(),
    };
    let mut text = String::new();
    for line in message.lines() {
        text += &format!("ERROR:  {line}\n");
    }
    if let Some(code) = error.refusal().and_then(wire::message::Refusal::code_name) {
        text += &format!("ERROR:  \nERROR:  {code}\n");
    }
    text
}

type Fields = Vec<(&'static str, String)>;

fn said(event: &Event) -> (Level, &'static str, Fields) {
    match event {
        Event::SessionEstablished { session, .. } => {
            (Level::Info, "client session established", vec![obj("csess"), ("id", session.clone())])
        }
        Event::SessionLost { session, reason } => (
            Level::Error,
            "session closed, starting reconnect loop",
            vec![obj("csess"), ("id", session.clone()), ("err", reason.clone())],
        ),
        Event::Reconnecting { reason: None, delay, .. } => {
            (Level::Info, "reconnecting", vec![obj("csess"), ("delay", millis(*delay))])
        }
        Event::Reconnecting { reason: Some(reason), delay, failed } => (
            Level::Error,
            "failed to reconnect session",
            vec![
                obj("csess"),
                ("err", reason.clone()),
                ("attempt", failed.to_string()),
                ("delay", millis(*delay)),
            ],
        ),
        Event::TunnelStarted { name, url, labels, upstream, .. } => {
            let mut fields = vec![obj("tunnels"), ("name", name.clone()), ("addr", upstream.clone())];
            match url {
                Some(url) => fields.push(("url", url.clone())),
                None => fields.push(("labels", labels.clone())),
            }
            (Level::Info, "started tunnel", fields)
        }
        Event::TunnelStopped { name, reason, .. } => {
            let fields = vec![obj("tunnels"), ("name", name.clone())];
            (Level::Info, "stopped tunnel", with_error(fields, reason.as_ref()))
        }
        Event::Commanded { command, obeyed } => (
            Level::Info,
            "received command from the edge",
            vec![obj("csess"), ("command", (*command).to_owned()), ("obeyed", obeyed.to_string())],
        ),
        Event::Ended { error } => failed(error),
        of_a_connection => said_of_connection(of_a_connection),
    }
}

fn said_of_connection(event: &Event) -> (Level, &'static str, Fields) {
    match event {
        Event::ConnectionOpened { at, client, upstream, .. } => (
            Level::Info,
            "join connections",
            vec![obj("join"), id(at), ("l", upstream.local.to_string()), ("r", client.to_string())],
        ),
        Event::UpstreamUnreachable { at, upstream, reason, .. } => (
            Level::Warn,
            "failed to open private leg",
            vec![obj("join"), id(at), ("privaddr", upstream.clone()), ("err", reason.clone())],
        ),
        Event::Exchange { at, method, target, status, took, .. } => (
            Level::Debug,
            "http exchange",
            vec![
                obj("http"),
                id(at),
                ("method", method.clone()),
                // Its query may hold secrets.
                ("path", target.split('?').next().unwrap_or_default().to_owned()),
                ("status", status.to_string()),
                ("dur", millis(*took)),
            ],
        ),
        Event::ConnectionClosed { at, received, sent, lasted, reason } => {
            let fields = vec![
                obj("join"),
                id(at),
                ("received", received.to_string()),
                ("sent", sent.to_string()),
                ("dur", millis(*lasted)),
            ];
            (Level::Debug, "closed connection", with_error(fields, reason.as_ref()))
        }
        _ => unreachable!("every other event is said above"),
    }
}

fn obj(name: &str) -> (&'static str, String) {
    ("obj", name.to_owned())
}

fn id(at: &StreamRef) -> (&'static str, String) {
    ("id", format!("{}/{}", at.session, at.stream))
}

fn millis(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

fn with_error(mut fields: Fields, reason: Option<&String>) -> Fields {
    if let Some(reason) = reason {
        fields.push(("err", reason.clone()));
    }
    fields
}

#[cfg(test)]
mod tests;
