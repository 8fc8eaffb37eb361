//! Who gets to our app through the tunnel, and who doesn't.

use gatewright::given::{Assigned, Given, HttpTunnel, Org, OrgApp, OrgUser, PageApp};
use gatewright::{Seen, Sight, SignInPlace, Stage};

/// Our app behind a guarded tunnel; of the org's people, alice is assigned to it.
fn our_app() -> Given {
    Given::new()
        .okta(
            Org::new()
                .users(("alice", OrgUser::new()))
                .users(("mallory", OrgUser::new()))
                .apps(("ngrok", OrgApp::new().assign(Assigned::new().users("alice")))),
        )
        .upstreams(("app", PageApp::new("Hello from our app")))
        .tunnels(("app", HttpTunnel::new("app").oidc("ngrok")))
}

#[tokio::test]
async fn an_assigned_user_reaches_the_app() -> gatewright::Result {
    let stage = Stage::set(&our_app()).await?;
    let alice = stage.person("alice");
    alice.opens("{tunnels.app}/reports?year=2026").await?;
    alice.is_asked_to_sign_in_at(SignInPlace::Okta).await?;
    alice.signs_in().await?;
    alice.sees(Sight::new().url("{tunnels.app}/reports?year=2026").text("Hello from our app")).await?;
    let with_identity = Seen::new().path("/reports").header(("ngrok-auth-user-email", "{users.alice.email}"));
    stage.upstream("app").saw(with_identity).await?;
    Ok(stage.strike().await?)
}

#[tokio::test]
async fn an_unassigned_user_stays_outside() -> gatewright::Result {
    let stage = Stage::set(&our_app()).await?;
    let mallory = stage.person("mallory");
    mallory.opens("{tunnels.app}/").await?;
    mallory.signs_in().await?;
    mallory.sees("User is not assigned to the client application.").await?;
    mallory.has_no_session_at("app").await?;
    stage.upstream("app").saw_nothing().await?;
    Ok(stage.strike().await?)
}
