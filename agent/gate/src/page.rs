use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};

const STYLE: &str = include_str!("page.css");

const ERROR_CODE: HeaderName = HeaderName::from_static("ngrok-error-code");

/// ngrok's spelling of an error's number, as in the header `ngrok-error-code`.
pub fn error_code(code: u16) -> String {
    format!("ERR_NGROK_{code}")
}

/// A page of the edge's own: what happened and what to do, in one self-contained HTML document, light and dark.
/// Everything is escaped.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The answer's status.
    pub status: StatusCode,
    /// ngrok's number, shown on the page and in the header `ngrok-error-code`.
    pub code: Option<u16>,
    /// What happened, in a few words.
    pub title: &'a str,
    /// What it means and what to do, a paragraph each.
    pub words: &'a [String],
    /// What the person can do from here.
    pub action: Option<Action<'a>>,
}

/// A link on a [`Page`].
#[derive(Clone, Copy, Debug)]
pub struct Action<'a> {
    /// Its text.
    pub label: &'a str,
    /// Where it leads.
    pub href: &'a str,
}

impl Page<'_> {
    /// The page as an answer: not stored, not framed, running nothing, telling no one where it was.
    pub fn answer(&self) -> Response<String> {
        let mut response = Response::new(self.html());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        guard(headers);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CONTENT_SECURITY_POLICY, content_security_policy());
        self.mark(headers);
        response
    }

    /// The same words for a program.
    pub fn plain_answer(&self) -> Response<String> {
        let mut text = self.title.to_owned();
        for paragraph in self.words {
            text.push('\n');
            text.push_str(paragraph);
        }
        if let Some(code) = self.code {
            text.push('\n');
            text.push_str(&error_code(code));
        }
        text.push('\n');
        let mut response = Response::new(text);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        guard(headers);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        self.mark(headers);
        response
    }

    fn mark(&self, headers: &mut HeaderMap) {
        if let Some(code) = self.code {
            let value =
                HeaderValue::try_from(error_code(code)).expect("letters and digits are a header value");
            headers.insert(ERROR_CODE, value);
        }
    }

    fn html(&self) -> String {
        let title = escape(self.title);
        let words: String = self.words.iter().map(|text| format!("<p>{}</p>\n", escape(text))).collect();
        let action = self.action.map_or_else(String::new, |action| {
            format!(
                "<p><a class=\"action\" href=\"{}\">{}</a></p>\n",
                escape(action.href),
                escape(action.label)
            )
        });
        let code = self.code.map_or_else(String::new, |code| {
            format!("<p class=\"code\"><code>{}</code></p>\n", error_code(code))
        });
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main>\n<h1>{title}</h1>\n{words}{action}{code}</main>\n</body>\n</html>\n"
        )
    }
}

/// What every answer of the gate carries.
pub(crate) fn guard(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn content_security_policy() -> HeaderValue {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("a policy of visible ASCII is a header value")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
