//! What the parts of a stage do in a login, and in the refusals of one.

use gatewright_reports::*;
use serde_json::{Value, json};

use super::stage::Stage;

const APP: &str = "https://app.tunnel.test";
const ORG: &str = "https://acme.okta.test";
const IDP: &str = "https://idp.tunnel.test/oauth2/callback";
const CLIENT: &str = "0oa1b2c3d4E5f6G7h8i9";

impl Stage {
    pub(super) fn tunnel_online(&mut self, agent: &str, url: &str) {
        let id = format!("agent {agent}");
        self.message(&id, "edge", "session: auth, 127.4.0.9:51022", MessageKind::Tunnel, None);
        self.message("edge", &id, "session ts_2pQx7vK1fZr8Yc5Tn0Ld3 accepted", MessageKind::Tunnel, None);
        self.message(&id, "edge", &format!("bind {url}"), MessageKind::Tunnel, None);
        self.message("edge", &id, "tunnel tn_2pQx7wA9sUe4Hj6Bm1Rk2 online", MessageKind::Tunnel, None);
        self.log("edge", Level::Info, &format!("tunnel tn_2pQx7wA9sUe4Hj6Bm1Rk2 online at {url}"));
        self.log(
            &id,
            Level::Info,
            &format!(
                "msg=\"started tunnel\" obj=tunnels name=command_line addr=http://127.0.0.1:3000 url={url}"
            ),
        );
    }

    pub(super) fn refused_by_network(&mut self, person: &str, host: &str) {
        let exchange = self.exchange(person, "network", ("CONNECT", host), 502, &[("host", host)], &[]);
        exchange.note = Some("no part of this stage has that name".into());
        exchange.http_version = "HTTP/1.1".into();
        self.log(
            "network",
            Level::Warning,
            &format!("refused {person} {host}: no part of this stage has that name"),
        );
    }

    /// To the sign-in page.
    pub(super) fn login_begins(&mut self, person: &str, state: &str, path: &str) {
        let authorize = authorize(state);
        let login = format!("__Host-gate-login=[cookie {state}]; Secure; HttpOnly; SameSite=Lax; Path=/");
        let url = format!("{APP}{path}");
        self.browses(
            person,
            "edge",
            &url,
            302,
            "",
            &[
                ("location", &authorize),
                ("set-cookie", &login),
                ("cache-control", "no-store"),
                ("referrer-policy", "no-referrer"),
            ],
        );
        self.log(
            "edge",
            Level::Info,
            &format!("no session for {person} at {APP}: a login begins, state=[state {state}]"),
        );
        self.sign_in_page(person, state);
    }

    pub(super) fn sign_in_page(&mut self, person: &str, state: &str) {
        let page = self.browses(
            person,
            "org",
            &authorize(state),
            200,
            "",
            &[
                ("content-type", "text/html; charset=utf-8"),
                ("content-security-policy", "default-src 'self'; frame-ancestors 'none'"),
                ("x-okta-request-id", "ZkT3q9vWm0aYb1cXd2eUf3gA4hB"),
            ],
        );
        page.response_body = Some(Excerpt {
            text: "<!doctype html>\n<html lang=\"en\">\n<title>Acme – Sign In</title>\n<form method=\"post\" action=\"/api/v1/authn\">…".into(),
            bytes: 5_214,
            truncated: true,
        });
    }

    pub(super) fn signs_in(&mut self, person: &str, state: &str) {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", ORG)];
        let sign_in = self.exchange(
            person,
            "org",
            ("POST", &format!("{ORG}/login/authenticate")),
            303,
            &headers,
            &[
                ("location", &authorize(state)),
                ("set-cookie", "idx=[cookie 1d0a5e]; Secure; HttpOnly; Path=/"),
            ],
        );
        sign_in.request_body = Some(Excerpt {
            text: format!(
                "username={person}%40example.test&password=[password 88e1f0]&csrf=[csrf token 5a5a01]"
            ),
            bytes: 118,
            truncated: false,
        });
        self.log(
            "org",
            Level::Info,
            &format!("user.session.start SUCCESS {person}@example.test from 127.4.0.2"),
        );
        self.browses(
            person,
            "org",
            &authorize(state),
            302,
            "idx=[cookie 1d0a5e]",
            &[("location", &format!("{IDP}?code=[code 51c0de]&state=[state {state}]"))],
        );
        self.log(
            "org",
            Level::Info,
            &format!("app.oauth2.authorize.code SUCCESS {person}@example.test → ngrok"),
        );
    }

    /// From the callback to the app, or to a refusal.
    pub(super) fn callback(&mut self, person: &str, state: &str, path: &str, status: u16) {
        let callback = format!("{IDP}?code=[code 51c0de]&state=[state {state}]");
        let endpoint = format!("{APP}/ngrok/callback?ticket=[ticket 0c91fe]");
        self.browses(
            person,
            "edge",
            &callback,
            303,
            "",
            &[("location", &endpoint), ("cache-control", "no-store")],
        );
        self.redeems(state);
        let session = "__Host-gate-session=[cookie c0ffee]; Secure; HttpOnly; SameSite=Lax; Path=/";
        let url = format!("{APP}{path}");
        let login = format!("__Host-gate-login=[cookie {state}]");
        self.browses(person, "edge", &endpoint, 303, &login, &[("location", &url), ("set-cookie", session)]);
        self.log(
            "edge",
            Level::Info,
            "login complete: alice@example.test, session [cookie c0ffee] for https://app.tunnel.test",
        );
        self.app(person, &url, status);
    }

    pub(super) fn login_ends(&mut self, person: &str, state: &str, path: &str) {
        self.signs_in(person, state);
        self.callback(person, state, path, 200);
    }

    fn redeems(&mut self, state: &str) {
        let token = self.exchange(
            "edge",
            "org",
            ("POST", &format!("{ORG}/oauth2/v1/token")),
            200,
            &[
                ("authorization", "Basic [credentials 7e57ab]"),
                ("content-type", "application/x-www-form-urlencoded"),
            ],
            &[("content-type", "application/json"), ("cache-control", "no-store")],
        );
        token.request_body = Some(Excerpt {
            text: format!(
                "grant_type=authorization_code&code=[code 51c0de]&redirect_uri={IDP}&code_verifier=[code verifier {state}]"
            ),
            bytes: 231,
            truncated: false,
        });
        token.response_body = Some(Excerpt {
            text:
                "{\"token_type\":\"Bearer\",\"expires_in\":3600,\"access_token\":\"[access token 0aa0bb]\",\
                   \"scope\":\"openid profile email\",\"id_token\":\"[id token 1c1c1c]\"}"
                    .into(),
            bytes: 2_310,
            truncated: false,
        });
        token.tokens = vec![id_token(state)];
        self.log("org", Level::Info, "app.oauth2.token.grant.id_token SUCCESS ngrok");
        self.log(
            "edge",
            Level::Debug,
            "the ID token is signed by the key kB3x…, for this client, with this login's nonce",
        );
        self.exchange(
            "edge",
            "org",
            ("GET", &format!("{ORG}/oauth2/v1/userinfo")),
            200,
            &[("authorization", "Bearer [credentials 0aa0bb]")],
            &[("content-type", "application/json")],
        );
    }

    fn app(&mut self, person: &str, url: &str, status: u16) {
        let identity = [
            ("ngrok-auth-user-email", "alice@example.test"),
            ("ngrok-auth-user-id", "00u9z8y7X6w5V4u3T2s1"),
            ("ngrok-auth-user-name", "Alice Example"),
            ("x-forwarded-for", "127.4.0.2"),
            ("x-forwarded-proto", "https"),
        ];
        let page = [("content-type", "text/html"), ("content-length", "1312")];
        self.exchange("edge", "agent app", ("GET", url), status, &identity, &page);
        self.exchange("agent app", "app", ("GET", url), status, &identity, &page).http_version =
            "HTTP/1.1".into();
        self.browses(person, "edge", url, status, "__Host-gate-session=[cookie c0ffee]", &page);
        self.log("app", Level::Info, &format!("GET {} {status}", url.trim_start_matches(APP)));
    }

    pub(super) fn callback_refused(&mut self, person: &str, state: &str) {
        let endpoint = format!("{APP}/ngrok/callback?ticket=[ticket 0c91fe]");
        let headers = [
            ("ngrok-error-code", "ERR_NGROK_3119"),
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
        ];
        let login = format!("__Host-gate-login=[cookie {state}]; __Host-gate-session=[cookie c0ffee]");
        let refused = self.browses(person, "edge", &endpoint, 403, &login, &headers);
        refused.note = Some("the ticket was taken already".into());
        self.log(
            "edge",
            Level::Warning,
            "refused a callback: the ticket [ticket 0c91fe] was taken already (ERR_NGROK_3119)",
        );
    }

    pub(super) fn denied(&mut self, person: &str, state: &str) {
        let denial = format!(
            "{IDP}?error=access_denied&error_description=User+is+not+assigned+to+the+client+application.&state=[state {state}]"
        );
        let cookie = "idx=[cookie 1d0a5e]";
        self.exchange(
            person,
            "org",
            ("POST", &format!("{ORG}/login/authenticate")),
            303,
            &[("origin", ORG)],
            &[("location", &authorize(state))],
        );
        self.browses(person, "org", &authorize(state), 302, cookie, &[("location", &denial)]);
        self.log(
            "org",
            Level::Warning,
            &format!("app.generic.unauth_app_access_attempt FAILURE {person}@example.test → ngrok"),
        );
        let endpoint = format!("{APP}/ngrok/callback?ticket=[ticket 0c91fe]");
        self.browses(person, "edge", &denial, 303, "", &[("location", &endpoint)]);
        self.browses(
            person,
            "edge",
            &endpoint,
            403,
            &format!("__Host-gate-login=[cookie {state}]"),
            &[("ngrok-error-code", "ERR_NGROK_3112")],
        )
        .note = Some("the org said access_denied: User is not assigned to the client application.".into());
        self.log("edge", Level::Warning, "refused a callback: the org said access_denied (ERR_NGROK_3112)");
    }
}

fn authorize(state: &str) -> String {
    format!(
        "{ORG}/oauth2/v1/authorize?response_type=code&client_id={CLIENT}&redirect_uri=https%3A%2F%2Fidp.tunnel.test%2Foauth2%2Fcallback\
         &scope=openid+profile+email&state=[state {state}]&nonce=[nonce {state}]&code_challenge=[code challenge {state}]&code_challenge_method=S256"
    )
}

fn id_token(state: &str) -> DecodedToken {
    let object = |value: Value| value.as_object().cloned().unwrap();
    DecodedToken {
        kind: "ID token".into(),
        header: object(json!({ "kid": "kB3xV0sYtq1mP9eRz7LwUa2NfGhJc4D5iKoQ6bXyT8E", "alg": "RS256" })),
        claims: object(json!({
            "sub": "00u9z8y7X6w5V4u3T2s1",
            "name": "Alice Example",
            "email": "alice@example.test",
            "ver": 1,
            "iss": ORG,
            "aud": CLIENT,
            "iat": 1_795_456_872,
            "exp": 1_795_460_472,
            "jti": "ID.mQ4w8eRtY1uI0oPa5sDf7gHj2kLz3xCv6bNnM9qWeRt",
            "amr": ["pwd"],
            "idp": "00o5d4c3B2a1Z0y9X8w7",
            "nonce": format!("[nonce {state}]"),
            "preferred_username": "alice@example.test",
            "auth_time": 1_795_456_871,
            "at_hash": "pZb3mN1qXv0sRt5uYw7zAg"
        })),
        note: None,
    }
}
