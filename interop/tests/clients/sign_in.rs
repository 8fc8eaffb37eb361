//! Signing in, in a browser: the same ways through Okta's Sign-In Widget and through the org's own pages.

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Value, json};

use crate::exercises::{Exercise, Misbehaviour, notices};
use crate::platform::Platform;

const WIDGET: &str = "@okta/okta-signin-widget";

/// The sign-in pages that an org shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pages {
    /// The org's own.
    Own,
    /// Okta's Sign-In Widget, as Identity Engine's page.
    IdentityEngine,
}

impl Pages {
    /// Its file in the folder of pages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::IdentityEngine => "identity-engine",
        }
    }

    /// What the org is started with, given the folder of the clients' packages.
    pub(crate) fn arguments(self, packages: &Path) -> Vec<OsString> {
        let widget = packages.join("node_modules").join(WIDGET);
        match self {
            Self::Own => Vec::new(),
            Self::IdentityEngine => vec!["--sign-in-widget".into(), widget.into()],
        }
    }
}

pub(crate) fn exercises() -> Vec<Exercise> {
    let (code, push, key) = ("sign-in-code", "sign-in-push", "sign-in-security-key");
    vec![
        widget("widget/identity-engine/password", "sign-in-password", by_password, troubled_at_the_start()),
        widget("widget/identity-engine/code", code, by_code, vec![no_answer_to_a_proof()]),
        widget("widget/identity-engine/push", push, by_push, troubled_while_it_waits()),
        widget("widget/identity-engine/security-key", key, by_security_key, vec![no_answer_to_a_proof()]),
        own("own-pages/code", code, by_code),
        own("own-pages/push", push, by_push),
        own("own-pages/security-key", key, by_security_key),
    ]
}

/// A way through Okta's widget.
fn widget(
    name: &'static str,
    script: &'static str,
    expects: fn(&Value, &Value) -> Value,
    misbehaviours: Vec<Misbehaviour>,
) -> Exercise {
    let (client, pages) = (WIDGET, Some(Pages::IdentityEngine));
    Exercise { client, platform: Platform::Browser, name, pages, script, expects, misbehaviours }
}

/// The same way through the org's own pages, for comparison: there is no client of Okta's that could notice anything.
fn own(name: &'static str, script: &'static str, expects: fn(&Value, &Value) -> Value) -> Exercise {
    let (client, pages, misbehaviours) = ("playwright-core", Some(Pages::Own), vec![]);
    Exercise { client, platform: Platform::Browser, name, pages, script, expects, misbehaviours }
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
    if scene["pages"] != "own" {
        // Browsers tell of every answer that is an error, and so is that to a wrong code.
        seen["complaints"] = json!(["Failed to load resource: the server responded with a status of 401 ()"]);
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

fn troubled_at_the_start() -> Vec<Misbehaviour> {
    vec![
        notices(
            "an-answer-without-a-state",
            json!({ "answer_body": { "endpoint": "sign_in", "body": "{}" } }),
            "The sign-in page can't be shown",
        ),
        notices(
            "a-rate-limit",
            json!({ "answer_status": { "endpoint": "identify", "status": 429 } }),
            "You exceeded the maximum number of requests.",
        ),
        notices(
            "an-answer-that-is-no-json",
            json!({ "answer_body": { "endpoint": "identify", "body": "<html>" } }),
            "is not valid JSON",
        ),
    ]
}

fn no_answer_to_a_proof() -> Misbehaviour {
    notices(
        "an-outage",
        json!({ "answer_status": { "endpoint": "proof", "status": 503 } }),
        "Internal Server Error",
    )
}

fn troubled_while_it_waits() -> Vec<Misbehaviour> {
    vec![notices(
        "an-outage",
        json!({ "answer_status": { "endpoint": "poll", "status": 503 } }),
        "Internal Server Error",
    )]
}
