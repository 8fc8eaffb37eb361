//! What a page keeps open: WebSockets, streams of events, uploads.

use std::time::Duration;

use http::Method;

use crate::people::{self, Stream, Streamed, Talk, Talked};
use crate::stage::World;
use crate::vocabulary::{Answer, Conversation, EventStream, StepError, Template, Upload};

/// How long a large upload may take in all. Real time.
const UPLOAD_DEADLINE: Duration = Duration::from_secs(120);

impl World {
    pub(super) async fn talks(&self, who: &str, conversation: &Conversation) -> Result<(), StepError> {
        let receives = self.fill_all(&conversation.receives)?;
        let talk = Talk {
            url: websocket_url(&self.fill(&conversation.url)?),
            protocols: Vec::new(),
            say: self.fill_all(&conversation.sends)?,
            hear: receives.len(),
        };
        let talked = self.did(who, self.driver(who).await?.talk(&talk).await)?;
        match talked {
            Talked::Opened { heard, .. } if heard == receives => Ok(()),
            talked => Err(StepError::unmet(format!("{who}'s WebSocket did not answer as expected"))
                .compared(format!("{receives:?}"), self.redactor().text(&format!("{talked:?}")))),
        }
    }

    pub(super) async fn holds_a_websocket(&self, who: &str, url: &Template) -> Result<(), StepError> {
        let url = websocket_url(&self.fill(url)?);
        match self.did(who, self.driver(who).await?.hold_socket(&url).await)? {
            Talked::Opened { .. } => Ok(()),
            refused @ Talked::Refused { .. } => {
                Err(StepError::unmet(format!("{who} could not open a WebSocket"))
                    .compared("a handshake that is granted", self.redactor().text(&format!("{refused:?}"))))
            }
        }
    }

    pub(super) async fn is_refused_a_websocket(&self, who: &str, url: &Template) -> Result<(), StepError> {
        let url = websocket_url(&self.fill(url)?);
        let talk = Talk { url, protocols: Vec::new(), say: Vec::new(), hear: 0 };
        match self.did(who, self.driver(who).await?.talk(&talk).await)? {
            Talked::Refused { .. } => Ok(()),
            Talked::Opened { .. } => Err(StepError::unmet(format!("{who} could open a WebSocket"))
                .compared("a handshake that is refused", "a handshake that was granted")),
        }
    }

    pub(super) async fn receives_events(&self, who: &str, expected: &EventStream) -> Result<(), StepError> {
        let texts = self.fill_all(&expected.text)?;
        let count = expected.count.map_or(texts.len().max(1), |count| count.0 as usize);
        let stream = Stream { url: self.fill(&expected.url)?, types: Vec::new(), count };
        match self.did(who, self.driver(who).await?.stream(&stream).await)? {
            Streamed::Events(events) => {
                let data: Vec<_> = events.into_iter().map(|event| event.data).collect();
                let mut came = data.iter();
                match texts.iter().all(|text| came.any(|data| data == text)) {
                    true => Ok(()),
                    false => Err(StepError::unmet(format!("{who} received other events"))
                        .compared(texts.join("\n"), self.redactor().text(&data.join("\n")))),
                }
            }
            Streamed::Refused { status, events } => {
                let status = status.map_or("none".to_owned(), |status| status.to_string());
                Err(StepError::unmet(format!("{who}'s stream of events broke off"))
                    .compared(format!("{count} events"), format!("{} events, status {status}", events.len())))
            }
        }
    }

    pub(super) async fn begins_an_upload(&self, who: &str, upload: &Upload) -> Result<(), StepError> {
        let driver = self.driver(who).await?;
        let upload = people::Upload {
            method: Method::POST,
            url: self.fill(&upload.url)?,
            mebibytes: mebibytes(upload.megabytes.0),
            within: UPLOAD_DEADLINE,
        };
        self.keep_upload(who, async move { driver.upload(&upload).await })
    }

    pub(super) async fn finishes_the_upload(&self, who: &str, answer: &Answer) -> Result<(), StepError> {
        let fetched = self.uploaded(who).await?;
        let came = self.fetched(who, "the upload", self.did(who, fetched)?)?;
        self.check_answer("the upload", answer, &came)
    }
}

/// As many whole mebibytes as hold so many megabytes.
fn mebibytes(megabytes: u32) -> u32 {
    let bytes = u64::from(megabytes) * 1_000_000;
    u32::try_from(bytes.div_ceil(1024 * 1024)).unwrap_or(u32::MAX)
}

fn websocket_url(url: &str) -> String {
    url.strip_prefix("https:").map_or_else(|| url.to_owned(), |rest| format!("wss:{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_never_smaller_than_it_is_called() {
        assert_eq!([0, 1, 100].map(mebibytes), [0, 1, 96]);
        assert!(u64::from(mebibytes(u32::MAX)) * 1024 * 1024 >= u64::from(u32::MAX) * 1_000_000);
    }

    #[test]
    fn a_websocket_has_a_scheme_of_its_own() {
        assert_eq!(websocket_url("https://app.tunnel.test/echo"), "wss://app.tunnel.test/echo");
        assert_eq!(websocket_url("wss://app.tunnel.test/echo"), "wss://app.tunnel.test/echo");
    }
}
