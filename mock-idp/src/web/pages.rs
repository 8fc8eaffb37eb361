//! HTML answers, redirects and the files that pages load.

use askama::Template;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use url::Url;

use crate::site::Site;

/// No inline script or style, nothing from elsewhere. Forms may lead anywhere by https: a browser holds `form-action`
/// against every redirect that follows, and a sign-in ends at the relying party.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
                                       form-action https:; base-uri 'none'; frame-ancestors 'self'; connect-src 'self'";

/// The part of every policy that says where forms lead.
const FORMS: &str = "form-action https:";

/// Answers with a rendered page. Its forms' posts name their `Origin`, which `no-referrer` would make `null`.
pub(crate) fn html(status: StatusCode, page: &impl Template) -> Response {
    html_under(CONTENT_SECURITY_POLICY, status, page)
}

/// The same, for a page whose script asks these origins too.
pub(crate) fn html_connecting_to(origins: &[&str], status: StatusCode, page: &impl Template) -> Response {
    html_under(&format!("{CONTENT_SECURITY_POLICY} {}", origins.join(" ")), status, page)
}

/// The same, for a page that needs a policy of its own.
pub(crate) fn html_under(policy: &str, status: StatusCode, page: &impl Template) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    match page.render() {
        Ok(text) => (status, headers, text).into_response(),
        // Our templates only write texts into memory.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The same answer, whose forms may lead to this URL too: an app on its developer's machine has no https, and one on a
/// phone a scheme of its own.
pub(crate) fn leading_to(url: &str, mut response: Response) -> Response {
    let policy = response.headers().get(header::CONTENT_SECURITY_POLICY);
    let policy = policy.and_then(|policy| policy.to_str().ok()).unwrap_or_default();
    let policy = source(url).map(|source| policy.replace(FORMS, &format!("{FORMS} {source}")));
    if let Some(policy) = policy.and_then(|policy| HeaderValue::from_str(&policy).ok()) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What a policy calls a URL that isn't of https.
fn source(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let source = match url.scheme() {
        "https" => return None,
        "http" => url.origin().ascii_serialization(),
        scheme => format!("{scheme}:"),
    };
    // Hosts may have letters that mean something in a policy.
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "+-./:[]".contains(letter);
    source.chars().all(plain).then_some(source)
}

/// 302, for an answer to a GET.
pub(crate) fn redirect(location: &str) -> Response {
    towards(StatusCode::FOUND, location)
}

/// 303, for an answer to a POST: the browser must not repeat it (RFC 9700, 2.1 and 4.12).
pub(crate) fn see_other(location: &str) -> Response {
    towards(StatusCode::SEE_OTHER, location)
}

fn towards(status: StatusCode, location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (
            status,
            [
                (header::LOCATION, location),
                (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            ],
        )
            .into_response(),
        // Every location is a parsed URL or a path that has been looked at.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page that says what went wrong.
#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    pub(crate) org: &'a str,
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    /// The error's code, for those who know it.
    pub(crate) code: &'a str,
}

/// A page that says what went wrong, without a code.
pub(crate) fn error_page(site: &Site, status: StatusCode, title: &str, text: &str) -> Response {
    html(status, &ErrorPage { org: &site.names.name, title, text, code: "" })
}

/// The files that pages load, on both hosts.
pub(crate) fn assets() -> Router<Site> {
    let script = |text| move || async move { asset("text/javascript; charset=utf-8", text) };
    let css = || asset("text/css; charset=utf-8", include_str!("../../templates/assets/org.css"));
    let form_post =
        || asset("text/javascript; charset=utf-8", include_str!("../../templates/assets/form-post.js"));
    let post_message =
        || asset("text/javascript; charset=utf-8", include_str!("../../templates/assets/post-message.js"));
    let widget = || asset("text/javascript; charset=utf-8", include_str!("../../templates/assets/widget.js"));
    let icon = || asset("image/svg+xml", include_str!("../../templates/assets/org.svg"));
    Router::new()
        .route("/assets/org.css", get(move || async move { css() }))
        .route("/assets/form-post.js", get(move || async move { form_post() }))
        .route("/assets/post-message.js", get(move || async move { post_message() }))
        .route("/assets/widget.js", get(move || async move { widget() }))
        .route("/assets/await-device.js", get(script(include_str!("../../templates/assets/await-device.js"))))
        .route("/assets/security-key.js", get(script(include_str!("../../templates/assets/security-key.js"))))
        .route("/assets/fastpass.js", get(script(include_str!("../../templates/assets/fastpass.js"))))
        .route(
            "/assets/widget-classic.js",
            get(script(include_str!("../../templates/assets/widget-classic.js"))),
        )
        .route("/assets/org.svg", get(move || async move { icon() }))
        .route("/favicon.ico", get(move || async move { icon() }))
}

/// A file that pages load; browsers keep it for an hour.
fn asset(content_type: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_what_is_not_of_https_and_nothing_else() {
        assert_eq!(source("https://idp.tunnel.test/oauth2/callback"), None);
        assert_eq!(source("http://localhost:3000/callback?a=b").as_deref(), Some("http://localhost:3000"));
        assert_eq!(source("http://[::1]:3000/").as_deref(), Some("http://[::1]:3000"));
        assert_eq!(source("com.example.app:/callback").as_deref(), Some("com.example.app:"));
        assert_eq!(source("http://a;script-src,b/"), None);
        assert_eq!(source("callback"), None);
    }
}
