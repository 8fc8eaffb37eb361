//! Authtokens: listed by name, shown only on request.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;

use super::answer::render;
use super::change::Change;
use super::fault::Fault;
use super::frame::{Frame, Section};
use super::viewer::Viewer;
use crate::model::{Credential, CredentialId};

#[derive(Template)]
#[template(path = "dashboard/authtokens.html")]
struct AuthtokensPage {
    frame: Frame,
    credentials: Vec<Row>,
}

struct Row {
    id: CredentialId,
    description: String,
    created: String,
    shown: Option<String>,
}

pub(super) async fn list(viewer: Viewer) -> Result<Response, Fault> {
    page(&viewer, None)
}

pub(super) async fn reveal(Path(credential): Path<String>, change: Change) -> Result<Response, Fault> {
    let id = CredentialId::parse(&credential).ok_or(Fault::NotFound)?;
    page(&change.viewer, Some(&id))
}

fn page(viewer: &Viewer, shown: Option<&CredentialId>) -> Result<Response, Fault> {
    let credentials = viewer.account.credentials()?;
    if let Some(id) = shown
        && !credentials.iter().any(|credential| credential.id == *id)
    {
        return Err(Fault::NotFound);
    }
    let row = |credential: Credential| Row {
        shown: (Some(&credential.id) == shown).then(|| credential.token.expose().to_owned()),
        created: credential.created_at.format("%-d %B %Y, %H:%M").to_string(),
        description: credential.description,
        id: credential.id,
    };
    let credentials = credentials.into_iter().map(row).collect();
    Ok(render(
        StatusCode::OK,
        &AuthtokensPage { frame: Frame::new(viewer, Section::Authtokens)?, credentials },
    ))
}
