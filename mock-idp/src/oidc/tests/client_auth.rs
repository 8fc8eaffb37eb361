//! Clients that prove themselves by a JWT.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};

use crate::model::{ClientKey, TokenEndpointAuthMethod};
use crate::testing::{Answer, CALLBACK, ORG, TestOrg, VERIFIER, keys};

const TOKEN: &str = "https://acme.okta.test/oauth2/v1/token";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn signed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// The claims of a good assertion, with these changes; a null removes.
fn claims(org: &TestOrg, changes: &Value) -> Value {
    let (id, now) = (org.app.client_id(), org.site.now().timestamp());
    let mut claims = json!({"iss": id, "sub": id, "aud": TOKEN, "exp": now + 300, "iat": now});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

async fn present(org: &TestOrg, code: &str, assertion: &str, changes: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ];
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        form.push((name, value));
    }
    org.browser().post(TOKEN, &form).await
}

fn by_secret(org: &TestOrg, changes: &Value) -> String {
    let secret = org.app.secret.as_ref().unwrap().expose();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let sign = |message: &[u8]| hmac::sign(&key, message).as_ref().to_vec();
    signed(&json!({"alg": "HS256"}), &claims(org, changes), sign)
}

async fn with_secret_jwt() -> TestOrg {
    let mut org = TestOrg::with_alice_assigned().await;
    org.configure(|it| it.token_endpoint_auth_method = TokenEndpointAuthMethod::ClientSecretJwt);
    org
}

#[tokio::test]
async fn a_mac_by_the_secret_proves_the_client_once() {
    let org = with_secret_jwt().await;
    let code = org.browser().code(&[]).await;
    let assertion = by_secret(&org, &json!({"jti": "one"}));
    assert_eq!(present(&org, &code, &assertion, &[]).await.status, StatusCode::OK);
    assert_eq!(
        present(&org, &code, &assertion, &[]).await.oauth_error(),
        "401 invalid_client: The client_assertion token has already been used."
    );
    let about = by_secret(&org, &json!({"aud": format!("{ORG}/oauth2/v1/introspect")}));
    let form = [("token", "x"), ("client_assertion_type", JWT_BEARER), ("client_assertion", &about)];
    let answer = org.browser().post(&format!("{ORG}/oauth2/v1/introspect"), &form).await;
    assert_eq!(answer.json(), json!({"active": false}));
}

#[tokio::test]
async fn what_an_assertion_claims_is_checked() {
    let org = with_secret_jwt().await;
    let code = org.browser().code(&[]).await;
    let now = org.site.now().timestamp();
    for (changes, expected) in [
        (json!({"iss": "0oaX"}), "The issuer claim for client_assertion is not a valid client_id."),
        (json!({"iss": null}), "The issuer claim for client_assertion is not a valid client_id."),
        (json!({"sub": "0oaX"}), "The subject claim for client_assertion is not a valid client_id."),
        (
            json!({"aud": format!("{ORG}/oauth2/v1/introspect")}),
            "The audience claim for client_assertion must be the endpoint invoked for the request.",
        ),
        (
            json!({"aud": null}),
            "The audience claim for client_assertion must be the endpoint invoked for the request.",
        ),
        (json!({"exp": null}), "The client_assertion must contain the 'exp' claim as seconds since epoch."),
        (json!({"exp": "soon"}), "The client_assertion must contain the 'exp' claim as seconds since epoch."),
        (json!({"exp": now}), "The client_assertion token is expired."),
        (json!({"exp": now + 3700}), "The client_assertion token has an expiration too far into the future."),
        (json!({"iat": now + 60}), "The client_assertion token must be issued before the current time."),
        (json!({"iat": "now"}), "The parsing of the client_assertion failed."),
        (json!({"jti": 1}), "The parsing of the client_assertion failed."),
    ] {
        let answer = present(&org, &code, &by_secret(&org, &changes), &[]).await;
        assert_eq!(answer.oauth_error(), format!("401 invalid_client: {expected}"), "{changes}");
    }
    for audience in [json!(ORG), json!(["x", TOKEN])] {
        let code = org.browser().code(&[]).await;
        let answer = present(&org, &code, &by_secret(&org, &json!({"aud": audience})), &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{audience}");
    }
}

#[tokio::test]
async fn how_an_assertion_is_sent_and_signed_is_checked() {
    let mut org = with_secret_jwt().await;
    let code = org.browser().code(&[]).await;
    let good = by_secret(&org, &json!({}));
    let words = |answer: Answer| answer.oauth_error();
    assert_eq!(
        words(present(&org, &code, &good, &[("client_assertion_type", "jwt")]).await),
        "400 invalid_request: The client_assertion_type is invalid."
    );
    assert_eq!(
        words(present(&org, &code, &good, &[("client_id", "0oaOther")]).await),
        "401 invalid_client: Invalid value for 'client_id' parameter."
    );
    assert_eq!(
        words(present(&org, &code, "e30.e30.", &[]).await),
        "401 invalid_client: The parsing of the client_assertion failed."
    );
    assert_eq!(
        words(present(&org, &code, &format!("{}AAAA", &good[..good.len() - 4]), &[]).await),
        "401 invalid_client: The client_assertion signature is invalid."
    );
    for algorithm in ["none", "RS256"] {
        let unsigned = signed(&json!({"alg": algorithm}), &claims(&org, &json!({})), |_| Vec::new());
        assert_eq!(
            words(present(&org, &code, &unsigned, &[]).await),
            "401 invalid_client: The client_assertion JWT signature algorithm is invalid."
        );
    }
    let with_secret = [("client_secret", org.app.secret.as_ref().unwrap().expose())];
    assert!(
        words(present(&org, &code, &good, &with_secret).await).starts_with("401 invalid_request: Cannot")
    );
    // Neither way is a way around the other.
    let wrong_way = "401 invalid_client: Client authentication failed. Either the client or the client credentials \
                     are invalid.";
    assert_eq!(org.redeem(&code, &[]).await.oauth_error(), wrong_way);
    org.configure(|it| it.token_endpoint_auth_method = TokenEndpointAuthMethod::ClientSecretPost);
    assert_eq!(words(present(&org, &code, &by_secret(&org, &json!({})), &[]).await), wrong_way);
}

#[tokio::test]
async fn a_signature_by_a_registered_key_proves_the_client() {
    let mut org = TestOrg::with_alice_assigned().await;
    let rsa = keys().claim().await.unwrap();
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let (x, y) = ec.public_key().as_ref()[1..].split_at(32);
    let [x, y] = [x, y].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let ec_jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "ec"});
    org.configure(|settings| {
        settings.token_endpoint_auth_method = TokenEndpointAuthMethod::PrivateKeyJwt;
        settings.jwks = [rsa.jwk(), ec_jwk].iter().map(|jwk| ClientKey::from_jwk(jwk).unwrap()).collect();
    });
    assert!(org.app.secret.is_none(), "there is nothing else to prove itself by");
    let by_rsa = |kid| rsa.sign(kid, &claims(&org, &json!({}))).unwrap();
    let by_ec = |header: Value| {
        let sign = |message: &[u8]| ec.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
        signed(&header, &claims(&org, &json!({})), sign)
    };
    for assertion in [by_rsa(Some(rsa.kid())), by_ec(json!({"alg": "ES256", "kid": "ec"}))] {
        let code = org.browser().code(&[]).await;
        assert_eq!(present(&org, &code, &assertion, &[]).await.status, StatusCode::OK);
    }
    let code = org.browser().code(&[]).await;
    for (assertion, expected) in [
        (by_rsa(None), "The client_assertion JWT kid is invalid."),
        (by_rsa(Some("other")), "The client_assertion JWT kid is invalid."),
        (by_rsa(Some("ec")), "The client_assertion signature is invalid."),
        (by_ec(json!({"alg": "ES384", "kid": "ec"})), "The client_assertion signature is invalid."),
        (
            by_ec(json!({"alg": "HS256", "kid": "ec"})),
            "The client_assertion JWT signature algorithm is invalid.",
        ),
    ] {
        let answer = present(&org, &code, &assertion, &[]).await;
        assert_eq!(answer.oauth_error(), format!("401 invalid_client: {expected}"));
    }
    let by_id_alone = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_id", org.app.client_id()),
    ];
    assert_eq!(org.browser().post(TOKEN, &by_id_alone).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_short_secret_makes_no_mac() {
    let org = with_secret_jwt().await;
    let new = crate::model::NewApp {
        secret: Some(ground::Secret::new("client secret", "only-16-letters.")),
        settings: org.app.settings.clone(),
        ..crate::model::NewApp::web("short", CALLBACK)
    };
    let short = org.model().create_app(new, &crate::model::Cause::system()).unwrap();
    let (id, now) = (short.client_id(), org.site.now().timestamp());
    let claims = json!({"iss": id, "sub": id, "aud": TOKEN, "exp": now + 300});
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"only-16-letters.");
    let assertion =
        signed(&json!({"alg": "HS256"}), &claims, |message| hmac::sign(&key, message).as_ref().to_vec());
    assert_eq!(
        present(&org, "code", &assertion, &[]).await.oauth_error(),
        "401 invalid_client: The client secret is too short to verify a JWT HMAC."
    );
}
