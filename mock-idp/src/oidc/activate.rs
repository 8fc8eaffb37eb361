//! `/activate`: where people enter the code that a device shows.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{Method, StatusCode};

use super::authorize;
use super::error::OAuthError;
use super::grants::Granted;
use super::request::AuthorizeRequest;
use crate::model::{AppStatus, Digest};
use crate::site::Site;
use crate::web::{Params, Visit, error_page, html, read_form, redirect, see_other};

const ACTIVATED: &str = "/activate/done";
const DENIED: &str = "/activate/denied";

struct Around<'a> {
    org: &'a str,
    alert: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "sign_in/activate.html")]
struct Activate<'a> {
    around: Around<'a>,
    user_code: &'a str,
}

#[derive(Template)]
#[template(path = "sign_in/activated.html")]
struct Activated<'a> {
    around: Around<'a>,
    title: &'static str,
    text: &'static str,
}

/// The page; with `user_code`, as a device's link has it, filled in. Somebody still has to send it.
pub(super) async fn show(State(site): State<Site>, visit: Visit) -> Response {
    let query = Params::parse(visit.uri.query().unwrap_or_default().as_bytes());
    let code: String = query.text("user_code").chars().take(32).collect();
    page(&site, &code, None)
}

/// Takes the code, and has the person sign in for the device's client.
pub(super) async fn submit(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    let form = match read_form(request).await {
        Ok(form) => form,
        Err(status) => return error_page(&site, status, "Bad request", "The form could not be read."),
    };
    if !visit.same_origin(&site) {
        let text = "The code did not come from a page of this org. Nothing was activated; go to the page that your \
                    device names, and enter the code there.";
        return error_page(&site, StatusCode::FORBIDDEN, "This form was not accepted", text);
    }
    let typed: String = form.text("user_code").chars().take(32).collect();
    let Some((device, asked)) = site.device_requests.find(&typed, site.now()) else {
        return page(&site, &typed, Some("Invalid code. Try again."));
    };
    let app = site.model.app(&asked.app).filter(|app| app.status == AppStatus::Active);
    match app {
        Some(app) => {
            let request = AuthorizeRequest::of_device(device, &asked, &app);
            authorize::decide(&site, &visit, request, &Method::POST)
        }
        None => page(&site, &typed, Some("Invalid code. Try again.")),
    }
}

pub(super) async fn done(State(site): State<Site>) -> Response {
    let text = "Follow the instructions on your device for next steps.";
    outcome(&site, "Device activated", text)
}

pub(super) async fn denied(State(site): State<Site>) -> Response {
    outcome(&site, "Device not activated", "Your device was not given access. You can close this page.")
}

/// Tells the device what somebody decided, and the person what became of it.
pub(super) fn answer(
    site: &Site,
    device: Digest,
    answer: Result<Granted, OAuthError>,
    method: &Method,
) -> Response {
    let granted = answer.is_ok();
    if !site.device_requests.answer(device, answer, site.now()) {
        let text = "The code has expired or was used already. Get a new one from your device.";
        return error_page(site, StatusCode::BAD_REQUEST, "Device not activated", text);
    }
    let location = if granted { ACTIVATED } else { DENIED };
    if *method == Method::GET { redirect(location) } else { see_other(location) }
}

fn page(site: &Site, user_code: &str, alert: Option<&str>) -> Response {
    let status = if alert.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    html(status, &Activate { around: Around { org: &site.names.name, alert }, user_code })
}

fn outcome(site: &Site, title: &'static str, text: &'static str) -> Response {
    let around = Around { org: &site.names.name, alert: None };
    html(StatusCode::OK, &Activated { around, title, text })
}
