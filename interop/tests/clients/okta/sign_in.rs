//! Signing in, in a browser: the same ways through Okta's Sign-In Widget and through the org's own pages.

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Value, json};

use super::exercises::{Exercise, Misbehaviour, notices};
use crate::platform::Platform;
use crate::test::Client;

const WIDGET: &str = "@okta/okta-signin-widget";

/// The sign-in pages that an org shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pages {
    /// The org's own.
    Own,
    /// Okta's Sign-In Widget, as Identity Engine's page.
    IdentityEngine,
    /// The same, as Classic Engine's page.
    Classic,
}

impl Pages {
    /// Its file in the folder of pages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::IdentityEngine => "identity-engine",
            Self::Classic => "classic",
        }
    }

    /// What the org is started with, given the folder of the clients' packages.
    pub(crate) fn arguments(self, packages: &Path) -> Vec<OsString> {
        if self == Self::Own {
            return Vec::new();
        }
        let widget = packages.join("node_modules").join(WIDGET);
        vec!["--sign-in-widget".into(), widget.into(), "--engine".into(), self.name().into()]
    }
}

pub(crate) fn exercises() -> Vec<Exercise> {
    let (password, code, push, key) = (
        "exercises/sign-in-password",
        "exercises/sign-in-code",
        "exercises/sign-in-push",
        "exercises/sign-in-security-key",
    );
    let (engine, classic) = (Pages::IdentityEngine, Pages::Classic);
    let outage = || vec![notices("an-outage", fails("proof", 503), "Internal Server Error")];
    let no_poll = vec![notices("an-outage", fails("poll", 503), "Internal Server Error")];
    let too_often = vec![notices("a-rate-limit", fails("proof", 429), "You exceeded the maximum number")];
    vec![
        widget(engine, "widget/identity-engine/password", password, by_password, of_identity_engine()),
        widget(engine, "widget/identity-engine/code", code, by_code, outage()),
        widget(engine, "widget/identity-engine/push", push, by_push, no_poll),
        widget(engine, "widget/identity-engine/security-key", key, by_security_key, outage()),
        widget(classic, "widget/classic/password", password, by_password, of_classic()),
        widget(classic, "widget/classic/code", code, by_code, outage()),
        widget(classic, "widget/classic/push", push, by_push, too_often),
        widget(classic, "widget/classic/security-key", key, by_security_key, outage()),
        own("own-pages/code", code, by_code),
        own("own-pages/push", push, by_push),
        own("own-pages/security-key", key, by_security_key),
    ]
}

/// A way through Okta's widget.
fn widget(
    pages: Pages,
    name: &'static str,
    script: &'static str,
    expects: fn(&Value, &Value) -> Value,
    misbehaviours: Vec<Misbehaviour>,
) -> Exercise {
    let client = Client { package: WIDGET, platform: Platform::Browser };
    Exercise { client, name, pages: Some(pages), script, expects, misbehaviours }
}

/// The same way through the org's own pages, for comparison: there is no client of Okta's that could notice anything.
fn own(name: &'static str, script: &'static str, expects: fn(&Value, &Value) -> Value) -> Exercise {
    let client = Client { package: "playwright-core", platform: Platform::Browser };
    Exercise { client, name, pages: Some(Pages::Own), script, expects, misbehaviours: vec![] }
}

/// What the relying party knows of a person who has proved this much, while the browser has nothing to complain of.
fn proved(scene: &Value, amr: &[&str]) -> Value {
    json!({
        "claims": {
            "iss": scene["issuer"], "sub": scene["person"]["id"], "aud": scene["web"]["id"], "amr": amr,
            "preferred_username": "alice@acme.test",
        },
        "state": true,
        "nonce": true,
        "at_hash": true,
        "complaints": [],
    })
}

fn by_password(scene: &Value, _: &Value) -> Value {
    proved(scene, &["pwd"])
}

fn by_code(scene: &Value, _: &Value) -> Value {
    let mut seen = proved(scene, &["mfa", "otp", "pwd"]);
    // Browsers tell of every answer that is an error, and so is that to a wrong code.
    let told = |status| {
        json!([format!("Failed to load resource: the server responded with a status of {status} ()")])
    };
    match scene["pages"].as_str() {
        Some("identity-engine") => seen["complaints"] = told(401),
        Some("classic") => seen["complaints"] = told(403),
        _ => {}
    }
    seen
}

fn by_push(scene: &Value, _: &Value) -> Value {
    let mut seen = proved(scene, &["mfa", "pwd", "swk"]);
    seen["amongTheNumbers"] = true.into();
    seen
}

fn by_security_key(scene: &Value, _: &Value) -> Value {
    let mut seen = proved(scene, &["hwk", "mfa", "pwd"]);
    seen["rpId"] = "acme.okta.localhost".into();
    seen["used"] = true.into();
    seen
}

/// An endpoint of the sign-in answers so.
fn fails(endpoint: &str, status: u16) -> Value {
    json!({ "answer_status": { "endpoint": endpoint, "status": status } })
}

fn says(endpoint: &str, body: &str) -> Value {
    json!({ "answer_body": { "endpoint": endpoint, "body": body } })
}

fn of_identity_engine() -> Vec<Misbehaviour> {
    vec![
        notices("an-answer-without-a-state", says("sign_in", "{}"), "The sign-in page can't be shown"),
        notices("a-rate-limit", fails("identify", 429), "You exceeded the maximum number of requests."),
        notices("an-answer-that-is-no-json", says("identify", "<html>"), "is not valid JSON"),
    ]
}

fn of_classic() -> Vec<Misbehaviour> {
    vec![
        notices("an-outage", fails("identify", 503), "Internal Server Error"),
        notices("a-rate-limit", fails("identify", 429), "You exceeded the maximum number of requests."),
        notices("an-answer-that-is-no-json", says("identify", "<html>"), "Could not parse server response"),
    ]
}
