//! What came of the requests that scripts made: a script itself is told little.

use std::collections::VecDeque;

use http::StatusCode;

use crate::browser::event::{Event, RequestId, WebSocketDoing};

/// What came of a request, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LastWord {
    /// The answer's status, the last one's after redirects.
    pub(crate) status: Option<StatusCode>,
    /// Why it came to nothing.
    pub(crate) reason: Option<String>,
}

/// The latest requests, by the URL that was asked for first.
#[derive(Default)]
pub(super) struct Words {
    latest: VecDeque<(RequestId, String, LastWord)>,
}

const MOST: usize = 64;

impl Words {
    /// Takes note of what an event says.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Request(request) if !request.navigation => {
                self.of(&request.id, &request.url);
            }
            Event::Response(response) if !response.navigation => {
                self.of(&response.id, &response.hop.url).status = Some(response.hop.status);
            }
            Event::Failed(failed) if !failed.navigation => {
                self.of(&failed.request, &failed.url).reason = Some(failed.reason.clone());
            }
            Event::WebSocket(socket) => {
                let word = self.of(&socket.id, &socket.url);
                match &socket.what {
                    WebSocketDoing::Answered { status, .. } => word.status = Some(*status),
                    WebSocketDoing::Failed(reason) => {
                        word.status = word.status.or_else(|| status_in(reason));
                        word.reason = Some(reason.clone());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// What came of the last request for `url`.
    pub(super) fn last(&self, url: &str) -> LastWord {
        let url = url.split('#').next().unwrap_or_default();
        let found = self.latest.iter().rev().find(|(_, asked, _)| asked == url);
        found.map(|(_, _, word)| word.clone()).unwrap_or_default()
    }

    fn of(&mut self, id: &RequestId, url: &str) -> &mut LastWord {
        let place = match self.latest.iter().position(|(known, ..)| known == id) {
            Some(place) => place,
            None => {
                if self.latest.len() == MOST {
                    self.latest.pop_front();
                }
                self.latest.push_back((id.clone(), url.to_owned(), LastWord::default()));
                self.latest.len() - 1
            }
        };
        &mut self.latest[place].2
    }
}

/// `Error during WebSocket handshake: Unexpected response code: 403`; 401 has a phrase of its own.
fn status_in(reason: &str) -> Option<StatusCode> {
    if reason.starts_with("HTTP Authentication failed") {
        return Some(StatusCode::UNAUTHORIZED);
    }
    let (_, code) = reason.rsplit_once("response code: ")?;
    code.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::event::{Failed, TabId, WebSocket};

    #[test]
    fn the_last_request_for_a_url_counts_and_a_sockets_status_is_read_from_its_reason() {
        let mut words = Words::default();
        let socket = |what| {
            let (id, tab, url) = (RequestId("1".into()), TabId("T".into()), "wss://a.test/".into());
            Event::WebSocket(WebSocket { id, tab, url, what })
        };
        let reason = "Error during WebSocket handshake: Unexpected response code: 403";
        words.note(&socket(WebSocketDoing::Failed(reason.into())));
        assert_eq!(words.last("wss://a.test/#x").status, Some(StatusCode::FORBIDDEN));
        for n in 2..100 {
            words.note(&Event::Failed(Failed {
                request: RequestId(n.to_string()),
                tab: TabId("T".into()),
                navigation: false,
                url: "https://a.test/x".into(),
                reason: n.to_string(),
                canceled: false,
            }));
        }
        assert_eq!(words.last("https://a.test/x").reason.as_deref(), Some("99"));
        assert_eq!(words.last("wss://a.test/"), LastWord::default());
        assert_eq!(words.latest.len(), MOST);
        let unauthorized = status_in("HTTP Authentication failed; no valid credentials available");
        assert_eq!(unauthorized, Some(StatusCode::UNAUTHORIZED));
    }
}
