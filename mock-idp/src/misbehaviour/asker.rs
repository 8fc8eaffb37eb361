//! On whose behalf a request comes, as it says itself: nothing is believed or used up by looking.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, Request, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::model::{AppId, UserId};
use crate::site::Site;
use crate::web::{Params, Visit, read_body};

/// More than any form that the org's endpoints read.
const MAX_FORM: usize = 64 * 1024;

/// The app and the user that a request is for.
#[derive(Clone, Debug, Default)]
pub(super) struct Asker {
    pub(super) app: Option<AppId>,
    pub(super) user: Option<UserId>,
}

impl Asker {
    /// Looks at a request and gives it back.
    ///
    /// # Errors
    /// The status to answer with when a form can't be read.
    pub(super) async fn of(
        site: &Site,
        visit: &Visit,
        request: Request<Body>,
    ) -> Result<(Self, Request<Body>), StatusCode> {
        let query = Params::parse(visit.uri.query().unwrap_or_default().as_bytes());
        let (form, request) = form(request).await?;
        let parameter = |name: &str| form.value(name).or(query.value(name)).map(str::to_owned);
        let (basic, bearer) = credentials(&visit.headers);
        let handed = ["code", "refresh_token", "token", "access_token"].into_iter().filter_map(parameter);
        let grant = bearer.into_iter().chain(handed).find_map(|it| site.grants.holder(&it, site.now()));
        let (app, user) = grant.map_or((None, None), |(app, user)| (Some(app), user));
        let claimed = basic.or(parameter("client_id")).or_else(|| asserted(&parameter("client_assertion")?));
        let signed_in = || visit.session(site).map(|session| session.user);
        let asker = Self { app: claimed.map(|id| AppId::new(&id)).or(app), user: user.or_else(signed_in) };
        Ok((asker, request))
    }
}

/// The form that a request carries, if it carries one.
async fn form(request: Request<Body>) -> Result<(Params, Request<Body>), StatusCode> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type
        .is_some_and(|it| it.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"))
    {
        return Ok((Params::default(), request));
    }
    let (head, body) = request.into_parts();
    let bytes = read_body(body, MAX_FORM).await?;
    Ok((Params::parse(&bytes), Request::from_parts(head, Body::from(bytes))))
}

/// The client id of a Basic header, and the token of a Bearer one.
fn credentials(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, credentials)) = value.and_then(|value| value.split_once(' ')) else {
        return (None, None);
    };
    if scheme.eq_ignore_ascii_case("bearer") {
        return (None, Some(credentials.trim().to_owned()));
    }
    let decoded = STANDARD.decode(credentials.trim()).unwrap_or_default();
    let decoded = String::from_utf8_lossy(&decoded);
    let id = decoded.split_once(':').map(|(id, _)| percent_decode_str(id).decode_utf8_lossy().into_owned());
    (id, None)
}

/// For which client a JWT assertion is (RFC 7523, 3).
fn asserted(assertion: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims["sub"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_stands_in_a_header_or_an_assertion_is_looked_at(text in "\\PC{0,80}") {
            asserted(&text);
            asserted(&format!("e30.{}.", URL_SAFE_NO_PAD.encode(&text)));
            for scheme in ["Basic", "Bearer", "", "Basic "] {
                let mut headers = HeaderMap::new();
                if let Ok(value) = format!("{scheme} {text}").parse() {
                    headers.insert(header::AUTHORIZATION, value);
                }
                credentials(&headers);
            }
        }
    }

    #[test]
    fn an_assertion_is_for_its_subject() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"iss":"0oa1","sub":"0oa1"}"#);
        assert_eq!(asserted(&format!("e30.{claims}.c2ln")), Some("0oa1".to_owned()));
        assert_eq!(asserted("nothing"), None);
    }
}
