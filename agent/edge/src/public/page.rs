//! The edge's own answers: a page for people, the same words in plain text for everyone else.

use http::header::ACCEPT;
use http::{HeaderMap, Response, StatusCode};
use policy::Denial;

use super::target::TargetError;
use crate::code::Code;
use crate::proxy::{Body, Failure, empty, full};

/// What the edge has to say by itself.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) status: StatusCode,
    pub(crate) code: Option<Code>,
    title: &'static str,
    words: Vec<String>,
    /// Headers that belong to it.
    headers: HeaderMap,
}

impl Notice {
    fn new(status: StatusCode, code: Option<Code>, title: &'static str, words: &[&str]) -> Self {
        let words = words.iter().map(|text| (*text).to_owned()).collect();
        Self { status, code, title, words, headers: HeaderMap::new() }
    }

    /// Nobody is online for this host.
    pub(crate) fn offline(host: &str) -> Self {
        let words = format!("{host} is not connected to anything right now.");
        let advice = "If it is yours, start its tunnel, and check the address. Else tell whoever runs it.";
        Self::new(StatusCode::NOT_FOUND, Some(Code::OFFLINE), "This address is offline", &[&words, advice])
    }

    /// The Edge has nothing for this path.
    pub(crate) fn no_route() -> Self {
        let words = [
            "Nothing is set up for this path of this address.",
            "Check the path, or tell whoever runs this site.",
        ];
        Self::new(StatusCode::NOT_FOUND, Some(Code::NO_ROUTE), "Nothing is here", &words)
    }

    /// Two routes claim the path, depending on who reads it.
    pub(crate) fn ambiguous_path() -> Self {
        let words = [
            "The path of this request can be read in more than one way.",
            "Write it plainly: without encoded letters, dots and slashes.",
        ];
        Self::new(StatusCode::BAD_REQUEST, None, "This path is ambiguous", &words)
    }

    /// The request's target is unusable.
    pub(crate) fn target(error: &TargetError) -> Self {
        let status = match error {
            TargetError::NoHost | TargetError::NoPath | TargetError::Scheme | TargetError::Disguised(..) => {
                StatusCode::BAD_REQUEST
            }
            TargetError::Connect => StatusCode::METHOD_NOT_ALLOWED,
            TargetError::Misdirected => StatusCode::MISDIRECTED_REQUEST,
        };
        Self::new(
            status,
            None,
            "This request can't be answered here",
            &[&format!("The edge refused it: {error}.")],
        )
    }

    /// The endpoint's modules or policy refuse it.
    pub(crate) fn denied(denial: Denial) -> Self {
        let title = match denial.status {
            StatusCode::UNAUTHORIZED => "You have to say who you are",
            StatusCode::TOO_MANY_REQUESTS => "Too many requests",
            StatusCode::SERVICE_UNAVAILABLE => "This address is not available",
            status if status.is_server_error() => "This request can't be answered",
            _ => "This request is refused",
        };
        let words = (!denial.message.is_empty()).then_some(denial.message);
        let (status, code) = (denial.status, denial.code.map(Code));
        Self {
            status,
            code,
            title,
            words: words.into_iter().collect(),
            headers: denial.headers.into_iter().collect(),
        }
    }

    /// There is no answer from the upstream.
    pub(crate) fn failure(failure: &Failure, host: &str) -> Self {
        match failure {
            Failure::Offline => Self::offline(host),
            Failure::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                Some(Code::FORWARDING),
                "This address is busy",
                &["Too many requests are under way through its tunnel.", "Try again in a moment."],
            ),
            Failure::Broken(_) => Self::new(
                StatusCode::BAD_GATEWAY,
                Some(Code::FORWARDING),
                "The tunnel broke",
                &[
                    "The tunnel to the app went away while your request was on its way.",
                    "Try again in a moment.",
                ],
            ),
            Failure::NoWebSocket => Self::new(
                StatusCode::BAD_REQUEST,
                Some(Code::NO_WEBSOCKET),
                "This address takes WebSockets alone",
                &["A WebSocket's handshake is expected here.", "Connect by a WebSocket client (wss://)."],
            ),
            Failure::Invalid(reason) => Self::new(
                StatusCode::BAD_GATEWAY,
                Some(Code::UPSTREAM_INVALID),
                "The app gave no valid answer",
                &[
                    &format!(
                        "What came back through the tunnel is not valid HTTP, or ended too early ({reason})."
                    ),
                    "If the app is yours, check that it speaks HTTP on the port that the tunnel leads to.",
                ],
            ),
        }
    }

    /// The words as an answer to a request with these headers.
    pub(crate) fn answer(&self, request: &HeaderMap) -> Response<Body> {
        if self.words.is_empty() {
            let mut response = Response::new(empty());
            *response.status_mut() = self.status;
            return response;
        }
        let page = gate::Page {
            status: self.status,
            code: self.code.map(|code| code.0),
            title: self.title,
            words: &self.words,
            action: None,
        };
        let mut response = if wants_html(request) { page.answer() } else { page.plain_answer() };
        response.headers_mut().extend(self.headers.clone());
        response.map(full)
    }
}

fn wants_html(headers: &HeaderMap) -> bool {
    let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds =
        ranges.flat_map(|value| value.split(',')).map(|range| range.split(';').next().unwrap_or(range));
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}
