//! What a person could not do or did not see.

use std::fmt;
use std::time::Duration;

use super::{Label, View};

/// What a person could not do or did not see: what was attempted, why it failed, what was there instead.
#[derive(Debug, thiserror::Error)]
#[error("{attempted}: {reason}{}", instead(.seen.as_deref()))]
pub struct Error {
    /// What was attempted: `click "Sign in"`.
    pub attempted: String,
    /// Why it failed.
    pub reason: Reason,
    /// What was there to be seen, where that could still be told. It may hold what the page shows: pass it through a
    /// redactor before it is written out.
    pub seen: Option<Box<View>>,
}

/// Why something failed.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// It was not to be seen in time.
    #[error("{awaited} was not to be seen within {}", seconds(.within))]
    NotSeen {
        /// What was awaited.
        awaited: String,
        /// How long.
        within: Duration,
    },
    /// It is not to be seen, and never will be by itself.
    #[error("{awaited} is not to be seen")]
    NotThere {
        /// What was awaited.
        awaited: String,
    },
    /// There was nothing of that name in time.
    #[error("nothing {what} is called {label}; there is {}", list(.choices))]
    NothingCalled {
        /// `to click`, `to fill in`, …
        what: &'static str,
        /// The name.
        label: Label,
        /// What there was instead: `link "Home"`.
        choices: Vec<String>,
    },
    /// There are several of that name.
    #[error("{count} things {what} are called {label}: say which one by a text beside it (`within`)")]
    SeveralCalled {
        /// `to click`, `to fill in`, …
        what: &'static str,
        /// The name.
        label: Label,
        /// How many.
        count: usize,
    },
    /// It is there, but can't be used.
    #[error("{label} is {how}")]
    NotUsable {
        /// The name.
        label: Label,
        /// `disabled`, `read-only`, `covered by …`.
        how: String,
    },
    /// The drop-down field has no such option.
    #[error("it has no option \"{option}\"; there is {}", list(.choices))]
    NoOption {
        /// The option.
        option: String,
        /// The options that it has.
        choices: Vec<String>,
    },
    /// What was typed is not what the field holds now. The values are not told: they may be secret.
    #[error("the field did not take the text as it was typed")]
    NotTaken,
    /// There was no answer, or not one to be trusted.
    #[error("{url} could not be loaded: {reason}")]
    NotLoaded {
        /// What was asked for.
        url: String,
        /// The browser's word: `net::ERR_CERT_COMMON_NAME_INVALID`.
        reason: String,
    },
    /// What was given makes no sense there.
    #[error("{0}")]
    Invalid(String),
    /// This driver can't do it.
    #[error("the {driver} driver can't do that; it needs a browser")]
    Unsupported {
        /// Which driver: `http`.
        driver: &'static str,
    },
    /// A script in the page threw.
    #[error("the page's script threw: {0}")]
    Script(String),
    /// It took too long.
    #[error("it was not done within {}", seconds(.0))]
    TooSlow(Duration),
    /// The browser itself failed.
    #[error(transparent)]
    Browser(#[from] crate::browser::Error),
}

impl Reason {
    /// As an error of an attempt.
    pub fn of(self, attempted: impl Into<String>) -> Error {
        Error { attempted: attempted.into(), reason: self, seen: None }
    }
}

impl Error {
    /// With what was there to be seen.
    pub fn seeing(self, view: View) -> Self {
        Self { seen: Some(Box::new(view)), ..self }
    }
}

fn instead(seen: Option<&View>) -> String {
    seen.map(|view| format!(" ({view})")).unwrap_or_default()
}

fn seconds(duration: &Duration) -> impl fmt::Display {
    format!("{} s", duration.as_secs_f64())
}

fn list(choices: &[String]) -> String {
    const MOST: usize = 20;
    match choices {
        [] => "nothing of the kind".into(),
        few if few.len() <= MOST => few.join(", "),
        many => format!("{} and {} more", many[..MOST].join(", "), many.len() - MOST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_was_attempted_what_was_wrong_and_what_was_there() {
        let choices = vec!["link \"Home\"".to_owned(), "button \"Sign in\"".to_owned()];
        let label = Label::new("Assign").within("Alice");
        let view = View { address: "https://a.test/".into(), title: String::new(), text: "Hello".into() };
        let error = Reason::NothingCalled { what: "to click", label: label.clone(), choices }
            .of("click \"Assign\"")
            .seeing(view);
        insta::assert_snapshot!(error, @r#"click "Assign": nothing to click is called "Assign" beside "Alice"; there is link "Home", button "Sign in" (the address is https://a.test/, and the text reads: Hello)"#);
        let error = Reason::SeveralCalled { what: "to click", label, count: 3 }.of("click");
        insta::assert_snapshot!(error, @r#"click: 3 things to click are called "Assign" beside "Alice": say which one by a text beside it (`within`)"#);
        let error =
            Reason::NotSeen { awaited: "the text \"Hi\"".into(), within: Duration::from_millis(1500) };
        insta::assert_snapshot!(error, @r#"the text "Hi" was not to be seen within 1.5 s"#);
    }

    #[test]
    fn a_long_list_of_choices_is_cut() {
        let choices: Vec<_> = (0..25).map(|n| format!("button \"{n}\"")).collect();
        assert!(list(&choices).ends_with("button \"19\" and 5 more"));
        assert_eq!(list(&[]), "nothing of the kind");
    }
}
