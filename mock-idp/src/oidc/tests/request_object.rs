//! Requests that come as a JWT.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::testing::{Answer, CALLBACK, ORG, TestOrg};

/// A JWT with a MAC by the client's secret.
fn object(org: &TestOrg, claims: &Value) -> String {
    let secret = org.app.secret.as_ref().unwrap().expose();
    signed(r#"{"alg":"HS256"}"#, claims, secret)
}

fn signed(header: &str, claims: &Value, secret: &str) -> String {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, text.as_bytes())))
}

fn claims(org: &TestOrg, changes: &Value) -> Value {
    let now = org.site.now().timestamp();
    let mut claims = json!({
        "iss": org.app.client_id(), "aud": ORG, "exp": now + 60, "iat": now,
        "client_id": org.app.client_id(), "response_type": "code", "redirect_uri": CALLBACK,
        "scope": "openid email", "state": "inside", "max_age": 600,
    });
    let members: Map<String, Value> = changes.as_object().unwrap().clone();
    claims.as_object_mut().unwrap().extend(members);
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

async fn ask(org: &TestOrg, request: &str, signed_in: bool) -> Answer {
    let mut browser = org.browser();
    if signed_in {
        browser.sign_in("alice@acme.test").await;
    }
    browser.get(&org.authorize_url(&[("request", request)])).await
}

#[tokio::test]
async fn what_a_request_object_says_counts_before_what_stands_beside_it() {
    let org = TestOrg::with_alice_assigned().await;
    let metadata = org.browser().get(&format!("{ORG}/.well-known/openid-configuration")).await.json();
    assert_eq!(metadata["request_parameter_supported"], true);
    let answer = ask(&org, &object(&org, &claims(&org, &json!({}))), true).await;
    assert_eq!(answer.parameter("state").as_deref(), Some("inside"), "{answer:?}");
    let tokens = org.redeem(&answer.parameter("code").unwrap(), &[]).await.json();
    assert_eq!(tokens["scope"], "openid email");
    // A redirect URI inside is looked at as one beside it would be.
    let elsewhere = claims(&org, &json!({"redirect_uri": "https://evil.test/"}));
    let refused = ask(&org, &object(&org, &elsewhere), true).await;
    assert_eq!((refused.status, refused.location()), (StatusCode::BAD_REQUEST, ""));
    assert!(refused.body.contains("must be a Login redirect URI"), "{refused:?}");
}

#[tokio::test]
async fn what_is_no_request_object_is_told_to_the_person_alone() {
    let org = TestOrg::with_alice_assigned().await;
    let (now, own) = (org.site.now().timestamp(), |changes: Value| object(&org, &claims(&org, &changes)));
    let usual = claims(&org, &json!({}));
    let none = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
        URL_SAFE_NO_PAD.encode(usual.to_string())
    );
    let once = own(json!({"jti": "one"}));
    assert_eq!(ask(&org, &once, false).await.status, StatusCode::OK);
    for (request, words) in [
        ("nonsense".to_owned(), "The request object cannot be parsed."),
        (none, "The JWT signature algorithm of the request object is invalid."),
        (
            signed(r#"{"alg":"HS256"}"#, &usual, &"x".repeat(64)),
            "The signature of the request object is invalid.",
        ),
        (
            signed(r#"{"alg":"RS256"}"#, &usual, "x"),
            "The client does not have a JWKSet configured, but the request object requires one.",
        ),
        (own(json!({"iss": "0oa0"})), "The issuer of the request object is invalid."),
        (own(json!({"iss": null})), "The issuer of the request object is invalid."),
        (own(json!({"aud": "https://evil.test"})), "The audience of the request object is invalid."),
        (own(json!({"aud": null})), "The audience of the request object is invalid."),
        (own(json!({"exp": now})), "The request object is expired."),
        (own(json!({"exp": now + 7200})), "The request object expires too far in the future."),
        (own(json!({"iat": now + 60})), "The request object is issued in the future."),
        (own(json!({"nbf": now + 60})), "The request object is issued too early."),
        (own(json!({"exp": "soon"})), "The request object cannot be parsed."),
        (once, "The request object has already been used."),
        (own(json!({"client_id": "0oa0"})), "The authorize request object is invalid."),
        (own(json!({"response_type": "token"})), "The authorize request object is invalid."),
        (own(json!({"request_uri": "urn:x"})), "The authorize request object is invalid."),
        (own(json!({"scope": ["openid"]})), "The authorize request object is invalid."),
    ] {
        let answer = ask(&org, &request, false).await;
        assert_eq!((answer.status.is_client_error(), answer.location()), (true, ""), "{words}: {answer:?}");
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
    }
}
