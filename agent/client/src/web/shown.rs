//! What of a message is shown: credentials only when they are asked for, and bytes that are no text as what they are.

use std::fmt::Write;

use ground::redaction::Redactor;

use crate::inspector::Message;

/// How much of a body that is no text is shown.
const MAX_HEX: usize = 512;

/// How messages are shown.
pub(super) struct Shown<'a> {
    pub(super) redactor: &'a Redactor,
    /// Credentials too.
    pub(super) secrets: bool,
}

/// A body as a person sees it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    Text(String),
    /// The beginning, in hexadecimal.
    Binary(String),
}

impl Shown<'_> {
    /// A message's first line.
    pub(super) fn first(&self, line: &str) -> String {
        match words(line) {
            Some((method, target, version)) => format!("{method} {} {version}", self.target(target)),
            None => line.to_owned(),
        }
    }

    /// What a request asked for, and how: method, target, version.
    pub(super) fn request_line(&self, line: &str) -> (String, String, String) {
        let (method, target, version) = words(line).unwrap_or((line, "", ""));
        (method.to_owned(), self.target(target), version.to_owned())
    }

    fn target(&self, target: &str) -> String {
        match !self.secrets && target.contains('?') {
            true => self.redactor.url(target),
            false => target.to_owned(),
        }
    }

    /// The headers.
    pub(super) fn headers(&self, message: &Message) -> Vec<(String, String)> {
        let shown = |(name, value): &(String, String)| match self.secrets {
            true => (name.clone(), value.clone()),
            false => (name.clone(), self.redactor.header(name, value)),
        };
        message.headers.iter().map(shown).collect()
    }

    /// The whole message as it would stand on the wire, as far as it is kept.
    pub(super) fn raw(&self, message: &Message) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.first(&message.first));
        for (name, value) in self.headers(message) {
            // Writing to a String can't fail.
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let mut raw = (text + "\r\n").into_bytes();
        match (self.body(message), self.secrets) {
            (Body::Text(text), false) => raw.extend_from_slice(text.as_bytes()),
            _ => raw.extend_from_slice(&message.body),
        }
        raw
    }

    /// The body.
    pub(super) fn body(&self, message: &Message) -> Body {
        let header = |wanted: &str| {
            let found = message.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map_or("", |(_, value)| value.as_str())
        };
        match text(&message.body).filter(|_| matches!(header("content-encoding"), "" | "identity")) {
            Some(text) if self.secrets => Body::Text(text.to_owned()),
            Some(text) if header("content-type").starts_with("application/x-www-form-urlencoded") => {
                Body::Text(self.redactor.parameters(text))
            }
            Some(text) => Body::Text(self.redactor.text(text)),
            None => Body::Binary(hex(&message.body[..message.body.len().min(MAX_HEX)])),
        }
    }
}

/// The words of a request's first line; a status line has others.
fn words(line: &str) -> Option<(&str, &str, &str)> {
    let (method, rest) = line.split_once(' ').filter(|_| !line.starts_with("HTTP/"))?;
    let (target, version) = rest.rsplit_once(' ')?;
    Some((method, target, version))
}

/// The bytes as text, if they are; a character that is cut off at the end is left out.
fn text(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    (!text.contains(control)).then_some(text)
}

/// Sixteen bytes a line: where, what, and what it would be as text.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (number, line) in bytes.chunks(16).enumerate() {
        let hex: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let letters: String =
            line.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
        let _ = writeln!(text, "{:06x}  {:<47}  {letters}", number * 16, hex.join(" "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(headers: &[(&str, &str)], body: &[u8]) -> Message {
        Message {
            first: "POST /callback?code=abcdefgh12345&page=2 HTTP/1.1".into(),
            headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            body: body.to_vec(),
            length: body.len() as u64,
        }
    }

    #[test]
    fn credentials_are_shown_only_when_they_are_asked_for() {
        let form = "application/x-www-form-urlencoded";
        let message = message(
            &[
                ("Authorization", "Bearer topsecret1234"),
                ("Cookie", "session=abcdef123456"),
                ("Content-Type", form),
            ],
            b"user=ann&password=hunter2hunter2",
        );
        let redactor = Redactor::new();
        let masked = String::from_utf8(Shown { redactor: &redactor, secrets: false }.raw(&message)).unwrap();
        for secret in ["abcdefgh12345", "topsecret1234", "abcdef123456", "hunter2hunter2"] {
            assert!(!masked.contains(secret), "{masked}");
        }
        for harmless in ["page=2", "Bearer", "session=", "user=ann"] {
            assert!(masked.contains(harmless), "{masked}");
        }
        let shown = Shown { redactor: &redactor, secrets: false };
        let (method, target, version) = shown.request_line(&message.first);
        assert_eq!((method.as_str(), version.as_str()), ("POST", "HTTP/1.1"));
        assert!(target.starts_with("/callback?code=[") && target.ends_with("]&page=2"), "{target}");
        assert_eq!(shown.first("HTTP/1.1 200 Is it? OK"), "HTTP/1.1 200 Is it? OK");
        let whole = String::from_utf8(Shown { redactor: &redactor, secrets: true }.raw(&message)).unwrap();
        assert!(whole.contains("topsecret1234") && whole.ends_with("password=hunter2hunter2"));
    }

    #[test]
    fn what_is_no_text_is_shown_as_what_it_is() {
        let redactor = Redactor::new();
        let body = |headers: &[(&str, &str)], body: &[u8]| {
            Shown { redactor: &redactor, secrets: false }.body(&message(headers, body))
        };
        assert_eq!(body(&[], "grüße".as_bytes()), Body::Text("grüße".into()));
        assert_eq!(body(&[], &"grü".as_bytes()[..3]), Body::Text("gr".into()));
        let png = body(&[], b"\x89PNG\r\n\x1a\n");
        let Body::Binary(hex) = png else { panic!("{png:?}") };
        assert_eq!(hex, "000000  89 50 4e 47 0d 0a 1a 0a                          .PNG....\n");
        assert!(matches!(body(&[("Content-Encoding", "gzip")], b"abc"), Body::Binary(_)));
    }
}
