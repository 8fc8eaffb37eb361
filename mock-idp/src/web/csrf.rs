//! Forms that change something come from our own pages, sent by the person whom we gave the page.

use aws_lc_rs::hmac;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ground::random;
use http::StatusCode;

use super::pages::error_page;
use super::params::{Params, read_form};
use super::visit::{SignedIn, Visit};
use crate::model::{SessionId, Surface};
use crate::site::Site;

/// Makes the tokens that forms carry, one for each session and host.
pub(crate) struct CsrfKey {
    key: hmac::Key,
}

impl CsrfKey {
    pub(crate) fn new() -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>()) }
    }

    pub(crate) fn token(&self, session: &SessionId, surface: Surface) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, &subject(session, surface)))
    }

    /// In a time that doesn't tell how much of the token was right.
    pub(crate) fn accepts(&self, token: &str, session: &SessionId, surface: Surface) -> bool {
        let Ok(tag) = URL_SAFE_NO_PAD.decode(token) else { return false };
        hmac::verify(&self.key, &subject(session, surface), &tag).is_ok()
    }
}

fn subject(session: &SessionId, surface: Surface) -> Vec<u8> {
    format!("{surface:?} {session}").into_bytes()
}

/// A form that a signed-in person sent from one of our pages: the `Origin` is ours and the `csrf` member is this
/// session's.
pub(crate) struct PostedForm {
    pub(crate) by: SignedIn,
    pub(crate) form: Params,
}

impl FromRequest<Site> for PostedForm {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let by =
            <SignedIn as axum::extract::FromRequestParts<Site>>::from_request_parts(&mut parts, site).await?;
        let visit = parts.extensions.get::<Visit>().cloned();
        let form = read_form(Request::from_parts(parts, body)).await.map_err(IntoResponse::into_response)?;
        let genuine = visit.is_some_and(|visit| {
            visit.same_origin(site) && site.csrf.accepts(form.text("csrf"), &by.session.id, visit.surface)
        });
        if !genuine {
            let text = "The form did not come from a page of this org that was given to you. Nothing was changed; \
                        go back, reload the page and try again.";
            return Err(
                error_page(site, StatusCode::FORBIDDEN, "This form was not accepted", text).into_response()
            );
        }
        Ok(Self { by, form })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_session_its_host_and_its_org() {
        let key = CsrfKey::new();
        let (session, other) = (SessionId::new("102a"), SessionId::new("102b"));
        let token = key.token(&session, Surface::Org);
        assert!(key.accepts(&token, &session, Surface::Org));
        assert!(!key.accepts(&token, &other, Surface::Org));
        assert!(!key.accepts(&token, &session, Surface::Admin));
        assert!(!key.accepts("", &session, Surface::Org));
        assert!(!CsrfKey::new().accepts(&token, &session, Surface::Org));
    }
}
