//! Security > Authenticators: what people can prove with who they are.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::factors::kind_label;
use super::frame::{Frame, Page};
use crate::model::{FactorKind, FactorStatus, PageRequest};
use crate::site::Site;
use crate::web::{SignedIn, html};

#[derive(Template)]
#[template(path = "console/authenticators.html")]
struct Authenticators {
    frame: Frame,
    passwords: usize,
    rows: Vec<Row>,
}

/// A kind of factor.
struct Row {
    name: &'static str,
    shows: &'static str,
    /// How many people have one that is active.
    people: usize,
}

/// What a proof of this kind shows.
fn shows(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Totp | FactorKind::Push => "Possession, user presence, device bound",
        FactorKind::WebAuthn => {
            "Possession, user presence or verification, phishing resistant; hardware protected and device bound unless \
             the key can be backed up"
        }
        FactorKind::SignedNonce => {
            "Possession, user presence or verification, phishing resistant, device bound. A simulation: a device signs a \
             nonce; it speaks nothing of Okta Verify's own protocol and claims no protection by hardware."
        }
    }
}

pub(super) async fn show(State(site): State<Site>, by: SignedIn) -> Response {
    let users = site.model.users(&PageRequest::all(), |_| true).items;
    let mut people = FactorKind::ALL.map(|kind| (kind, 0));
    for user in &users {
        let factors = site.model.factors_of(&user.id);
        for (kind, count) in &mut people {
            let has =
                factors.iter().any(|factor| factor.kind() == *kind && factor.status == FactorStatus::Active);
            *count += usize::from(has);
        }
    }
    let row = |(kind, people)| Row { name: kind_label(kind), shows: shows(kind), people };
    let page = Authenticators {
        frame: Frame::around(Page::Authenticators, &site, &by),
        passwords: users.iter().filter(|user| user.has_password()).count(),
        rows: people.map(row).into_iter().collect(),
    };
    html(StatusCode::OK, &page)
}
