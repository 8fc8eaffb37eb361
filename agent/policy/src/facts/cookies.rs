//! Cookies of requests and answers, as expressions see them.

use cel::Value;
use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};

use super::values;

/// The cookies that came with a request: `{name: [{name, value}, …]}`.
pub(super) fn of_request(headers: &HeaderMap) -> Option<Value> {
    // Upstreams read cookies with other letters in them, too.
    let lines: Vec<String> = headers.get_all(COOKIE).iter().map(values::lossy).collect();
    let pairs = lines.iter().flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    values::grouped(pairs.filter_map(|(name, value)| {
        let (name, value) = (name.trim(), value.trim());
        let members = [("name", name), ("value", value)];
        let cookie = values::map(members.map(|(member, text)| (member.to_owned(), text.into())))?;
        Some((name.to_owned(), cookie))
    }))
}

/// The cookies that an answer sets: `{name: [{name, value, path, domain, secure, http_only, same_site}, …]}`, those
/// with the longest path first.
pub(super) fn of_response(headers: &HeaderMap) -> Option<Value> {
    let lines = headers.get_all(SET_COOKIE).iter().map(values::lossy);
    let mut cookies: Vec<(String, usize, Value)> = lines.filter_map(|line| set(&line)).collect();
    cookies.sort_by_key(|(_, path, _)| std::cmp::Reverse(*path));
    values::grouped(cookies.into_iter().map(|(name, _, cookie)| (name, cookie)))
}

fn set(line: &str) -> Option<(String, usize, Value)> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
    let (mut path, mut domain, mut same_site) = (String::new(), String::new(), String::new());
    let (mut secure, mut http_only) = (false, false);
    for part in parts {
        let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
        match attribute.trim().to_ascii_lowercase().as_str() {
            "path" => path = value.trim().to_owned(),
            "domain" => domain = value.trim().to_owned(),
            "samesite" => same_site = value.trim().to_owned(),
            "secure" => secure = true,
            "httponly" => http_only = true,
            _ => {}
        }
    }
    let length = path.len();
    let texts = [
        ("name", name.clone()),
        ("value", value),
        ("path", path),
        ("domain", domain),
        ("same_site", same_site),
    ];
    let flags = [("secure", secure), ("http_only", http_only)];
    let texts = texts.map(|(member, text)| (member.to_owned(), Value::from(text)));
    let flags = flags.map(|(member, flag)| (member.to_owned(), Value::Bool(flag)));
    Some((name, length, values::map(texts.into_iter().chain(flags))?))
}
