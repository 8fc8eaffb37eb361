//! My Apps, and what all of the dashboard's pages show.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use crate::console::Mark;
use crate::model::AppLink;
use crate::sign_in::end_session;
use crate::site::Site;
use crate::web::{PostedForm, SignedIn, Visit, html, see_other};

/// What the layout shows.
pub(super) struct Frame {
    pub(super) org: String,
    pub(super) name: String,
    pub(super) login: String,
    pub(super) csrf: String,
    /// Where administrators find the Admin Console.
    pub(super) admin_url: Option<String>,
}

impl Frame {
    pub(super) fn of(site: &Site, by: &SignedIn) -> Self {
        let administrator = site.model.is_administrator(&by.user.id);
        Self {
            org: site.names.name.clone(),
            name: by.user.profile.display_name(),
            login: by.user.profile.login.clone(),
            csrf: by.csrf.clone(),
            admin_url: administrator.then(|| format!("{}/admin/dashboard", site.names.admin_url())),
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark::of(&self.name)
    }
}

#[derive(Template)]
#[template(path = "dashboard/home.html")]
struct Home {
    frame: Frame,
    tiles: Vec<(AppLink, Mark)>,
}

pub(super) async fn home(State(site): State<Site>, by: SignedIn) -> Response {
    let tiles = site.model.app_links(&by.user.id).into_iter().map(|link| {
        let mark = Mark::of(&link.label);
        (link, mark)
    });
    html(StatusCode::OK, &Home { frame: Frame::of(&site, &by), tiles: tiles.collect() })
}

pub(super) async fn sign_out(State(site): State<Site>, visit: Visit, _: PostedForm) -> Response {
    end_session(&site, &visit, see_other("/"))
}
