//! A login that the org begins: the dashboard's tile sends the browser to the app's initiate-login URI, and the app
//! asks for the login itself (OpenID Connect Core, section 4).

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use url::Url;

use super::authorize::page;
use super::error;
use crate::model::{AppId, AppStatus, Entry, EventType, LoginInitiatedBy};
use crate::site::Site;
use crate::web::{SignedIn, Visit, error_page, redirect};

/// `/home/{name}/{id}`.
pub(super) async fn open_app(
    State(site): State<Site>,
    Path((name, id)): Path<(String, String)>,
    visit: Visit,
    signed_in: SignedIn,
) -> Response {
    let app = site.model.app(&AppId::new(&id));
    let Some(app) = app.filter(|app| app.name == name && app.status == AppStatus::Active) else {
        let text = "There is no such app here, or it is not in use.";
        return error_page(&site, StatusCode::NOT_FOUND, "App not found", text);
    };
    let user = &signed_in.user;
    if site.model.assignment(&app.id, &user.id).is_none() {
        let attempt =
            Entry::of(EventType::UnauthorizedAppAccess).failed(error::user_not_assigned().description);
        site.model.log(attempt.to(app.party()).to(user.party()), &visit.cause_in(&signed_in.session));
        return page(&site, &error::user_not_assigned(), StatusCode::FORBIDDEN);
    }
    let uri = app.settings.initiate_login_uri.as_deref().and_then(|uri| Url::parse(uri).ok());
    match uri.filter(|_| app.settings.login_initiated_by == LoginInitiatedBy::EitherOktaOrApp) {
        Some(mut uri) => {
            uri.query_pairs_mut().append_pair("iss", &site.issuer());
            redirect(uri.as_str())
        }
        None => page(&site, &error::idp_initiated_disabled(), StatusCode::BAD_REQUEST),
    }
}
