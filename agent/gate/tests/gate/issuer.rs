//! The issuer's metadata, keys and ways.

use std::time::Duration;

use gate::{Refusal, TokenFault};
use serde_json::json;

use crate::org::jwk;
use crate::world::{Answered, Browser, World};

const METADATA: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/oauth2/v1/keys";

async fn metadata_refused(member: &str, value: serde_json::Value) {
    let world = World::new();
    world.org.ways().metadata[member] = value;
    let mut browser = Browser::new();
    let answer = browser.open(&world.app, "/").await.answered();
    let refusal = world.refusals().pop().unwrap();
    assert!(matches!(refusal, Refusal::Metadata(_)), "{member}: {refusal}");
    world.was_refused(&browser, &answer, &refusal);
    assert_eq!(answer.headers()["ngrok-error-code"], "ERR_NGROK_5208");
}

#[tokio::test]
async fn metadata_must_be_of_the_issuer_and_by_tls() {
    metadata_refused("issuer", json!("https://evil.test")).await;
    metadata_refused("issuer", json!("https://acme.okta.test/")).await;
    metadata_refused("authorization_endpoint", json!("http://acme.okta.test/authorize")).await;
    metadata_refused("authorization_endpoint", json!("javascript:alert(1)")).await;
    metadata_refused("token_endpoint", json!("http://acme.okta.test/token")).await;
    metadata_refused("token_endpoint", json!(null)).await;
    metadata_refused("userinfo_endpoint", json!("http://acme.okta.test/userinfo")).await;
    metadata_refused("jwks_uri", json!("http://acme.okta.test/keys")).await;
    metadata_refused("jwks_uri", json!("https://acme.okta.test/nowhere")).await;
    metadata_refused("token_endpoint_auth_methods_supported", json!(["private_key_jwt"])).await;
}

#[tokio::test]
async fn metadata_is_asked_for_once_an_hour() {
    let world = World::new();
    world.is_accepted().await;
    world.is_accepted().await;
    assert_eq!((world.org.requests_for(METADATA), world.org.requests_for(KEYS)), (1, 1));
    world.clock.advance(Duration::from_secs(3601));
    world.is_accepted().await;
    assert_eq!((world.org.requests_for(METADATA), world.org.requests_for(KEYS)), (2, 2));
}

#[tokio::test]
async fn those_who_come_at_the_same_time_ask_for_metadata_once() {
    let world = World::new();
    let (mut one, mut other) = (Browser::new(), Browser::new());
    let (first, second) = tokio::join!(one.open(&world.app, "/"), other.open(&world.app, "/"));
    assert_eq!([first, second].map(|answer| answer.answered().status().as_u16()), [302, 302]);
    assert_eq!((world.org.requests_for(METADATA), world.org.requests_for(KEYS)), (1, 1));
}

#[tokio::test]
async fn an_issuer_that_failed_is_asked_again() {
    let world = World::new();
    let good = std::mem::replace(&mut world.org.ways().metadata, json!("nonsense"));
    let answer = Browser::new().open(&world.app, "/").await.answered();
    assert_eq!(answer.status(), 502);
    world.org.ways().metadata = good;
    world.is_accepted().await;
}

#[tokio::test]
async fn keys_that_change_between_and_during_logins_are_fetched_again() {
    let world = World::new();
    world.is_accepted().await;
    world.org.ways().keys = vec![jwk("key-2", false)];
    world.org.ways().bend_token = Box::new(|token| token.header["kid"] = "key-2".into());
    world.is_accepted().await;
    assert_eq!((world.org.requests_for(METADATA), world.org.requests_for(KEYS)), (1, 2));
    // The same id for another key: the signature fails first, and passes with the keys as they are now.
    world.org.ways().keys = vec![jwk("key-2", true)];
    world.org.ways().bend_token = Box::new(|token| {
        token.header["kid"] = "key-2".into();
        token.signer = crate::org::Signer::AnotherKey;
    });
    world.is_accepted().await;
}

#[tokio::test]
async fn keys_are_not_fetched_without_bounds() {
    let world = World::new();
    world.org.ways().bend_token = Box::new(|token| token.header["kid"] = "key-9".into());
    for _ in 0..9 {
        world.token_is_refused(TokenFault::UnknownKey).await;
    }
    assert_eq!(world.org.requests_for(KEYS), 1 + 5);
    world.clock.advance(Duration::from_secs(61));
    world.token_is_refused(TokenFault::UnknownKey).await;
    assert_eq!(world.org.requests_for(KEYS), 1 + 6);
}

#[tokio::test]
async fn the_client_authenticates_as_the_issuer_wants() {
    for (offered, in_body) in [
        (json!(["client_secret_basic"]), false),
        (json!(["client_secret_post", "client_secret_basic"]), false),
        (json!(["client_secret_post"]), true),
        (json!(null), false),
    ] {
        let world = World::new();
        world.org.ways().metadata["token_endpoint_auth_methods_supported"] = offered;
        world.is_accepted().await;
        let ways = world.org.ways();
        let (_, form) = ways.requests.iter().find(|(path, _)| path == "/oauth2/v1/token").unwrap();
        assert_eq!(form.contains_key("client_secret"), in_body);
        assert!((43..=128).contains(&form["code_verifier"].len()));
    }
}

#[tokio::test]
async fn what_the_token_endpoint_refuses_is_told() {
    let world = World::new();
    let description = "PKCE verification failed.".to_owned();
    world.org.ways().token_error =
        Some(json!({ "error": "invalid_grant", "error_description": description }));
    let refusal = Refusal::CodeRefused { error: "invalid_grant".to_owned(), description: Some(description) };
    world.is_refused(&refusal).await;
    let world = World::with(|draft| draft.client_secret = ground::Secret::new("client secret", "wrong"));
    let description = "The client secret supplied for a confidential client is invalid.".to_owned();
    let refusal = Refusal::CodeRefused { error: "invalid_client".to_owned(), description: Some(description) };
    world.is_refused(&refusal).await;
}

#[tokio::test]
async fn the_issuer_in_the_answer_must_be_the_issuer() {
    let world = World::new();
    world.org.ways().callback_extra = "&iss=https%3A%2F%2Facme.okta.test".to_owned();
    world.is_accepted().await;
    let world = World::new();
    world.org.ways().callback_extra = "&iss=https%3A%2F%2Fevil.test".to_owned();
    world.is_refused(&Refusal::IssuerMismatch).await;
    assert_eq!(world.org.requests_for("/oauth2/v1/token"), 0);
    let world = World::new();
    world.org.ways().metadata["authorization_response_iss_parameter_supported"] = true.into();
    world.is_refused(&Refusal::IssuerMismatch).await;
    world.org.ways().callback_extra = "&iss=https%3A%2F%2Facme.okta.test".to_owned();
    world.is_accepted().await;
    world.org.ways().callback_extra =
        "&iss=https%3A%2F%2Facme.okta.test&iss=https%3A%2F%2Facme.okta.test".to_owned();
    let mut browser = Browser::new();
    world.sign_in(&mut browser, "/").await;
    assert_eq!(world.refusals().last(), Some(&Refusal::CallbackMalformed("a parameter is repeated")));
}
