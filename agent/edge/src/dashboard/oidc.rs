//! An Edge's OIDC: set up, shown, changed, taken away.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use ground::Secret;
use http::StatusCode;
use serde::Deserialize;

use super::answer::render;
use super::change::Change;
use super::edge_page::{Heading, Tab, find};
use super::edges::urls;
use super::fault::Fault;
use super::frame::{Frame, Section};
use super::viewer::Viewer;
use crate::code::{Code, Refusal};
use crate::model::{HttpsEdge, ModelError, OidcModule, PathMatch, Route};

#[derive(Template)]
#[template(path = "dashboard/oidc.html")]
struct OidcPage {
    frame: Frame,
    edge: Heading,
    entitled: bool,
    module: Option<Module>,
    saved: bool,
    redirect_uri: String,
    initiate_login_uris: Vec<String>,
}

/// What is set up, as it is shown.
struct Module {
    enabled: bool,
    issuer: String,
    client_id: String,
    /// Only on request.
    client_secret: Option<String>,
    scopes: String,
}

#[derive(Template)]
#[template(path = "dashboard/oidc_setup.html")]
struct SetupPage {
    frame: Frame,
    edge: Heading,
    changes: bool,
    issuer: String,
    client_id: String,
    problem: Option<Problem>,
    redirect_uri: String,
}

/// What was wrong with a form.
struct Problem {
    code: Code,
    message: String,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    done: Option<String>,
}

pub(super) async fn show(
    viewer: Viewer,
    Path(edge): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let edge = find(&viewer.account, &edge)?;
    page(&viewer, &edge, asked.done.as_deref() == Some("saved"), false)
}

pub(super) async fn reveal(Path(edge): Path<String>, change: Change) -> Result<Response, Fault> {
    let edge = find(&change.viewer.account, &edge)?;
    page(&change.viewer, &edge, false, true)
}

pub(super) async fn set_up(viewer: Viewer, Path(edge): Path<String>) -> Result<Response, Fault> {
    if !viewer.may_change() {
        return Err(Fault::MembersLook);
    }
    let edge = find(&viewer.account, &edge)?;
    let module = route(&edge)?.oidc.as_ref();
    let (issuer, client_id) =
        module.map(|module| (module.issuer.clone(), module.client_id.clone())).unwrap_or_default();
    form(&viewer, &edge, StatusCode::OK, issuer, client_id, None)
}

pub(super) async fn save(Path(edge): Path<String>, change: Change) -> Result<Response, Fault> {
    let Change { viewer, fields } = change;
    let edge = find(&viewer.account, &edge)?;
    let route = route(&edge)?;
    let text = |name| fields.text(name).map(|value| value.trim().to_owned());
    let (issuer, client_id, client_secret) = (text("issuer")?, text("client_id")?, text("client_secret")?);
    let client_secret = Secret::new("client secret", client_secret);
    let module = module(route.oidc.as_ref(), &issuer, &client_id, client_secret);
    match viewer.account.set_oidc(&edge.id, &route.id, Some(module)) {
        Ok(_) => Ok(Redirect::to(&format!("/edges/{}/oidc?done=saved", edge.id)).into_response()),
        Err(ModelError::Refused(Refusal { code, message })) => {
            let problem = Some(Problem { code, message });
            form(&viewer, &edge, StatusCode::UNPROCESSABLE_ENTITY, issuer, client_id, problem)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn remove(Path(edge): Path<String>, change: Change) -> Result<Response, Fault> {
    let account = &change.viewer.account;
    let edge = find(account, &edge)?;
    account.set_oidc(&edge.id, &route(&edge)?.id, None)?;
    Ok(Redirect::to(&format!("/edges/{}/oidc", edge.id)).into_response())
}

/// The module that a form asks for. What the form doesn't name stays, the secret too when it is left empty for the
/// same client.
fn module(before: Option<&OidcModule>, issuer: &str, client_id: &str, client_secret: Secret) -> OidcModule {
    let Some(before) = before else { return OidcModule::new(issuer, client_id, client_secret) };
    let keeps = client_secret.expose().is_empty() && before.issuer == issuer && before.client_id == client_id;
    OidcModule {
        enabled: true,
        issuer: issuer.to_owned(),
        client_id: client_id.to_owned(),
        client_secret: if keeps { before.client_secret.clone() } else { client_secret },
        ..before.clone()
    }
}

/// The route that the dashboard sets up: the one for every path.
fn route(edge: &HttpsEdge) -> Result<&Route, Fault> {
    let everything = PathMatch::Prefix("/".to_owned());
    edge.routes.iter().find(|route| route.matches == everything).ok_or_else(|| Fault::Refused {
        status: StatusCode::CONFLICT,
        code: Code::NO_ROUTE,
        reason: "This Edge has no route for every path. Set OIDC up on its routes by the API.".to_owned(),
    })
}

fn page(viewer: &Viewer, edge: &HttpsEdge, saved: bool, with_secret: bool) -> Result<Response, Fault> {
    let module = route(edge)?.oidc.as_ref().map(|module| Module {
        enabled: module.enabled,
        issuer: module.issuer.clone(),
        client_id: module.client_id.clone(),
        client_secret: with_secret.then(|| module.client_secret.expose().to_owned()),
        scopes: module.scopes.join(" "),
    });
    let initiate = |url: String| format!("{url}{}", gate::LOGIN_PATH);
    let page = OidcPage {
        frame: Frame::new(viewer, Section::Edges)?,
        edge: Heading::new(edge, Tab::Oidc),
        entitled: viewer.account.profile()?.oidc,
        saved: saved && module.is_some(),
        module,
        redirect_uri: redirect_uri(viewer),
        initiate_login_uris: urls(&viewer.account, edge).into_iter().map(initiate).collect(),
    };
    Ok(render(StatusCode::OK, &page))
}

fn form(
    viewer: &Viewer,
    edge: &HttpsEdge,
    status: StatusCode,
    issuer: String,
    client_id: String,
    problem: Option<Problem>,
) -> Result<Response, Fault> {
    let page = SetupPage {
        frame: Frame::new(viewer, Section::Edges)?,
        edge: Heading::new(edge, Tab::Oidc),
        changes: route(edge)?.oidc.is_some(),
        issuer,
        client_id,
        problem,
        redirect_uri: redirect_uri(viewer),
    };
    Ok(render(status, &page))
}

fn redirect_uri(viewer: &Viewer) -> String {
    viewer.account.model().relying_party().redirect_uri().to_owned()
}
