//! The gate's answers.

use http::header::{self, HeaderValue};
use http::{Response, StatusCode};

use crate::decision::LOGIN_PATH;
use crate::page::{Action, Page, guard};
use crate::{Endpoint, Refusal};

/// Sends a browser elsewhere, storing nothing and naming no referrer.
pub(crate) fn redirect(status: StatusCode, to: &str) -> Result<Response<String>, Refusal> {
    let location =
        HeaderValue::try_from(to).map_err(|_| Refusal::Metadata(format!("{to:?} is no location")))?;
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    guard(headers);
    headers.insert(header::LOCATION, location);
    Ok(response)
}

/// Tells someone why not. Programs get words without markup, and the name of the cookie that would let them in.
pub(crate) fn refusal(refusal: &Refusal, endpoint: Option<&Endpoint>, cookie: &str) -> Response<String> {
    let again = endpoint.filter(|_| refusal.is_worth_another_try());
    let page = Page {
        status: refusal.status(),
        code: Some(refusal.code()),
        title: refusal.title(),
        words: &refusal.words(),
        action: again.map(|_| start_again(refusal)),
    };
    let mut response =
        if refusal.status() == StatusCode::UNAUTHORIZED { page.plain_answer() } else { page.answer() };
    match refusal.status() {
        StatusCode::UNAUTHORIZED => {
            let challenge = format!("Cookie realm=\"gate\", cookie-name=\"{cookie}\"");
            if let Ok(challenge) = HeaderValue::try_from(challenge) {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        }
        _ => {}
    }
    response
}

/// Whoever was recognized and refused gets the chance to be someone else; everyone else just opens the site.
fn start_again(refusal: &Refusal) -> Action<'static> {
    match refusal {
        Refusal::Provider { .. }
        | Refusal::NoEmail
        | Refusal::EmailUnverified
        | Refusal::NotPermitted { .. } => Action { label: "Sign in with another account", href: LOGIN_PATH },
        _ => Action { label: "Start again", href: "/" },
    }
}

/// What is shown after signing out. It leads back only when asked to, else single sign-on would undo it at once.
pub(crate) fn signed_out() -> Response<String> {
    let words = [
        "You are signed out of this site.".to_owned(),
        "You may still be signed in at your identity provider. Sign out there too if others use this computer.".to_owned(),
    ];
    let page = Page {
        status: StatusCode::OK,
        code: None,
        title: "Signed out",
        words: &words,
        action: Some(Action { label: "Sign in again", href: LOGIN_PATH }),
    };
    page.answer()
}
