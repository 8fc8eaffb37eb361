//! How a line of the log is written.

use std::fmt::Write;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub time: DateTime<Utc>,
    /// How grave.
    pub level: Level,
    /// What.
    pub message: &'static str,
    /// Whereof, `obj` first.
    pub fields: Vec<(&'static str, String)>,
}

/// How grave a line is, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For those who look for a mistake.
    Debug,
    /// What happens every day.
    Info,
    /// What should not happen.
    Warn,
    /// What went wrong.
    Error,
}

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `t=… lvl=info msg="started tunnel" obj=tunnels`
    Logfmt,
    /// One JSON object a line.
    Json,
    /// For a person.
    Term,
}

impl Level {
    fn short(self) -> &'static str {
        match self {
            Level::Debug => "dbug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "eror",
        }
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "debug" | "dbug" => Ok(Level::Debug),
            "info" => Ok(Level::Info),
            "warn" => Ok(Level::Warn),
            "error" | "eror" | "crit" => Ok(Level::Error),
            other => Err(format!("{other:?} is not a log level: debug, info, warn or error")),
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "logfmt" => Ok(Format::Logfmt),
            "json" => Ok(Format::Json),
            "term" => Ok(Format::Term),
            other => Err(format!("{other:?} is not a log format: term, logfmt or json")),
        }
    }
}

impl Line {
    /// The line in `format`, without a line end.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Logfmt => self.logfmt(),
            Format::Json => self.json(),
            Format::Term => self.term(),
        }
    }

    fn logfmt(&self) -> String {
        let time = self.time.format("%Y-%m-%dT%H:%M:%S%z");
        let mut text = format!("t={time} lvl={} msg={}", self.level.short(), quoted(self.message));
        self.push_fields(&mut text);
        text
    }

    fn json(&self) -> String {
        let mut members: Vec<(&str, String)> = self.fields.clone();
        members.push(("lvl", self.level.short().to_owned()));
        members.push(("msg", self.message.to_owned()));
        members.push(("t", self.time.to_rfc3339_opts(SecondsFormat::Nanos, true)));
        members.sort_by_key(|(key, _)| *key);
        let members: Map<_, _> =
            members.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
        Value::from(members).to_string()
    }

    fn term(&self) -> String {
        let (level, time) = (self.level.short().to_uppercase(), self.time.format("%m-%d|%H:%M:%S"));
        let mut text = format!("{level}[{time}] {:<40}", self.message);
        self.push_fields(&mut text);
        text
    }

    fn push_fields(&self, text: &mut String) {
        for (key, value) in &self.fields {
            // Writing to a String can't fail.
            let _ = write!(text, " {key}={}", quoted(value));
        }
    }
}

/// A value as logfmt has it: bare when nothing in it could be misread, or in quotes.
fn quoted(value: &str) -> String {
    let bare = !value.is_empty() && value.chars().all(|c| c > ' ' && c != '=' && c != '"' && !c.is_control());
    if bare {
        return value.to_owned();
    }
    let mut text = String::from('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
    text
}
