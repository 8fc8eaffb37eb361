//! People: who signed in to endpoints, and how to show them out.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use super::answer::render;
use super::change::Change;
use super::fault::Fault;
use super::frame::{Frame, Section};
use super::moment::day;
use super::viewer::Viewer;
use crate::model::{AppSession, AppUser, AppUserId};

#[derive(Template)]
#[template(path = "dashboard/people.html")]
struct PeoplePage {
    frame: Frame,
    people: Vec<Person>,
}

struct Person {
    id: AppUserId,
    called: String,
    name: String,
    issuer: String,
    subject: String,
    sessions: Vec<Session>,
}

struct Session {
    id: String,
    url: String,
    began: String,
    last_used: String,
    expires: String,
}

pub(super) async fn list(viewer: Viewer) -> Result<Response, Fault> {
    let account = &viewer.account;
    let sessions = account.app_sessions();
    let person = |user: AppUser| {
        let own = sessions.iter().rev().filter(|session| account.app_user_of(session) == user.id);
        let called = user.identity.email.clone().unwrap_or_else(|| user.identity.id.clone());
        Person {
            called,
            name: user.identity.name.unwrap_or_default(),
            issuer: user.identity.issuer,
            subject: user.identity.id,
            sessions: own.map(session).collect(),
            id: user.id,
        }
    };
    let people = account.app_users().into_iter().map(person).collect();
    Ok(render(StatusCode::OK, &PeoplePage { frame: Frame::new(&viewer, Section::People)?, people }))
}

pub(super) async fn revoke(Path(id): Path<String>, change: Change) -> Result<Response, Fault> {
    change.viewer.account.revoke_app_session(&id)?;
    Ok(Redirect::to("/people").into_response())
}

pub(super) async fn show_out(Path(id): Path<String>, change: Change) -> Result<Response, Fault> {
    let id = AppUserId::parse(&id).ok_or(Fault::NotFound)?;
    change.viewer.account.revoke_app_user(&id)?;
    Ok(Redirect::to("/people").into_response())
}

fn session(session: &AppSession) -> Session {
    Session {
        id: session.id.to_string(),
        url: session.endpoint.origin().to_owned(),
        began: day(session.began),
        last_used: day(session.last_used),
        expires: day(session.expires),
    }
}
