//! The DevTools events that are listened to, as far as they are read.

use std::net::SocketAddr;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Version};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::browser::event::Kind;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestWillBeSent {
    pub(super) request_id: String,
    pub(super) request: RequestHead,
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    pub(super) frame_id: Option<String>,
    /// The document that asks, by the name of the request that brought it.
    #[serde(default)]
    pub(super) loader_id: String,
    pub(super) redirect_response: Option<ResponseHead>,
    #[serde(default)]
    pub(super) redirect_has_extra_info: bool,
}

#[derive(Deserialize)]
pub(super) struct RequestHead {
    pub(super) url: String,
    pub(super) method: String,
    pub(super) headers: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResponseReceived {
    pub(super) request_id: String,
    pub(super) response: ResponseHead,
    #[serde(default)]
    pub(super) has_extra_info: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) headers: Map<String, Value>,
    protocol: Option<String>,
    #[serde(rename = "remoteIPAddress")]
    remote_ip_address: Option<String>,
    remote_port: Option<u16>,
    #[serde(default)]
    pub(super) from_disk_cache: bool,
}

/// `requestWillBeSentExtraInfo` and `responseReceivedExtraInfo`: the headers as they really were.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtraInfo {
    pub(super) request_id: String,
    pub(super) headers: Map<String, Value>,
    pub(super) status_code: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoadingFinished {
    pub(super) request_id: String,
    #[serde(default)]
    pub(super) encoded_data_length: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoadingFailed {
    pub(super) request_id: String,
    error_text: String,
    #[serde(default)]
    pub(super) canceled: bool,
    blocked_reason: Option<String>,
    cors_error_status: Option<CorsError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CorsError {
    cors_error: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FrameNavigated {
    pub(super) frame: FrameHead,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FrameHead {
    pub(super) id: String,
    pub(super) parent_id: Option<String>,
    pub(super) loader_id: String,
    url: String,
    #[serde(default)]
    url_fragment: String,
    pub(super) unreachable_url: Option<String>,
}

/// What is told of a frame on its way to another document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FrameOnItsWay {
    pub(super) frame_id: String,
    /// Where the document shall be: `currentTab`, `newTab`, `newWindow` or `download`.
    pub(super) disposition: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NavigatedWithinDocument {
    pub(super) frame_id: String,
    pub(super) url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SocketEvent {
    pub(super) request_id: String,
    pub(super) url: Option<String>,
    pub(super) request: Option<SocketRequest>,
    pub(super) response: Option<SocketResponse>,
    pub(super) error_message: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct SocketRequest {
    pub(super) headers: Map<String, Value>,
}

/// Of a handshake's answer the first two, of a frame the last two.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SocketResponse {
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) headers: Map<String, Value>,
    pub(super) opcode: Option<f64>,
    #[serde(default)]
    pub(super) payload_data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConsoleCalled {
    #[serde(rename = "type")]
    pub(super) level: String,
    pub(super) args: Vec<RemoteObject>,
    pub(super) stack_trace: Option<StackTrace>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RemoteObject {
    value: Option<Value>,
    unserializable_value: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StackTrace {
    pub(super) call_frames: Vec<CallFrame>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallFrame {
    pub(super) url: String,
    pub(super) line_number: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExceptionThrown {
    pub(super) exception_details: ExceptionDetails,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExceptionDetails {
    text: String,
    pub(super) url: Option<String>,
    pub(super) line_number: u64,
    exception: Option<RemoteObject>,
}

#[derive(Deserialize)]
pub(super) struct DialogOpening {
    pub(super) url: String,
    pub(super) message: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Deserialize)]
pub(super) struct EntryAdded {
    pub(super) entry: LogEntry,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogEntry {
    pub(super) level: String,
    pub(super) text: String,
    pub(super) url: Option<String>,
    pub(super) line_number: Option<u64>,
}

impl RequestWillBeSent {
    pub(super) fn kind(&self) -> Kind {
        match self.kind.as_str() {
            "Document" => Kind::Document,
            "Fetch" => Kind::Fetch,
            "XHR" => Kind::Xhr,
            "EventSource" => Kind::EventSource,
            "Preflight" => Kind::Preflight,
            "Script" => Kind::Script,
            "Stylesheet" => Kind::Stylesheet,
            "Image" => Kind::Image,
            "Font" => Kind::Font,
            _ => Kind::Other,
        }
    }

    /// Whether it goes anywhere; `data:` and `blob:` are answered by the browser.
    pub(super) fn leaves(&self) -> bool {
        self.request.url.starts_with("http")
    }
}

impl RequestHead {
    pub(super) fn method(&self) -> Method {
        self.method.parse().unwrap_or_default()
    }
}

impl ResponseHead {
    pub(super) fn version(&self) -> Option<Version> {
        match self.protocol.as_deref()? {
            "h2" => Some(Version::HTTP_2),
            "http/1.1" => Some(Version::HTTP_11),
            "http/1.0" => Some(Version::HTTP_10),
            "h3" => Some(Version::HTTP_3),
            _ => None,
        }
    }

    pub(super) fn remote(&self) -> Option<SocketAddr> {
        let address = self.remote_ip_address.as_deref()?.trim_matches(['[', ']']).parse().ok()?;
        Some(SocketAddr::new(address, self.remote_port?))
    }
}

impl LoadingFailed {
    pub(super) fn reason(&self) -> String {
        match (&self.cors_error_status, &self.blocked_reason) {
            (Some(cors), _) => format!("blocked by CORS: {}", cors.cors_error),
            (None, Some(reason)) => format!("blocked: {reason}"),
            (None, None) => self.error_text.clone(),
        }
    }
}

impl FrameHead {
    /// What the address bar shows.
    pub(super) fn address(&self) -> String {
        match &self.unreachable_url {
            Some(url) => url.clone(),
            None => format!("{}{}", self.url, self.url_fragment),
        }
    }
}

impl RemoteObject {
    pub(super) fn text(&self) -> String {
        match (&self.value, &self.unserializable_value, &self.description) {
            (Some(Value::String(text)), ..) => text.clone(),
            (Some(value), ..) => value.to_string(),
            (None, Some(text), _) | (None, None, Some(text)) => text.clone(),
            (None, None, None) => "undefined".into(),
        }
    }
}

impl ExceptionDetails {
    pub(super) fn text(&self) -> String {
        match &self.exception {
            Some(exception) => format!("{} {}", self.text, exception.text()),
            None => self.text.clone(),
        }
    }
}

/// Headers as DevTools give them: one member a name, several values one a line. What is no header (HTTP/2's pseudo
/// headers) is left out.
pub(super) fn headers(of: &Map<String, Value>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(of.len());
    for (name, value) in of {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        for line in value.as_str().unwrap_or_default().split('\n') {
            if let Ok(value) = HeaderValue::from_bytes(line.as_bytes()) {
                headers.append(name.clone(), value);
            }
        }
    }
    headers
}

/// A status as it came; the browser itself makes none that is not one.
pub(super) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_GATEWAY)
}

/// What does not read as expected is another version's; it is passed over.
pub(super) fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}
