//! ID tokens, token answers and userinfo, each bent in one way.

use std::time::Duration;

use gate::{Refusal, TokenFault};
use serde_json::{Value, json};

use crate::org::{CLIENT_ID, ISSUER, Signer, Token, half_hash, jwk};
use crate::world::{Browser, World};

fn bent(bend: impl Fn(&mut Token) + Send + 'static) -> World {
    let world = World::new();
    world.org.ways().bend_token = Box::new(bend);
    world
}

async fn refused(fault: TokenFault, bend: impl Fn(&mut Token) + Send + 'static) {
    bent(bend).token_is_refused(fault).await;
}

async fn accepted(bend: impl Fn(&mut Token) + Send + 'static) {
    bent(bend).is_accepted().await;
}

#[tokio::test]
async fn the_issuer_must_be_the_issuer() {
    refused(TokenFault::Issuer, |token| token.set("iss", "https://evil.test")).await;
    refused(TokenFault::Issuer, |token| token.set("iss", format!("{ISSUER}/"))).await;
    refused(TokenFault::Malformed, |token| token.remove("iss")).await;
}

#[tokio::test]
async fn the_audience_must_be_the_client_alone() {
    refused(TokenFault::Audience, |token| token.set("aud", "someone-else")).await;
    refused(TokenFault::Audience, |token| token.remove("aud")).await;
    refused(TokenFault::Audience, |token| token.set("aud", json!([]))).await;
    refused(TokenFault::Audience, |token| token.set("aud", json!([CLIENT_ID, "someone-else"]))).await;
    accepted(|token| token.set("aud", json!([CLIENT_ID]))).await;
    refused(TokenFault::AuthorizedParty, |token| token.set("azp", "someone-else")).await;
    accepted(|token| token.set("azp", CLIENT_ID)).await;
}

#[tokio::test]
async fn the_times_must_be_now() {
    let iat = |token: &Token| token.claims["iat"].as_i64().unwrap();
    refused(TokenFault::Expired, move |token| token.set("exp", iat(token) - 1)).await;
    refused(TokenFault::Malformed, |token| token.remove("exp")).await;
    refused(TokenFault::Malformed, |token| token.remove("iat")).await;
    refused(TokenFault::IssuedAt, move |token| token.set("iat", iat(token) + 120)).await;
    refused(TokenFault::IssuedAt, move |token| token.set("iat", iat(token) - 7 * 24 * 3600)).await;
    accepted(move |token| token.set("iat", iat(token) + 30)).await;
    accepted(move |token| token.set("iat", iat(token) - 30)).await;
}

#[tokio::test]
async fn time_is_the_stages() {
    let world = World::new();
    world.clock.advance(Duration::from_secs(400 * 24 * 3600));
    world.is_accepted().await;
    // Past on the stage, though it lies in the real future.
    world.org.ways().bend_token =
        Box::new(|token| token.set("exp", token.claims["iat"].as_i64().unwrap() - 1));
    let (mut browser, refusal) = (Browser::new(), Refusal::IdToken(TokenFault::Expired));
    world.sign_in(&mut browser, "/").await;
    assert_eq!(world.refusals(), [refusal]);
}

#[tokio::test]
async fn the_nonce_must_be_the_logins() {
    refused(TokenFault::Nonce, |token| token.set("nonce", "another")).await;
    refused(TokenFault::Nonce, |token| token.set("nonce", "")).await;
    refused(TokenFault::Nonce, |token| token.remove("nonce")).await;
}

#[tokio::test]
async fn there_must_be_a_subject() {
    refused(TokenFault::Malformed, |token| token.remove("sub")).await;
    refused(TokenFault::Subject, |token| token.set("sub", "")).await;
    refused(TokenFault::Subject, |token| token.set("sub", "x".repeat(256))).await;
}

#[tokio::test]
async fn the_signature_must_be_rs256_by_the_issuers_key() {
    refused(TokenFault::Signature, |token| token.signer = Signer::Garbage).await;
    refused(TokenFault::Signature, |token| token.signer = Signer::AnotherKey).await;
    refused(TokenFault::Signature, |token| token.signer = Signer::Nothing).await;
    for (algorithm, signer) in [
        ("none", Signer::Nothing),
        ("HS256", Signer::ClientSecret),
        ("HS256", Signer::PublicKeyAsSecret),
        ("RS384", Signer::TheKey),
        ("PS256", Signer::TheKey),
        ("ES256", Signer::TheKey),
    ] {
        refused(TokenFault::Algorithm, move |token| {
            token.header["alg"] = algorithm.into();
            token.signer = signer;
        })
        .await;
    }
    refused(TokenFault::Malformed, |token| token.header["alg"] = "NONE".into()).await;
}

#[tokio::test]
async fn the_header_must_ask_for_nothing_special() {
    refused(TokenFault::Header, |token| token.header["crit"] = json!(["exp"])).await;
    refused(TokenFault::Header, |token| token.header["typ"] = "logout+jwt".into()).await;
    refused(TokenFault::Header, |token| token.header["cty"] = "JWT".into()).await;
    accepted(|token| token.header["typ"] = "JWT".into()).await;
}

#[tokio::test]
async fn a_key_in_the_header_is_no_key() {
    refused(TokenFault::Signature, |token| {
        token.header["jwk"] = jwk("key-1", true);
        token.header["jku"] = "https://evil.test/keys".into();
        token.signer = Signer::AnotherKey;
    })
    .await;
}

#[tokio::test]
async fn a_key_is_found_by_its_id_or_by_being_the_only_one() {
    let nameless = |token: &mut Token| {
        token.header.as_object_mut().unwrap().remove("kid");
    };
    accepted(nameless).await;
    let world = bent(nameless);
    world.org.ways().keys.push(jwk("key-2", true));
    world.token_is_refused(TokenFault::AmbiguousKey).await;
    let world = World::new();
    world.org.ways().keys.insert(0, jwk("key-2", true));
    world.is_accepted().await;
    refused(TokenFault::UnknownKey, |token| token.header["kid"] = "key-9".into()).await;
    let world = World::new();
    world.org.ways().keys[0]["use"] = "enc".into();
    world.token_is_refused(TokenFault::UnknownKey).await;
}

#[tokio::test]
async fn hashes_are_checked_where_they_stand() {
    refused(TokenFault::AccessTokenHash, |token| token.set("at_hash", half_hash("another-token"))).await;
    refused(TokenFault::AccessTokenHash, |token| token.set("at_hash", "")).await;
    accepted(|token| token.remove("at_hash")).await;
    refused(TokenFault::CodeHash, |token| token.set("c_hash", half_hash("another-code"))).await;
    accepted(|token| token.set("c_hash", half_hash("code-0"))).await;
}

async fn answered(refusal: Refusal, bend: impl Fn(&mut Value) + Send + 'static) {
    let world = World::new();
    world.org.ways().bend_answer = Box::new(bend);
    world.is_refused(&refusal).await;
}

fn remove(answer: &mut Value, member: &str) {
    answer.as_object_mut().unwrap().remove(member);
}

#[tokio::test]
async fn a_token_answer_must_be_one() {
    answered(Refusal::IdTokenMissing, |answer| remove(answer, "id_token")).await;
    answered(Refusal::IdToken(TokenFault::Malformed), |answer| answer["id_token"] = "not.a.token".into())
        .await;
    answered(Refusal::IdToken(TokenFault::Malformed), |answer| answer["id_token"] = "".into()).await;
    answered(Refusal::IdToken(TokenFault::Malformed), |answer| answer["id_token"] = 7.into()).await;
    let not_bearer = Refusal::Communication("the access token is no bearer token".to_owned());
    answered(not_bearer, |answer| answer["token_type"] = "mac".into()).await;
    let unreadable = r#"expires_in: invalid type: string "3600", expected u64 at line 1 column 42"#;
    let unreadable = format!("the token endpoint's answer is not readable: {unreadable}");
    answered(Refusal::Communication(unreadable), |answer| answer["expires_in"] = "3600".into()).await;
    let unfit = Refusal::Communication("the access token has characters that none may have".to_owned());
    let world = World::new();
    world.org.ways().bend_answer = Box::new(|answer| answer["access_token"] = "a\nb".into());
    world.org.ways().bend_token = Box::new(|token| token.remove("at_hash"));
    world.is_refused(&unfit).await;
    for bearer in ["bearer", "BEARER"] {
        let world = World::new();
        world.org.ways().bend_answer = Box::new(move |answer| answer["token_type"] = bearer.into());
        world.is_accepted().await;
    }
    let world = World::new();
    world.org.ways().bend_answer = Box::new(|answer| remove(answer, "expires_in"));
    world.is_accepted().await;
}

#[tokio::test]
async fn userinfo_must_be_about_the_same_person() {
    let world = World::new();
    world.org.ways().userinfo["sub"] = "00u2mallory".into();
    world.is_refused(&Refusal::Claims("userinfo is about someone else than the ID token")).await;
    let world = World::new();
    remove(&mut world.org.ways().userinfo, "sub");
    world.is_refused(&Refusal::Claims("userinfo is not readable, or lacks sub")).await;
    let world = World::new();
    world.org.ways().userinfo["email"] = "mallory@acme.test".into();
    world.is_refused(&Refusal::Claims("the ID token and userinfo name different e-mail addresses")).await;
    let world = World::new();
    world.org.ways().userinfo_status = 500;
    let failed = "the userinfo endpoint answered 500 Internal Server Error".to_owned();
    world.is_refused(&Refusal::Communication(failed)).await;
}

#[tokio::test]
async fn signed_userinfo_is_verified() {
    for (signer, good) in [(Signer::TheKey, true), (Signer::AnotherKey, false), (Signer::Nothing, false)] {
        let world = World::new();
        world.org.ways().userinfo["iss"] = ISSUER.into();
        world.org.ways().userinfo["aud"] = CLIENT_ID.into();
        world.org.ways().userinfo_signer = Some(signer);
        if good {
            world.is_accepted().await;
        } else {
            world.is_refused(&Refusal::Claims("userinfo is signed, but not acceptably")).await;
        }
    }
}

#[tokio::test]
async fn without_a_userinfo_endpoint_the_id_token_suffices() {
    let world = World::new();
    remove(&mut world.org.ways().metadata, "userinfo_endpoint");
    world.is_accepted().await;
    assert_eq!(world.org.requests_for("/oauth2/v1/userinfo"), 0);
}
