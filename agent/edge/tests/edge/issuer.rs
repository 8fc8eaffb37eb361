//! An issuer that says yes to everyone: discovery, keys, tokens and userinfo at `https://acme.okta.test`.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use axum::extract::Form;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ground::{Authority, Clock, Tasks, random};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

pub(crate) const ISSUER: &str = "https://acme.okta.test";

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

/// The nonce that belongs to each code.
static CODES: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);

/// What the person's visit to the issuer comes to: the callback that it sends the browser to.
pub(crate) fn approve(authorize: &str) -> String {
    let url = Url::parse(authorize).unwrap();
    assert!(authorize.starts_with(&format!("{ISSUER}/oauth2/v1/authorize?")), "{authorize}");
    let asked: HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(asked["code_challenge_method"], "S256");
    let code = random::token();
    CODES.lock().unwrap().insert(code.clone(), asked["nonce"].clone());
    format!("{}?code={code}&state={}", asked["redirect_uri"], asked["state"])
}

pub(crate) fn serve(listener: TcpListener, authority: &Authority, clock: &Clock, tasks: &Tasks) {
    let clock = clock.clone();
    let token = move |Form(form): Form<HashMap<String, String>>| {
        let now = clock.now().timestamp();
        async move {
            let nonce = CODES.lock().unwrap().remove(&form["code"]).unwrap();
            let claims = json!({
                "iss": ISSUER, "sub": "00u1", "aud": "client", "nonce": nonce, "iat": now, "exp": now + 3600,
                "email": "alice@acme.test", "name": "Alice",
            });
            Json(json!({
                "access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "id_token": sign(&claims),
            }))
        }
    };
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(|| async { Json(discovery()) }))
        .route("/oauth2/v1/keys", get(|| async { Json(keys()) }))
        .route("/oauth2/v1/token", post(token))
        .route(
            "/oauth2/v1/userinfo",
            get(|| async { Json(json!({ "sub": "00u1", "email": "alice@acme.test", "name": "Alice" })) }),
        );
    let tls = authority.server_config(&[b"h2", b"http/1.1"], |name| name == "acme.okta.test").unwrap();
    tasks.spawn(ground::serve::serve(listener, tls, tasks.spawner(), move |_| {
        let router = router.clone();
        tower::service_fn(move |request| tower::ServiceExt::oneshot(router.clone(), request))
    }));
}

fn discovery() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{ISSUER}/oauth2/v1/authorize"),
        "token_endpoint": format!("{ISSUER}/oauth2/v1/token"),
        "userinfo_endpoint": format!("{ISSUER}/oauth2/v1/userinfo"),
        "jwks_uri": format!("{ISSUER}/oauth2/v1/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    })
}

fn keys() -> Value {
    // PKCS #1 of a 2048-bit key: nine bytes in front of the modulus, and the exponent 65537 at the end.
    let public = KEY.public_key().as_ref();
    let (modulus, exponent) = (&public[9..9 + 256], &public[public.len() - 3..]);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({
        "keys": [{
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k1", "n": encode(modulus), "e": encode(exponent),
        }],
    })
}

/// A token with these claims, signed by the issuer.
pub(crate) fn sign(claims: &Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }).to_string());
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = vec![0; KEY.public_modulus_len()];
    let rng = aws_lc_rs::rand::SystemRandom::new();
    KEY.sign(&RSA_PKCS1_SHA256, &rng, message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
