//! The exercises: which client, what only a correct org makes it see, and what it has to notice.

use serde_json::{Value, json};

use super::sign_in::{self, Pages};
use crate::platform::Platform;
use crate::test::Client;

/// What one client is put to.
#[derive(Clone)]
pub(crate) struct Exercise {
    pub(crate) client: Client,
    /// Its name in the list of tests.
    pub(crate) name: &'static str,
    /// Which sign-in pages the org shows, where it is played in a browser.
    pub(crate) pages: Option<Pages>,
    /// Its file in the platform's folder, without its ending.
    pub(crate) script: &'static str,
    /// What it is to see, given the scene and what it saw: ids and moments are the org's own.
    pub(crate) expects: fn(&Value, &Value) -> Value,
    pub(crate) misbehaviours: Vec<Misbehaviour>,
}

/// What an org does wrong, and what the client says then.
#[derive(Clone)]
pub(crate) struct Misbehaviour {
    pub(crate) name: &'static str,
    /// As the org's misbehaviour control takes it.
    pub(crate) fault: Value,
    /// Part of the client's own error.
    pub(crate) refusal: &'static str,
}

pub(crate) fn all() -> Vec<Exercise> {
    let others = [
        jwt_verifier(),
        oidc_middleware(),
        auth_js(),
        auth_js_authn(),
        node_directory(),
        node_apps(),
        python(),
    ];
    sign_in::exercises().into_iter().chain(others).collect()
}

fn jwt_verifier() -> Exercise {
    Exercise {
        client: Client { package: "@okta/jwt-verifier", platform: Platform::Node },
        name: "jwt-verifier",
        pages: None,
        script: "exercises/jwt-verifier",
        expects: |scene, seen| {
            json!({
                "header": { "alg": "RS256" },
                "claims": {
                    "iss": scene["issuer"], "sub": scene["person"]["id"], "aud": scene["web"]["id"],
                    "nonce": seen["nonce"], "ver": 1, "amr": ["pwd"], "preferred_username": "alice@acme.test",
                },
                "accessToken": "no such key",
            })
        },
        misbehaviours: vec![
            notices("another-key", json!({ "id_token_signature": "wrong" }), "Signature verification failed"),
            notices(
                "no-signature",
                json!({ "id_token_signature": "none" }),
                "Unexpected signature algorithm",
            ),
            notices(
                "a-signature-with-the-client-secret",
                json!({ "id_token_signature": "hs256_with_client_secret" }),
                "Unexpected signature algorithm",
            ),
            notices("an-unknown-kid", json!({ "id_token_kid": "unknown" }), "resolving signing key"),
            notices("an-expired-token", json!("id_token_expired"), "Jwt is expired"),
            notices("another-audience", claim("aud", "0oaOther"), "does not match expected client id"),
            notices(
                "another-issuer",
                claim("iss", "https://evil.okta.localhost"),
                "does not match expected issuer",
            ),
            notices("another-nonce", claim("nonce", "altered"), "does not match expected nonce"),
            notices("no-password", claim("amr", "none"), "does not include expected value 'pwd'"),
        ],
    }
}

fn oidc_middleware() -> Exercise {
    Exercise {
        client: Client { package: "@okta/oidc-middleware", platform: Platform::Node },
        name: "oidc-middleware",
        pages: None,
        script: "exercises/oidc-middleware",
        expects: |scene, _| {
            json!({
                "userinfo": {
                    "sub": scene["person"]["id"], "given_name": "Alice", "email": "alice@acme.test",
                    "email_verified": true,
                },
                // The app's session has ended, and so has the org's: it asks who is there.
                "goodbye": "signed out",
                "again": format!("{}/oauth2/v1/authorize", scene["issuer"].as_str().unwrap_or_default()),
            })
        },
        misbehaviours: vec![
            notices(
                "another-issuer-in-the-metadata",
                json!({ "discovery_member": { "name": "issuer", "value": "https://evil.okta.localhost" } }),
                "unexpected iss value",
            ),
            notices(
                "another-key",
                json!({ "id_token_signature": "wrong" }),
                "failed to validate JWT signature",
            ),
            // It asks for no nonce, so there is to be none.
            notices("a-nonce-that-it-did-not-ask-for", claim("nonce", "added"), "nonce mismatch"),
            notices("another-access-token", claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), "at_hash mismatch"),
            notices(
                "somebody-else-in-userinfo",
                json!({ "userinfo_claim": { "name": "sub", "value": "00uOther" } }),
                "userinfo sub mismatch",
            ),
            notices(
                "an-altered-state",
                json!({ "callback_parameter": { "name": "state", "value": "altered" } }),
                "state mismatch",
            ),
        ],
    }
}

fn auth_js() -> Exercise {
    Exercise {
        client: Client { package: "@okta/okta-auth-js", platform: Platform::Node },
        name: "auth-js",
        pages: None,
        script: "exercises/auth-js",
        expects: |scene, seen| {
            json!({
                "asked": { "client_id": scene["spa"]["id"], "code_challenge_method": "S256" },
                "claims": {
                    "iss": scene["issuer"], "sub": scene["person"]["id"], "aud": scene["spa"]["id"],
                    "nonce": seen["nonce"],
                },
                "userinfo": { "sub": scene["person"]["id"], "family_name": "Archer" },
                "renewed": { "sub": scene["person"]["id"], "auth_time": seen["claims"]["auth_time"] },
                "rotated": true,
                "revoked": "The access token is invalid",
            })
        },
        misbehaviours: vec![
            notices(
                "another-access-token",
                claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
                "Token hash verification failed",
            ),
            notices("another-nonce", claim("nonce", "altered"), "nonce doesn't match request nonce"),
            notices(
                "another-key",
                json!({ "id_token_signature": "wrong" }),
                "The token signature is not valid",
            ),
            notices(
                "an-unknown-kid",
                json!({ "id_token_kid": "unknown" }),
                "was not found in the server's keys",
            ),
            notices("another-audience", claim("aud", "0oaOther"), "The audience [0oaOther] does not match"),
            notices("an-expired-token", json!("id_token_expired"), "The JWT expired and is no longer valid"),
            notices(
                "another-issuer-in-the-metadata",
                json!({ "discovery_member": { "name": "issuer", "value": "https://evil.okta.localhost" } }),
                "does not match [https://evil.okta.localhost]",
            ),
            notices(
                "somebody-else-in-userinfo",
                json!({ "userinfo_claim": { "name": "sub", "value": "00uOther" } }),
                "token mismatch",
            ),
        ],
    }
}

fn auth_js_authn() -> Exercise {
    Exercise {
        client: Client { package: "@okta/okta-auth-js", platform: Platform::Node },
        name: "auth-js/authn",
        pages: None,
        script: "exercises/auth-js-authn",
        expects: |scene, _| {
            json!({
                "states": ["MFA_REQUIRED", "SUCCESS"],
                "relayState": "deep link",
                "user": "alice@acme.test",
                "wrongPassword": "E0000004: Authentication failed",
                "wrongCode": "E0000068: Invalid Passcode/Answer",
                "usedCode": "E0000011: Invalid token provided",
                "claims": {
                    "iss": scene["issuer"], "sub": scene["person"]["id"], "aud": scene["spa"]["id"],
                    "acr": "urn:okta:loa:2fa:any", "amr": ["mfa", "otp", "pwd"],
                },
                "elsewhere": { "left": false, "status": 200 },
            })
        },
        misbehaviours: vec![
            notices(
                "an-outage",
                json!({ "answer_status": { "endpoint": "identify", "status": 503 } }),
                "AuthApiError: Unknown error",
            ),
            notices(
                "a-rate-limit",
                json!({ "answer_status": { "endpoint": "identify", "status": 429 } }),
                "API call exceeded rate limit",
            ),
            notices(
                "an-answer-without-a-state",
                json!({ "answer_body": { "endpoint": "identify", "body": "{}" } }),
                "undefined",
            ),
            notices(
                "another-degree-of-proof",
                claim("acr", "urn:okta:loa:1fa:any"),
                "does not match acr_values",
            ),
            notices("another-nonce", claim("nonce", "altered"), "nonce doesn't match request nonce"),
        ],
    }
}

fn node_directory() -> Exercise {
    Exercise {
        client: Client { package: "@okta/okta-sdk-nodejs", platform: Platform::Node },
        name: "sdk-nodejs/directory",
        pages: None,
        script: "exercises/sdk-directory",
        expects: |_, seen| {
            json!({
                "found": seen["made"],
                "members": ["ben@pages.test", "cleo@pages.test"],
                "suspended": "SUSPENDED",
                "unknown": {
                    "name": "OktaApiError", "status": 404, "errorCode": "E0000007",
                    "errorSummary": "Not found: Resource not found: 00uNobody (User)",
                },
                "duplicate": {
                    "status": 400, "errorCode": "E0000001", "errorSummary": "Api validation failed: login",
                    "errorCauses": [{
                        "errorSummary": "login: An object with this field already exists in the current organization",
                    }],
                },
            })
        },
        misbehaviours: vec![notices(
            "a-rate-limit",
            json!({ "answer_status": { "endpoint": "api", "status": 429 } }),
            // It reads X-Rate-Limit-Reset and Date, and finds that it would have to wait too long.
            "HTTP 429 retry delay would exceed",
        )],
    }
}

fn node_apps() -> Exercise {
    Exercise {
        client: Client { package: "@okta/okta-sdk-nodejs", platform: Platform::Node },
        name: "sdk-nodejs/apps",
        pages: None,
        script: "exercises/sdk-apps",
        expects: |scene, seen| {
            json!({
                "status": "ACTIVE",
                "client_id": seen["id"],
                "secret_length": 64,
                "settings": { "redirect_uris": ["https://intranet.test/callback"] },
                "assigned": { "id": scene["person"]["id"], "scope": "GROUP" },
                "tiles": [{
                    "label": "Intranet",
                    "linkUrl": format!(
                        "{}/home/oidc_client/{}",
                        scene["issuer"].as_str().unwrap_or_default(),
                        seen["id"].as_str().unwrap_or_default(),
                    ),
                }],
                "deactivated": "INACTIVE",
                "events": [
                    "application.lifecycle.create SUCCESS",
                    "application.lifecycle.activate SUCCESS",
                    "group.application_assignment.add SUCCESS",
                    "application.lifecycle.deactivate SUCCESS",
                ],
            })
        },
        misbehaviours: vec![
            notices(
                "an-answer-that-is-no-json",
                json!({ "answer_body": { "endpoint": "api", "body": "<html>" } }),
                "JSON",
            ),
            notices(
                "no-permission",
                json!({ "answer_status": { "endpoint": "api", "status": 403 } }),
                "HTTP 403",
            ),
        ],
    }
}

fn python() -> Exercise {
    Exercise {
        client: Client { package: "okta", platform: Platform::Python("okta") },
        name: "sdk-python",
        pages: None,
        script: "exercises/sdk",
        expects: |scene, seen| {
            json!({
                "people": {
                    "found": seen["people"]["made"],
                    "pages": 3,
                    "suspended": "SUSPENDED",
                    "unknown": {
                        "status": 404, "code": "E0000007",
                        "summary": "Not found: Resource not found: 00uNobody (User)",
                    },
                },
                "app": {
                    "status": "ACTIVE",
                    "client_id": seen["app"]["id"],
                    "secret_length": 64,
                    "assigned": { "id": scene["person"]["id"], "scope": "USER" },
                    "users": [scene["person"]["id"]],
                    "deactivated": "INACTIVE",
                    "events": [
                        "application.lifecycle.create SUCCESS",
                        "application.lifecycle.activate SUCCESS",
                        "application.user_membership.add SUCCESS",
                        "application.lifecycle.deactivate SUCCESS",
                    ],
                },
            })
        },
        misbehaviours: vec![
            notices(
                "an-outage",
                json!({ "answer_status": { "endpoint": "api", "status": 503 } }),
                "Okta HTTP 503",
            ),
            notices(
                "another-answer",
                json!({ "answer_body": { "endpoint": "api", "body": "[]" } }),
                "validation error",
            ),
        ],
    }
}

pub(crate) fn notices(name: &'static str, fault: Value, refusal: &'static str) -> Misbehaviour {
    Misbehaviour { name, fault, refusal }
}

/// Another claim in the ID token.
fn claim(name: &str, value: &str) -> Value {
    json!({ "id_token_claim": { "name": name, "value": value } })
}
