//! The vocabulary as Rust says it.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use mock_idp::misbehaviour::Endpoint;
use mock_idp::model::EventType;

use super::*;

/// A stage that only listens.
#[derive(Default)]
struct Listening(Mutex<Vec<String>>);

impl Performs for Listening {
    fn perform<'a>(&'a self, step: &'a Step) -> BoxFuture<'a, Result<(), StepError>> {
        self.0.lock().unwrap().push(step.to_string());
        std::future::ready(Ok(())).boxed()
    }
}

#[tokio::test]
async fn a_method_says_what_a_file_says_in_the_same_words() {
    let heard = Arc::new(Listening::default());
    let stage: Arc<dyn Performs> = heard.clone();
    let (alice, mallory) = (Person::new("alice", stage.clone()), Person::new("mallory", stage.clone()));
    let all = async {
        alice.opens("{tunnels.app}/reports?year=2026").await?;
        alice.is_asked_to_sign_in_at(SignInPlace::Okta).await?;
        alice.signs_in().await?;
        alice
            .sees(Sight::new().url("{tunnels.app}/*").text("Hello").text("again").status(StatusCode::OK))
            .await?;
        alice.clicks("Assign").await?;
        alice.clicks(Control::new("Assign").beside("engineering")).await?;
        alice.fills([("Application label", "ngrok")]).await?;
        alice.does_not_see(["Sign in", "Error"]).await?;
        alice
            .requests(
                Request::new("{tunnels.app}").method(Method::PUT).header(("accept", "*/*")).cookies(true),
            )
            .await?;
        alice.switches_to_tab(2).await?;
        mallory.steals_cookies(CookieTheft::new(alice.name(), "app")).await?;
        Upstream::new("app", stage.clone()).saw(Seen::new().path("/reports").times(1)).await?;
        Okta::new(stage.clone()).logged([EventType::SessionStart, EventType::Sso]).await?;
        let faults = IdTokenFaults::new().set(("aud", "somebody else")).set(("exp", 1)).remove("nonce");
        Okta::new(stage.clone()).misbehaves(Misbehaviour::new().id_token(faults)).await?;
        let (late, doubled) =
            (AnswerFaults::new().status(StatusCode::TOO_MANY_REQUESTS), CallbackFaults::new());
        Okta::new(stage.clone())
            .misbehaves([
                Misbehaviour::new().answers((Endpoint::Token, late.retry_after(5))).app("ngrok").times(2),
                Misbehaviour::new().callback(doubled.double("state")).user("alice"),
            ])
            .await?;
        Okta::new(stage.clone()).assigns(UserAssignment::new("ngrok", "alice")).await?;
        Edge::new(stage.clone()).refused(Refusal::new(3120)).await?;
        Agent::new("app", stage.clone()).is_killed().await?;
        Clock::new(stage.clone()).advances(std::time::Duration::from_secs(9000)).await?;
        Network::new(stage.clone()).refused_nothing().await
    };
    all.await.unwrap();
    insta::assert_snapshot!(heard.0.lock().unwrap().join("\n"), @r#"
    alice opens: "{tunnels.app}/reports?year=2026"
    alice is asked to sign in at: okta
    alice signs in
    alice sees: { url: "{tunnels.app}/*", text: [Hello, again], status: 200 }
    alice clicks: Assign
    alice clicks: { name: Assign, beside: engineering }
    alice fills: { Application label: ngrok }
    alice does not see: [Sign in, Error]
    alice requests: { url: "{tunnels.app}", method: PUT, header: { accept: "*/*" }, cookies: true }
    alice switches to tab: 2
    mallory steals cookies: { from: alice, at: app }
    upstream app saw: { path: /reports, times: 1 }
    okta logged: [user.session.start, user.authentication.sso]
    okta misbehaves: { id_token: { set: { aud: somebody else, exp: 1 }, remove: nonce } }
    okta misbehaves: [{ answers: { token: { status: 429, retry_after: 5 } }, app: ngrok, times: 2 }, { callback: { double: state }, user: alice }]
    okta assigns: { app: ngrok, user: alice }
    edge refused: ERR_NGROK_3120
    agent app is killed
    clock advances: 2h 30m
    network refused nothing
    "#);
}

#[test]
fn values_inside_data_are_filled_in() {
    let data = Data::from(serde_json::json!({ "aud": ["{okta.apps.ngrok.client_id}", 1], "plain": true }));
    let filled = data.fill(|reference| Ok(format!("<{reference}>"))).unwrap();
    assert_eq!(filled, serde_json::json!({ "aud": ["<okta.apps.ngrok.client_id>", 1], "plain": true }));
    assert!(Data::from("{nowhere}").fill(|_| Ok(String::new())).is_err());
}
