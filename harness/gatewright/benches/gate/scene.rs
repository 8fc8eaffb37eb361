//! What is measured again and again: a stage with one guarded tunnel, and somebody who gets through it.

use gatewright::browser::{Engine, Installation};
use gatewright::given::{Assigned, Given, HttpTunnel, Org, OrgApp, OrgUser, PageApp};
use gatewright::{People, Run, Sight, SignInPlace, Stage};

use crate::Outcome;
use crate::figures::Watch;

pub(crate) const HELLO: &str = "Hello from localhost:3000";

/// The headless shell, as scenarios have it.
pub(crate) fn installation() -> Outcome<Installation> {
    Ok(Installation::find(Engine::Shell, None)?)
}

/// A run with so many warm browsers.
pub(crate) fn run(browsers: usize) -> Outcome<Run> {
    let people = People::Browser { installation: installation()?, headed: false, fresh: false };
    Ok(Run::start(people, browsers)?)
}

pub(crate) fn given() -> Given {
    let app = OrgApp::new().label("ngrok").assign(Assigned::new().users("alice"));
    Given::new()
        .okta(Org::new().users(("alice", OrgUser::new())).apps(("ngrok", app)))
        .upstreams(("app", PageApp::new(HELLO)))
        .tunnels(("app", HttpTunnel::new("app").oidc("ngrok")))
}

/// One isolated login, from nothing to nothing.
pub(crate) async fn log_in(run: &Run, given: &Given, watch: &mut Watch) -> Outcome {
    let stage = Stage::set_in(run, given).await?;
    watch.lap("stage set");
    {
        let alice = stage.person("alice");
        alice.opens("{tunnels.app}/reports?year=2026").await?;
        watch.lap("fresh profile, page opened, redirected");
        alice.is_asked_to_sign_in_at(SignInPlace::Okta).await?;
        watch.lap("sign-in page seen");
        alice.signs_in().await?;
        watch.lap("two fields filled, button clicked, redirected");
        alice.sees(Sight::new().url("{tunnels.app}/reports?year=2026").text(HELLO)).await?;
        watch.lap("app seen");
    }
    stage.strike().await?;
    watch.lap("stage struck");
    Ok(())
}
