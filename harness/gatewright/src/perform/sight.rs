//! What someone sees: the address bar, the title, the text, and the answer that the page came with.

use std::fmt::Write as _;
use std::sync::Arc;

use http::Version;

use crate::browser;
use crate::people::{Change, Document, Driver, View};
use crate::record::Event;
use crate::stage::World;
use crate::vocabulary::{FilledPattern, Protocol, Several, Sight, StepError, Template};

/// How a page came.
struct Came {
    document: Document,
    protocol: Option<Protocol>,
}

/// A sight whose values are filled in.
struct Expected {
    url: Option<FilledPattern>,
    title: Option<FilledPattern>,
    text: Vec<String>,
    status: Option<u16>,
    code: Option<String>,
    protocol: Option<Protocol>,
}

impl World {
    /// Waits until `who` sees what is expected.
    pub(super) async fn sees(&self, who: &str, sight: &Sight) -> Result<(), StepError> {
        let expected = self.expected(sight)?;
        let driver = self.driver(who).await?;
        let mut last = String::from("nothing yet");
        let watching = async {
            loop {
                let view = driver.look().await?;
                let document = if expected.asks_for_the_answer() { driver.document().await? } else { None };
                let came = document.map(|document| Came { document, protocol: self.protocol_of(who) });
                if expected.missing(&view, came.as_ref()).is_empty() {
                    return Ok(true);
                }
                last = self.seen(&view, came.as_ref());
                if driver.change(&view).await? == Change::Never {
                    return Ok(false);
                }
            }
        };
        match tokio::time::timeout(driver.patience(), watching).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Err(error)) => Err(self.not_done(who, error)),
            Ok(Ok(false)) | Err(_) => Err(StepError::unmet(format!("{who} did not see what was expected"))
                .compared(expected.in_words(), last)),
        }
    }

    /// Expects that none of the texts is to be seen once everything has come to rest.
    pub(super) async fn does_not_see(&self, who: &str, texts: &Several<Template>) -> Result<(), StepError> {
        let texts = self.fill_all(texts.iter())?;
        self.rest().await?;
        let view = self.view(who).await?;
        match texts.iter().find(|text| shows(&view, text)) {
            None => Ok(()),
            Some(text) => Err(StepError::unmet(format!("{who} sees what nobody should"))
                .compared(format!("no text \"{text}\""), self.in_words(&view))),
        }
    }

    /// What `who` sees now.
    pub(super) async fn view(&self, who: &str) -> Result<View, StepError> {
        let driver: Arc<dyn Driver> = self.driver(who).await?;
        driver.look().await.map_err(|error| self.not_done(who, error))
    }

    /// The HTTP version over which the last page came to somebody's browser.
    fn protocol_of(&self, who: &str) -> Option<Protocol> {
        self.log().read(|events| {
            let version = events.iter().rev().find_map(|stamped| match &stamped.event {
                Event::Browser(person, browser::Event::Response(response)) => {
                    (**person == *who && response.navigation).then_some(response.version)?
                }
                _ => None,
            });
            match version? {
                Version::HTTP_2 => Some(Protocol::Http2),
                Version::HTTP_11 => Some(Protocol::Http1),
                _ => None,
            }
        })
    }

    /// What there is to be seen, in words, with its secrets masked.
    fn seen(&self, view: &View, came: Option<&Came>) -> String {
        let mut seen = self.in_words(view);
        if let Some(came) = came {
            let _ = write!(seen, ", the status {}", came.document.status().as_u16());
            if let Some(code) = code_of(Some(came)) {
                let _ = write!(seen, ", the code {code}");
            }
            if let Some(protocol) = came.protocol {
                let _ = write!(seen, ", over {protocol}");
            }
        }
        seen
    }

    fn expected(&self, sight: &Sight) -> Result<Expected, StepError> {
        Ok(Expected {
            url: self.fill_pattern(sight.url.as_ref())?,
            title: self.fill_pattern(sight.title.as_ref())?,
            text: self.fill_all(&sight.text)?,
            status: sight.status.map(|status| status.as_u16()),
            code: sight.code.map(|code| code.to_string()),
            protocol: sight.protocol,
        })
    }
}

impl Expected {
    fn asks_for_the_answer(&self) -> bool {
        self.status.is_some() || self.code.is_some() || self.protocol.is_some()
    }

    /// What of it is not to be seen, in words.
    fn missing(&self, view: &View, came: Option<&Came>) -> Vec<String> {
        let mut missing = Vec::new();
        if let Some(url) = self.url.as_ref().filter(|url| !url.matches(&view.address)) {
            missing.push(format!("the address {url}"));
        }
        if let Some(title) = self.title.as_ref().filter(|title| !title.matches(&view.title)) {
            missing.push(format!("the title \"{title}\""));
        }
        missing.extend(self.text.iter().filter(|text| !shows(view, text)).map(|text| format!("\"{text}\"")));
        if let Some(status) =
            self.status.filter(|status| came.map(|came| came.document.status().as_u16()) != Some(*status))
        {
            missing.push(format!("status {status}"));
        }
        if let Some(code) = self.code.as_ref().filter(|code| code_of(came) != Some(code.as_str())) {
            missing.push(format!("the code {code}"));
        }
        if let Some(protocol) =
            self.protocol.filter(|protocol| came.and_then(|came| came.protocol) != Some(*protocol))
        {
            missing.push(format!("the page over {protocol}"));
        }
        missing
    }

    fn in_words(&self) -> String {
        self.missing(&View::default(), None).join(", ")
    }
}

/// Whether a text is to be seen, however its white space is broken into lines.
fn shows(view: &View, text: &str) -> bool {
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    folded(&view.text).contains(&folded(text))
}

fn code_of(came: Option<&Came>) -> Option<&str> {
    came?.document.answer.response_headers.get("ngrok-error-code")?.to_str().ok()
}
