//! The admin console: plain pages, links and forms, by the labels of the real one. A script makes copying easier, and
//! nothing depends on it. Whoever comes here is an administrator ([`SignedIn`](crate::web::SignedIn) sees to it), and
//! each change is a [`PostedForm`](crate::web::PostedForm).

mod add_app;
mod app_form;
mod apps;
mod assets;
mod assignments;
mod authenticators;
mod catalog;
mod choices;
mod factors;
mod frame;
mod general_security;
mod groups;
mod listing;
mod log;
mod mark;
mod networks;
mod people;
mod person_form;
mod policies;
mod refusal;
mod rows;
mod session;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod visitor;
mod wrong;

use axum::Router;
use axum::routing::{get, post};

use crate::site::Site;

pub(crate) use assets::assets;
pub(crate) use mark::Mark;

/// The pages of the admin host.
pub(crate) fn router() -> Router<Site> {
    Router::new()
        .route("/", get(session::home))
        .route("/admin/dashboard", get(log::dashboard))
        .route("/admin/apps/active", get(apps::list))
        .route("/admin/apps/add-app", get(add_app::browse))
        .route("/admin/catalog/{name}", get(add_app::entry))
        .route("/admin/catalog/{name}/add", get(add_app::general).post(add_app::done))
        .route("/admin/catalog/{name}/add/sign-on", get(add_app::sign_on))
        .route("/admin/app/{id}/general", get(apps::general))
        .route("/admin/app/{id}/edit", get(apps::edit).post(apps::save))
        .route("/admin/app/{id}/status", post(apps::set_status))
        .route("/admin/app/{id}/sign-on", get(apps::sign_on))
        .route("/admin/app/{id}/policy", post(apps::set_policy))
        .route("/admin/app/{id}/assignments", get(assignments::show))
        .route("/admin/app/{id}/assign/{kind}", get(assignments::choose).post(assignments::assign))
        .route("/admin/app/{id}/unassign/{kind}", post(assignments::unassign))
        .route("/admin/users", get(people::list))
        .route("/admin/users/add", get(person_form::add).post(person_form::create))
        .route("/admin/user/{id}", get(people::show).post(people::act))
        .route("/admin/user/{id}/edit", get(person_form::edit).post(person_form::save))
        .route("/admin/user/{id}/password", get(person_form::password).post(person_form::set_password))
        .route("/admin/user/{id}/authenticator", post(people::remove_authenticator))
        .route("/admin/groups", get(groups::list))
        .route("/admin/groups/add", get(groups::add).post(groups::create))
        .route("/admin/group/{id}", get(groups::show))
        .route("/admin/group/{id}/edit", get(groups::edit).post(groups::save))
        .route("/admin/group/{id}/delete", post(groups::delete))
        .route("/admin/group/{id}/assign", get(groups::choose).post(groups::assign))
        .route("/admin/group/{id}/unassign", post(groups::unassign))
        .route("/admin/access/general", get(general_security::show).post(general_security::save))
        .route("/admin/access/threat-rule", post(general_security::save_rule))
        .route("/admin/access/authenticators", get(authenticators::show))
        .route("/admin/access/networks", get(networks::list))
        .route("/admin/access/networks/add", get(networks::add).post(networks::create))
        .route("/admin/access/network/{id}", get(networks::edit).post(networks::save))
        .route("/admin/access/network/{id}/status", post(networks::act))
        .route("/reports/system-log", get(log::system_log))
        .route("/admin/sign-out", post(session::sign_out))
        .merge(policies::router())
        .merge(assets())
}
