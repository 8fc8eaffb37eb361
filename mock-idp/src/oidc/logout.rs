//! The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0).

use axum::extract::{Request, State};
use axum::response::Response;
use http::{Method, StatusCode};
use url::Url;

use super::authorize::page;
use super::error::{self, OAuthError};
use super::server::AuthServer;
use crate::model::{App, AppId};
use crate::sign_in;
use crate::site::Site;
use crate::web::{Params, Visit, read_form, redirect, see_other};

/// `/oauth2/v1/logout`: ends the browser's session at the org. An expired hint is as good as a fresh one; one of
/// another person than the session's is not, and then nothing ends.
pub(super) async fn logout(
    State(site): State<Site>,
    server: AuthServer,
    visit: Visit,
    request: Request,
) -> Response {
    let method = request.method().clone();
    let params = match read_form(request).await {
        Ok(params) => params,
        Err(status) => return page(&site, &error::invalid_request(), status),
    };
    match location(&site, &server, &visit, &params) {
        Ok(location) => {
            let response = if method == Method::GET { redirect(&location) } else { see_other(&location) };
            sign_in::end_session(&site, &visit, response)
        }
        Err(error) => page(&site, &error, StatusCode::BAD_REQUEST),
    }
}

/// Where the browser goes afterwards: the sign-in page unless the client registered another place.
fn location(site: &Site, server: &AuthServer, visit: &Visit, params: &Params) -> Result<String, OAuthError> {
    if params.duplicate().is_some() {
        return Err(error::duplicate_parameters());
    }
    let hint = params.value("id_token_hint").ok_or_else(|| error::missing_parameter("id_token_hint"))?;
    let claims = server.keys.verify_id_token(hint).ok_or_else(error::id_token_invalid)?;
    let claim = |name: &str| claims.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let app = site.model.app(&AppId::new(claim("aud"))).ok_or_else(error::id_token_invalid)?;
    if visit.session(site).is_some_and(|session| session.user.as_str() != claim("sub")) {
        return Err(error::id_token_of_another());
    }
    match params.value("post_logout_redirect_uri") {
        None => Ok("/".to_owned()),
        Some(wanted) => registered(&app, wanted, params.value("state")),
    }
}

fn registered(app: &App, wanted: &str, state: Option<&str>) -> Result<String, OAuthError> {
    let known = app.settings.post_logout_redirect_uris.iter().any(|known| known == wanted);
    let mut location =
        Url::parse(wanted).ok().filter(|_| known).ok_or_else(error::illegal_post_logout_redirect_uri)?;
    if let Some(state) = state {
        location.query_pairs_mut().append_pair("state", state);
    }
    Ok(location.into())
}
