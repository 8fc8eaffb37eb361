//! `compress-response`, and the compression module.

use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, HeaderName, HeaderValue, VARY,
};
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use crate::error::PolicyError;
use crate::facts::ActionResult;
use crate::reading::Value;

mod compressor;

pub use compressor::Compressor;

/// A content coding that answers are compressed with (RFC 9110, 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Brotli.
    Brotli,
    /// gzip.
    Gzip,
    /// The zlib format.
    Deflate,
}

impl Encoding {
    /// Its name in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }
}

/// `compress-response`: answers are compressed as the client accepts it.
#[derive(Clone, Debug)]
pub struct CompressResponse {
    /// In the order in which they are chosen where the client likes them equally.
    encodings: Vec<Encoding>,
}

impl Default for CompressResponse {
    fn default() -> Self {
        Self { encodings: vec![Encoding::Gzip, Encoding::Deflate, Encoding::Brotli] }
    }
}

impl CompressResponse {
    /// The compression module.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let algorithms = members.optional("algorithms");
        members.finish()?;
        let Some(algorithms) = algorithms else { return Ok(Self::default()) };
        let words = [
            ("gzip", Some(Encoding::Gzip)),
            ("br", Some(Encoding::Brotli)),
            ("deflate", Some(Encoding::Deflate)),
            ("compress", None),
        ];
        let mut encodings = Vec::new();
        for item in algorithms.items(1..=words.len())? {
            let Some(encoding) = item.one_of("algorithm", &words)? else {
                return Err(item.error("this edge does not offer `compress`; there is br, deflate, gzip"));
            };
            if encodings.contains(&encoding) {
                return Err(item.error(format!("`{}` is here twice", encoding.name())));
            }
            encodings.push(encoding);
        }
        Ok(Self { encodings })
    }

    /// With what an answer is compressed, if it is; its headers are made to say so.
    ///
    /// Not compressed are answers without a body, parts of one, those that are encoded or compact already, and
    /// those that forbid it (`Cache-Control: no-transform`). Whatever would have been compressed for
    /// another client varies by `Accept-Encoding`.
    pub fn negotiate(
        &self,
        method: &Method,
        request: &HeaderMap,
        status: StatusCode,
        headers: &mut HeaderMap,
        body_length: Option<u64>,
    ) -> (Option<Encoding>, ActionResult) {
        let already = headers.contains_key(CONTENT_ENCODING);
        let encoding = match is_worthwhile(method, status, headers, body_length) {
            true => {
                append_token(headers, VARY, "accept-encoding");
                choose(request, &self.encodings)
            }
            false => None,
        };
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
            headers.remove(CONTENT_LENGTH);
            headers.remove(ACCEPT_RANGES);
            weaken_etag(headers);
        }
        let members = json!({
            "already_compressed": already,
            "negotiated_algorithm": encoding.map_or("", Encoding::name),
        });
        (encoding, ActionResult { action: "compress", members })
    }
}

fn is_worthwhile(method: &Method, status: StatusCode, headers: &HeaderMap, length: Option<u64>) -> bool {
    let has_body = !(status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
        || *method == Method::CONNECT);
    let is_whole = status != StatusCode::PARTIAL_CONTENT && !headers.contains_key(CONTENT_RANGE);
    let is_there = length != Some(0) || *method == Method::HEAD;
    let is_free = !tokens(headers, &CACHE_CONTROL).any(|token| token == "no-transform");
    let is_compact = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(is_compact);
    has_body && is_whole && is_there && is_free && !is_compact && !headers.contains_key(CONTENT_ENCODING)
}

/// Media that are compressed in themselves; and gRPC, which compresses its messages.
fn is_compact(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let compact = ["image/", "video/", "audio/", "font/woff", "application/grpc"];
    let archives = [
        "application/zip",
        "application/gzip",
        "application/x-gzip",
        "application/zstd",
        "application/x-7z-compressed",
    ];
    (compact.iter().any(|start| essence.starts_with(start)) && essence != "image/svg+xml")
        || archives.contains(&essence.as_str())
}

/// The encoding that the client likes best (RFC 9110, 12.5.3), if it likes one better than none.
fn choose(request: &HeaderMap, offered: &[Encoding]) -> Option<Encoding> {
    let accepted: Vec<(String, u16)> =
        tokens(request, &ACCEPT_ENCODING).filter_map(|token| weighed(&token)).collect();
    let weight = |name: &str| {
        let named = accepted.iter().find(|(known, _)| known == name || (name == "gzip" && known == "x-gzip"));
        named.or_else(|| accepted.iter().find(|(known, _)| known == "*")).map(|(_, weight)| *weight)
    };
    let identity = accepted.iter().find(|(known, _)| known == "identity").map_or(0, |(_, weight)| *weight);
    // Of those that weigh the same the first offered one.
    let mut best: Option<(u16, Encoding)> = None;
    for encoding in offered {
        let weight = weight(encoding.name()).unwrap_or(0);
        if weight > 0 && weight >= identity && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, *encoding));
        }
    }
    best.map(|(_, encoding)| encoding)
}

/// A coding with its weight in thousandths. One whose weight can't be read is not accepted.
fn weighed(token: &str) -> Option<(String, u16)> {
    let mut parts = token.split(';').map(str::trim);
    let name = parts.next()?.to_owned();
    let weight = match parts.next() {
        None => 1000,
        Some(parameter) => {
            let value = parameter.strip_prefix("q=").unwrap_or("0");
            let value: f32 = value.trim().parse().unwrap_or(0.0);
            if (0.0..=1.0).contains(&value) { (value * 1000.0) as u16 } else { 0 }
        }
    };
    (!name.is_empty()).then_some((name, weight))
}

/// The items of a list header, in lower case.
fn tokens(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> {
    let lines: Vec<String> = headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .map(str::to_ascii_lowercase)
        .collect();
    lines
        .into_iter()
        .flat_map(|line| line.split(',').map(|token| token.trim().to_owned()).collect::<Vec<_>>())
}

fn append_token(headers: &mut HeaderMap, name: HeaderName, token: &'static str) {
    if !tokens(headers, &name).any(|known| known == token || known == "*") {
        headers.append(name, HeaderValue::from_static(token));
    }
}

/// The compressed answer is equivalent to the plain one, and no longer the same bytes (RFC 9110, 8.8.1).
fn weaken_etag(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned) else { return };
    if !tag.starts_with("W/")
        && let Ok(weak) = format!("W/{tag}").parse()
    {
        headers.insert(ETAG, weak);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(accept: &str, offered: &[Encoding]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, accept.parse().unwrap());
        choose(&headers, offered).map(Encoding::name)
    }

    #[test]
    fn the_client_chooses_and_then_we_do() {
        use Encoding::{Brotli, Deflate, Gzip};
        let all = [Gzip, Deflate, Brotli];
        for (accept, expected) in [
            ("gzip;q=1.0, br; q=0.5, *;q=0", Some("gzip")),
            ("gzip, deflate, br", Some("gzip")),
            ("gzip;q=0.5, br", Some("br")),
            ("BR", Some("br")),
            ("x-gzip", Some("gzip")),
            ("*", Some("gzip")),
            ("*, gzip;q=0", Some("deflate")),
            ("gzip;q=0", None),
            ("identity, gzip;q=0.5", None),
            ("identity;q=0.1, gzip;q=0.5", Some("gzip")),
            ("compress", None),
            ("gzip;q=x", None),
            ("gzip;q=2", None),
            ("", None),
        ] {
            assert_eq!(negotiated(accept, &all), expected, "{accept}");
        }
        assert_eq!(negotiated("gzip, br", &[Brotli, Gzip]), Some("br"));
        assert_eq!(negotiated("gzip", &[Brotli]), None);
        assert_eq!(choose(&HeaderMap::new(), &all), None);
    }

    /// An answer's headers after negotiation with a client that accepts gzip.
    fn answered(status: u16, length: Option<u64>, headers: &[(&str, &str)]) -> (Option<Encoding>, HeaderMap) {
        let mut request = HeaderMap::new();
        request.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let mut answer = HeaderMap::new();
        for (name, value) in headers {
            answer.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        let action = CompressResponse::new();
        let (encoding, _) = action.negotiate(&Method::GET, &request, status, &mut answer, length);
        (encoding, answer)
    }

    #[test]
    fn headers_say_what_was_done() {
        let (encoding, headers) = answered(
            200,
            Some(1000),
            &[("content-length", "1000"), ("etag", "\"a\""), ("accept-ranges", "bytes"), ("vary", "Origin")],
        );
        assert_eq!(encoding, Some(Encoding::Gzip));
        assert_eq!(headers[CONTENT_ENCODING], "gzip");
        assert_eq!(headers[ETAG], "W/\"a\"");
        let vary: Vec<_> = headers.get_all(VARY).iter().collect();
        assert_eq!(vary, ["Origin", "accept-encoding"]);
        assert!(!headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(ACCEPT_RANGES));
    }

    #[test]
    fn some_answers_stay_as_they_are() {
        type Headers<'a> = &'a [(&'a str, &'a str)];
        let kinds: [(u16, Option<u64>, Headers<'_>); 9] = [
            (204, Some(0), &[]),
            (304, None, &[("etag", "\"a\"")]),
            (206, Some(1000), &[("content-range", "bytes 0-999/2000")]),
            (200, Some(0), &[]),
            (200, None, &[("content-encoding", "br")]),
            (200, None, &[("content-type", "image/png")]),
            (200, None, &[("content-type", "application/grpc+proto")]),
            (200, None, &[("cache-control", "public, No-Transform")]),
            (101, None, &[]),
        ];
        for (status, length, headers) in kinds {
            let (encoding, answer) = answered(status, length, headers);
            assert_eq!(encoding, None, "{status} {headers:?}");
            assert!(!answer.contains_key(VARY), "{status} {headers:?}");
        }
        assert!(answered(200, Some(10), &[]).0.is_some());
        assert!(answered(200, None, &[("content-type", "image/svg+xml")]).0.is_some());
        assert!(answered(200, None, &[("content-type", "text/event-stream")]).0.is_some());
    }
}
