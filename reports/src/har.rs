//! One scenario's exchanges as HAR 1.2, which browsers and proxies open.
//!
//! Entries carry what HAR has no place for in members that begin with an underscore, as the format asks:
//! `_id`, `_from`, `_to`, `_step`, `_stageTime`, `_note`.

use std::io;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;
use url::Url;

use crate::model::{Excerpt, Exchange, Header, Run, Scenario};

/// Writes one scenario's exchanges, indented, with a line feed at the end. Its secrets are masked, so that it can't be
/// replayed; times are real, to the millisecond.
pub fn write(run: &Run, scenario: &Scenario, mut out: impl io::Write) -> io::Result<()> {
    let began = after(run.started, scenario.began_ms);
    let browser = &run.environment.browser;
    let har = Har {
        log: Log {
            version: "1.2",
            creator: Tool { name: "Gatewright", version: &run.tool_version },
            browser: Tool { name: &browser.name, version: browser.version.as_deref().unwrap_or_default() },
            pages: [],
            entries: scenario.exchanges.iter().map(|exchange| entry(exchange, began)).collect(),
            comment: &scenario.title,
        },
    };
    serde_json::to_writer_pretty(&mut out, &har)?;
    out.write_all(b"\n")
}

fn after(time: DateTime<Utc>, ms: u64) -> DateTime<Utc> {
    let delta = i64::try_from(ms).ok().and_then(TimeDelta::try_milliseconds);
    delta.and_then(|delta| time.checked_add_signed(delta)).unwrap_or(time)
}

#[derive(Serialize)]
struct Har<'a> {
    log: Log<'a>,
}

#[derive(Serialize)]
struct Log<'a> {
    version: &'static str,
    creator: Tool<'a>,
    browser: Tool<'a>,
    pages: [(); 0],
    entries: Vec<Entry<'a>>,
    comment: &'a str,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    started_date_time: String,
    time: u64,
    request: Request<'a>,
    response: Response<'a>,
    cache: Cache,
    timings: Timings,
    #[serde(rename = "_id")]
    id: &'a str,
    #[serde(rename = "_from")]
    from: &'a str,
    #[serde(rename = "_to")]
    to: &'a str,
    #[serde(rename = "_step", skip_serializing_if = "Option::is_none")]
    step: Option<usize>,
    #[serde(rename = "_stageTime", skip_serializing_if = "Option::is_none")]
    stage_time: Option<String>,
    #[serde(rename = "_note", skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    method: &'a str,
    url: &'a str,
    http_version: &'a str,
    cookies: Vec<Cookie<'a>>,
    headers: &'a [Header],
    query_string: Vec<Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData<'a>>,
    headers_size: i8,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    status: u16,
    status_text: &'static str,
    http_version: &'a str,
    cookies: Vec<Cookie<'a>>,
    headers: &'a [Header],
    content: Content<'a>,
    #[serde(rename = "redirectURL")]
    redirect_url: &'a str,
    headers_size: i8,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cookie<'a> {
    name: &'a str,
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    http_only: bool,
    secure: bool,
}

#[derive(Serialize)]
struct Parameter {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData<'a> {
    mime_type: &'a str,
    params: [(); 0],
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    size: u64,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct Cache {}

#[derive(Serialize)]
struct Timings {
    send: u64,
    wait: u64,
    receive: u64,
}

/// What HAR writes for a size that isn't known.
const UNKNOWN_SIZE: i8 = -1;

fn entry(exchange: &Exchange, began: DateTime<Utc>) -> Entry<'_> {
    let wait = exchange.duration_ms.unwrap_or(0);
    Entry {
        started_date_time: after(began, exchange.at_ms).to_rfc3339_opts(SecondsFormat::Millis, true),
        time: wait,
        request: request(exchange),
        response: response(exchange),
        cache: Cache {},
        timings: Timings { send: 0, wait, receive: 0 },
        id: &exchange.id,
        from: &exchange.from,
        to: &exchange.to,
        step: exchange.step,
        stage_time: exchange.stage_time.map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true)),
        note: exchange.note.as_deref(),
    }
}

fn request(exchange: &Exchange) -> Request<'_> {
    let headers = &exchange.request_headers;
    let cookies = all(headers, "cookie").flat_map(|value| value.split(';')).filter_map(cookie);
    Request {
        method: &exchange.method,
        url: &exchange.url,
        http_version: &exchange.http_version,
        cookies: cookies.collect(),
        headers,
        query_string: query(&exchange.url),
        post_data: exchange.request_body.as_ref().map(|body| PostData {
            mime_type: first(headers, "content-type"),
            params: [],
            text: &body.text,
        }),
        headers_size: UNKNOWN_SIZE,
        body_size: body_size(exchange.request_body.as_ref()),
    }
}

fn response(exchange: &Exchange) -> Response<'_> {
    let headers = &exchange.response_headers;
    let status = exchange.status.unwrap_or(0);
    let body = exchange.response_body.as_ref();
    Response {
        status,
        status_text: reason(status),
        http_version: &exchange.http_version,
        cookies: all(headers, "set-cookie").filter_map(set_cookie).collect(),
        headers,
        content: Content {
            size: body.map_or(0, |body| body.bytes),
            mime_type: first(headers, "content-type"),
            text: body.map(|body| body.text.as_str()),
        },
        redirect_url: first(headers, "location"),
        headers_size: UNKNOWN_SIZE,
        body_size: body_size(body),
    }
}

fn body_size(body: Option<&Excerpt>) -> i64 {
    body.and_then(|body| i64::try_from(body.bytes).ok()).unwrap_or_else(|| UNKNOWN_SIZE.into())
}

fn all<'a>(headers: &'a [Header], name: &'a str) -> impl Iterator<Item = &'a str> {
    headers.iter().filter(move |header| header.name == name).map(|header| header.value.as_str())
}

fn first<'a>(headers: &'a [Header], name: &'a str) -> &'a str {
    all(headers, name).next().unwrap_or_default()
}

fn query(url: &str) -> Vec<Parameter> {
    let Ok(url) = Url::parse(url) else { return Vec::new() };
    url.query_pairs().map(|(name, value)| Parameter { name: name.into(), value: value.into() }).collect()
}

fn cookie(pair: &str) -> Option<Cookie<'_>> {
    let (name, value) = pair.trim().split_once('=')?;
    Some(Cookie { name, value, path: None, domain: None, http_only: false, secure: false })
}

/// RFC 6265, section 5.2.
fn set_cookie(line: &str) -> Option<Cookie<'_>> {
    let mut parts = line.split(';');
    let mut cookie = cookie(parts.next()?)?;
    for attribute in parts {
        let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "path" => cookie.path = Some(value.trim()),
            "domain" => cookie.domain = Some(value.trim()),
            "httponly" => cookie.http_only = true,
            "secure" => cookie.secure = true,
            _ => {}
        }
    }
    Some(cookie)
}

/// The reason phrases of RFC 9110 that are met here; HTTP/2 sends none.
fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
