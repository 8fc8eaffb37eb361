use std::num::NonZeroU32;

use chrono::TimeDelta;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{control, fault, id_token, spoiled};
use crate::Event;
use crate::misbehaviour::{Endpoint, Fault, Knob, KnobError};
use crate::model::{AppId, Cause, NewApp, UserId};
use crate::testing::{ORG, PASSWORD, TestOrg, decoded};

fn claim(name: &str, value: &str) -> Fault {
    Fault::IdTokenClaim { name: name.into(), value: Some(value.into()) }
}

async fn audience(org: &TestOrg) -> Value {
    decoded(1, &id_token(org).await)["aud"].clone()
}

#[tokio::test]
async fn knobs_compose_in_the_order_of_turning_and_heal_one_by_one() {
    let org = TestOrg::with_alice_assigned().await;
    org.turn(claim("aud", "first"));
    let second = org.turn(claim("aud", "second"));
    org.turn(claim("nonce", "other"));
    assert_eq!(audience(&org).await, "second");
    assert!(org.site.misbehaviour.heal(second));
    assert!(!org.site.misbehaviour.heal(second), "it is healed already");
    let claims = decoded(1, &id_token(&org).await);
    assert_eq!((&claims["aud"], &claims["nonce"]), (&json!("first"), &json!("other")));
    org.site.misbehaviour.heal_all();
    assert_eq!(audience(&org).await, org.app.client_id());
    let healed = org.events().iter().filter(|event| matches!(event, Event::KnobHealed { .. })).count();
    assert_eq!((healed, spoiled(&org)), (3, 3 + 2));
}

#[tokio::test]
async fn a_knob_works_as_often_as_it_says() {
    let org = TestOrg::with_alice_assigned().await;
    let knob = Knob { times: NonZeroU32::new(2), ..claim("aud", "other").into() };
    org.site.misbehaviour.turn(knob).unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(audience(&org).await == "other");
    }
    assert_eq!(seen, [true, true, false]);
    assert!(org.site.misbehaviour.knobs().is_empty());
}

#[tokio::test]
async fn a_knob_lasts_until_its_time_of_the_stage() {
    let org = TestOrg::with_alice_assigned().await;
    let until = org.site.now() + TimeDelta::hours(2);
    let knob = Knob { until: Some(until), ..claim("aud", "other").into() };
    org.site.misbehaviour.turn(knob.clone()).unwrap();
    org.advance(3600);
    assert_eq!(audience(&org).await, "other");
    org.advance(3600);
    assert_ne!(audience(&org).await, "other");
    let late = org.site.misbehaviour.turn(knob).unwrap_err();
    assert!(matches!(late, KnobError::Past { .. }), "{late}");
}

#[tokio::test]
async fn a_knob_for_a_user_leaves_the_others_alone() {
    let org = TestOrg::with_alice_assigned().await;
    org.model().assign_user(&org.app.id, &org.mallory.id, &Cause::system()).unwrap();
    let knob = |fault| Knob { user: Some(org.mallory.id.clone()), ..Knob::from(fault) };
    let turn = |fault| org.site.misbehaviour.turn(knob(fault)).unwrap();
    turn(claim("aud", "other"));
    turn(fault(json!({"callback_parameter": {"name": "state", "value": "another"}})));
    turn(fault(json!({"answer_type": {"endpoint": "token", "content_type": "text/plain"}})));
    turn(fault(json!({"answer_status": {"endpoint": "userinfo", "status": 500}})));
    let sign_in = async |login: &str| {
        let mut browser = org.browser();
        let page = browser.get(&org.authorize_url(&[])).await;
        let callback = browser.submit(&page, login, PASSWORD).await;
        let answer = org.redeem(&callback.parameter("code").unwrap(), &[]).await;
        let tokens = answer.json();
        let userinfo = org.userinfo(tokens["access_token"].as_str().unwrap()).await.status.as_u16();
        let audience = decoded(1, tokens["id_token"].as_str().unwrap())["aud"].clone();
        let content_type = answer.header("content-type").to_owned();
        (audience, callback.parameter("state").unwrap(), content_type, userinfo)
    };
    let (audience, state, content_type, userinfo) = sign_in("alice@acme.test").await;
    assert_eq!(audience, org.app.client_id());
    assert_eq!((state.as_str(), content_type.as_str(), userinfo), ("the-state", "application/json", 200));
    let (audience, state, content_type, userinfo) = sign_in("mallory@acme.test").await;
    assert_eq!(audience, "other");
    assert_eq!((state.as_str(), content_type.as_str(), userinfo), ("another", "text/plain", 500));
}

#[tokio::test]
async fn a_knob_for_an_app_leaves_the_others_alone() {
    let org = TestOrg::with_alice_assigned().await;
    let other = org.model().create_app(NewApp::web("other", "https://other.test/cb"), &Cause::system());
    let knob = |fault, app: &AppId| Knob { app: Some(app.clone()), ..Knob::from(fault) };
    let other = other.unwrap().id.clone();
    org.site.misbehaviour.turn(knob(claim("aud", "other"), &other)).unwrap();
    let refuses = json!({"answer_status": {"endpoint": "token", "status": 500}});
    org.site.misbehaviour.turn(knob(fault(refuses.clone()), &other)).unwrap();
    let issuer = json!({"discovery_member": {"name": "issuer", "value": "https://evil.test"}});
    org.site.misbehaviour.turn(knob(fault(issuer), &other)).unwrap();
    assert_eq!(audience(&org).await, org.app.client_id());
    let discovered = async |query: String| {
        let url = format!("{ORG}/.well-known/openid-configuration{query}");
        org.browser().get(&url).await.json()["issuer"].clone()
    };
    assert_eq!(discovered(String::new()).await, ORG);
    assert_eq!(discovered(format!("?client_id={other}")).await, "https://evil.test");
    let code = org.browser().code(&[]).await;
    org.site.misbehaviour.turn(knob(fault(refuses), &org.app.id)).unwrap();
    assert_eq!(org.redeem(&code, &[]).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_knob_for_nobody_is_refused() {
    let org = TestOrg::new().await;
    let turn = |knob: Knob| org.site.misbehaviour.turn(knob).unwrap_err().to_string();
    let for_user = |fault: Fault, id: &UserId| Knob { user: Some(id.clone()), ..fault.into() };
    let nobody = turn(for_user(Fault::IdTokenExpired, &UserId::new("00uNobody")));
    assert_eq!(nobody, "there is no user 00uNobody");
    let no_app = turn(Knob { app: Some(AppId::new("0oaNone")), ..Fault::IdTokenExpired.into() });
    assert_eq!(no_app, "there is no app 0oaNone");
    let keys = turn(for_user(Fault::AnswerCut { endpoint: Endpoint::Keys, after: 1 }, &org.alice.id));
    assert_eq!(keys, "a request doesn't say there for which user it is, so this fault can only be for all");
    for _ in 0..100 {
        org.turn(Fault::IdTokenExpired);
    }
    assert_eq!(org.site.misbehaviour.turn(Fault::IdTokenExpired), Err(KnobError::TooMany));
}

#[tokio::test]
async fn knobs_are_turned_listed_and_healed_over_http() {
    let org = TestOrg::with_alice_assigned().await;
    let body = json!({"fault": {"id_token_claim": {"name": "aud", "value": "other"}},
        "user": "Alice@acme.test", "app": org.app.client_id(), "times": 2, "seconds": 60});
    let made = control(&org, Method::POST, "", &body.to_string()).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let made = made.json();
    assert_eq!((&made["knob"]["user"], &made["knob"]["times"]), (&json!(org.alice.id), &json!(2)));
    assert!(made["knob"]["until"].as_str().unwrap().ends_with('Z'));
    assert_eq!(audience(&org).await, "other");
    let listed = control(&org, Method::GET, "", "").await.json();
    assert_eq!((listed[0]["id"].clone(), listed[0]["knob"]["times"].clone()), (made["id"].clone(), json!(1)));
    let path = format!("/{}", made["id"]);
    assert_eq!(control(&org, Method::DELETE, &path, "").await.status, StatusCode::NO_CONTENT);
    let gone = control(&org, Method::DELETE, &path, "").await;
    assert_eq!(
        gone.api_error(),
        format!("404 E0000007 Not found: Resource not found: {} (Knob)", made["id"])
    );
    control(&org, Method::POST, "", r#"{"fault": "id_token_expired"}"#).await;
    assert_eq!(control(&org, Method::DELETE, "", "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(control(&org, Method::GET, "", "").await.json(), json!([]));
}

#[tokio::test]
async fn the_control_needs_an_api_token_and_is_never_spoiled_itself() {
    let org = TestOrg::new().await;
    org.turn(fault(json!({"answer_status": {"endpoint": "api", "status": 503}})));
    assert_eq!(control(&org, Method::GET, "", "").await.status, StatusCode::OK);
    let url = format!("{ORG}/gatewright/v1/misbehaviour");
    assert_eq!(org.browser().get(&url).await.api_error(), "403 E0000005 Invalid session");
    let mut stranger = org.browser();
    stranger.header(http::header::AUTHORIZATION, "SSWS wrong");
    let body = Some(("application/json", r#"{"fault": "id_token_expired"}"#.to_owned()));
    let refused = stranger.send(Method::POST, &url, body).await;
    assert_eq!(refused.api_error(), "401 E0000011 Invalid token provided");
    assert_eq!(org.site.misbehaviour.knobs().len(), 1);
    let nowhere = org.browser().get(&format!("{ORG}/gatewright/v2")).await;
    assert_eq!(nowhere.api_error(), "404 E0000008 The requested path was not found");
}

#[tokio::test]
async fn what_is_no_knob_is_refused_over_http_with_what_exists() {
    let org = TestOrg::new().await;
    let mut said = Vec::new();
    for body in [
        "{",
        "[]",
        "{}",
        r#"{"fault": {"id_tokn_claim": {"name": "aud"}}}"#,
        r#"{"fault": {"id_token_claim": {"name": "sbu"}}}"#,
        r#"{"fault": {"id_token_claim": {"nam": "sub"}}}"#,
        r#"{"fault": {"id_token_claim": "sub"}}"#,
        r#"{"fault": {"answer_cut": {"endpoint": "tokne", "after": 1}}}"#,
        r#"{"fault": {"answer_cut": {"endpoint": "token", "after": -1}}}"#,
        r#"{"fault": {"id_token_signature": "bad"}}"#,
        r#"{"fault": "id_token_expired", "timse": 1}"#,
        r#"{"fault": "id_token_expired", "times": 0}"#,
        r#"{"fault": "id_token_expired", "user": "nobody@acme.test"}"#,
        r#"{"fault": "id_token_expired", "app": "0oaNone"}"#,
        r#"{"fault": "id_token_expired", "until": "tomorrow"}"#,
        r#"{"fault": "id_token_expired", "until": "2020-01-01T00:00:00Z", "seconds": 1}"#,
    ] {
        let answer = control(&org, Method::POST, "", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let json = answer.json();
        let causes = json["errorCauses"][0]["errorSummary"].as_str().unwrap_or_default().to_owned();
        said.push(format!("{body}\n  {} {causes}", json["errorCode"].as_str().unwrap()));
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
{
  E0000003 
[]
  E0000003 
{}
  E0000001 knob: missing field `fault`
{"fault": {"id_tokn_claim": {"name": "aud"}}}
  E0000001 knob: there is no `id_tokn_claim`. Did you mean `id_token_claim`? There is: id_token_claim, id_token_expired, id_token_header, id_token_signature, id_token_kid, keys_rotated, userinfo_claim, discovery_member, key_set, token_member, callback_parameter, callback_doubled, callback_status, answer_status, answer_slow, answer_type, answer_body, answer_cut, answer_huge
{"fault": {"id_token_claim": {"name": "sbu"}}}
  E0000001 knob: there is no claim of ID tokens `sbu`. Did you mean `sub`? There is: sub, name, email, ver, iss, aud, iat, exp, jti, amr, acr, idp, nonce, preferred_username, nickname, given_name, middle_name, family_name, email_verified, profile, zoneinfo, locale, address, phone_number, updated_at, auth_time, at_hash, c_hash, groups
{"fault": {"id_token_claim": {"nam": "sub"}}}
  E0000001 knob: there is no `nam`. Did you mean `name`? There is: name, value
{"fault": {"id_token_claim": "sub"}}
  E0000001 knob: invalid type: string "sub", expected struct variant
{"fault": {"answer_cut": {"endpoint": "tokne", "after": 1}}}
  E0000001 knob: there is no `tokne`. Did you mean `token`? There is: discovery, keys, authorize, token, userinfo, par, device_authorize, introspect, revoke, logout, sign_in, identify, proof, poll, api
{"fault": {"answer_cut": {"endpoint": "token", "after": -1}}}
  E0000001 knob: invalid value: integer `-1`, expected u64
{"fault": {"id_token_signature": "bad"}}
  E0000001 knob: there is no `bad`. There is: wrong, none, missing, hs256_with_client_secret
{"fault": "id_token_expired", "timse": 1}
  E0000001 knob: there is no `timse`. Did you mean `times`? There is: fault, user, app, times, until, seconds
{"fault": "id_token_expired", "times": 0}
  E0000001 knob: invalid value: integer `0`, expected a nonzero u32
{"fault": "id_token_expired", "user": "nobody@acme.test"}
  E0000001 user: There is no user nobody@acme.test
{"fault": "id_token_expired", "app": "0oaNone"}
  E0000001 knob: there is no app 0oaNone
{"fault": "id_token_expired", "until": "tomorrow"}
  E0000030 
{"fault": "id_token_expired", "until": "2020-01-01T00:00:00Z", "seconds": 1}
  E0000001 until: There can't be `seconds` too
"#);
    assert!(org.site.misbehaviour.knobs().is_empty());
}
