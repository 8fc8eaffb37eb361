//! The `Error` member of an answer: words, and ngrok's code in a line of its own.

use std::fmt;

/// Why an edge refused. Reads and shows as the real service writes it: `message`, an empty line, `ERR_NGROK_105`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For people.
    pub message: String,
    /// The number of ngrok's code, when there is one.
    pub code: Option<u32>,
}

const PREFIX: &str = "ERR_NGROK_";

impl Refusal {
    /// A refusal with a code.
    pub fn new(code: u32, message: impl Into<String>) -> Self {
        Self { message: message.into(), code: Some(code) }
    }

    /// What an answer's `Error` says; none when it is empty.
    pub fn parse(error: &str) -> Option<Self> {
        if error.trim().is_empty() {
            return None;
        }
        let mut code = None;
        let mut message: Vec<&str> = Vec::new();
        for line in error.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.strip_prefix(PREFIX).and_then(|number| number.parse().ok()) {
                Some(number) => code = Some(number),
                None => message.push(line),
            }
        }
        Some(Self { message: message.join("\n"), code })
    }

    /// The code as it is written, `ERR_NGROK_105`.
    pub fn code_name(&self) -> Option<String> {
        self.code.map(|code| format!("{PREFIX}{code}"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.code_name() {
            Some(code) => write!(f, "\r\n\r\n{code}\r\n"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_written_as_the_service_writes_it() {
        let refusal = Refusal::new(105, "The authtoken you specified is malformed.");
        let text = "The authtoken you specified is malformed.\r\n\r\nERR_NGROK_105\r\n";
        assert_eq!(refusal.to_string(), text);
        assert_eq!(Refusal::parse(text), Some(refusal));
        assert_eq!(Refusal::parse(" \r\n"), None);
        assert_eq!(Refusal::parse("no code"), Some(Refusal { message: "no code".into(), code: None }));
    }

    proptest! {
        #[test]
        fn a_code_survives(code in any::<u32>(), message in "[a-z ]{0,40}") {
            let refusal = Refusal::new(code, message.trim());
            prop_assert_eq!(Refusal::parse(&refusal.to_string()), Some(refusal));
        }

        #[test]
        fn any_text_is_a_refusal_or_none(text in ".*") {
            prop_assert_eq!(Refusal::parse(&text).is_none(), text.trim().is_empty());
        }
    }
}
