//! Coming to the console and leaving it. How a session gets here from the org's host, the sign-in pages know.

use axum::extract::State;
use axum::response::Response;

use super::frame::Page;
use crate::sign_in::end_session;
use crate::site::Site;
use crate::web::{PostedForm, Visit, redirect, see_other};

pub(super) async fn home() -> Response {
    redirect(Page::Dashboard.path())
}

/// Ends the session on both hosts.
pub(super) async fn sign_out(State(site): State<Site>, visit: Visit, _: PostedForm) -> Response {
    end_session(&site, &visit, see_other(&format!("{}/", site.names.org_url())))
}
