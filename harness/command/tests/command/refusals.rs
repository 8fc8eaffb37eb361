//! What an agent that is refused says, and that it ends.

use gatewright::parts::edge;

use crate::program::{Ended, Program, normalized};
use crate::world::World;

/// What an agent says that is refused: it ends with 1, prints nothing but errors, and never the token.
async fn refused(agent: Program, token: &str) -> String {
    let Ended { status, stdout, stderr } = agent.end().await;
    assert_eq!((status, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(token.is_empty() || !stderr.contains(token), "{stderr}");
    without_blanks(&stderr)
}

/// The lines without the blanks at their ends, which ngrok's empty `ERROR:  ` has.
fn without_blanks(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_authtokens_are_refused_with_the_codes_of_ngrok() {
    let world = World::new().await;
    let port = world.app_port();
    let agent = |token: Option<&str>| world.agent_with(&["http", &port], token);
    insta::assert_snapshot!(refused(agent(None), "").await, @r"
    ERROR:  authentication failed: No authtoken was given. Copy yours from the dashboard and set it: --authtoken <token>, or NGROK_AUTHTOKEN in the environment.
    ERROR:
    ERROR:  ERR_NGROK_4018
    ");
    let malformed = "not-a-token";
    insta::assert_snapshot!(refused(agent(Some(malformed)), malformed).await, @r"
    ERROR:  authentication failed: The authtoken is malformed. Copy it from the dashboard as it stands there, whole.
    ERROR:
    ERROR:  ERR_NGROK_105
    ");
    let unknown = edge::model::authtoken();
    insta::assert_snapshot!(refused(agent(Some(unknown.expose())), unknown.expose()).await, @r"
    ERROR:  authentication failed: The authtoken looks right but is not known: it was revoked, reset, or is of another edge. Copy a valid one from the dashboard.
    ERROR:
    ERROR:  ERR_NGROK_107
    ");
    let account = world.account();
    account.revoke_credential(&account.credentials().unwrap()[0].id).unwrap();
    let revoked = world.authtoken.expose();
    let said = refused(agent(Some(revoked)), revoked).await;
    assert!(said.contains("ERR_NGROK_107"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authtoken_that_is_revoked_ends_its_agent() {
    let world = World::new().await;
    let mut agent = world.agent(&["http", &world.app_port()]);
    agent.line("Forwarding").await;
    let account = world.account();
    account.revoke_credential(&account.credentials().unwrap()[0].id).unwrap();
    let ended = agent.end().await;
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("ERR_NGROK_107"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_the_edge_does_not_give_is_refused() {
    let world = World::with(|account| account.oidc = false).await;
    let port = world.app_port();
    let oidc =
        ["--oidc=https://acme.okta.test", "--oidc-client-id=0oa1", "--oidc-client-secret=very-secret-word"];
    let agent = world.agent(&[&["http", port.as_str()][..], &oidc].concat());
    let ended = agent.end().await;
    assert_eq!(ended.status, Some(1));
    assert!(!ended.stderr.contains("very-secret-word"), "{}", ended.stderr);
    insta::assert_snapshot!(without_blanks(&ended.stderr), @r"
    ERROR:  This account's plan does not include OpenID Connect. Ask the account's owner for a plan that does.
    ERROR:
    ERROR:  ERR_NGROK_5207
    ");
    let taken = world.agent(&["http", &port, "--domain=api.tunnel.localhost"]).end().await;
    assert_eq!(taken.status, Some(1));
    insta::assert_snapshot!(without_blanks(&taken.stderr), @r"
    ERROR:  api.tunnel.localhost is the edge's own; choose another name
    ERROR:
    ERROR:  ERR_NGROK_320
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_the_refusal_as_well() {
    let world = World::new().await;
    let agent = world.agent_with(&["http", "3000", "--log=stdout", "--log-format=logfmt"], None);
    let ended = agent.end().await;
    assert_eq!(ended.status, Some(1));
    let _normalized = normalized();
    insta::assert_snapshot!(ended.stdout, @r#"
    t=TIME lvl=info msg="starting web service" obj=web addr=127.0.0.1:PORT
    t=TIME lvl=eror msg="failed to auth" obj=tunnels.session err="authentication failed: No authtoken was given. Copy yours from the dashboard and set it: --authtoken <token>, or NGROK_AUTHTOKEN in the environment. (ERR_NGROK_4018)"
    "#);
    assert!(ended.stderr.contains("ERROR:  ERR_NGROK_4018"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_of_somebody_elses_is_not_trusted() {
    let (world, other) = (World::new().await, World::new().await);
    let token = world.authtoken.expose();
    let said = refused(other.agent_at(&world.server_addr(), &["http", "3000"], Some(token)), token).await;
    let _normalized = normalized();
    insta::assert_snapshot!(said, @"ERROR:  failed to verify the edge at localhost:PORT: invalid peer certificate: BadSignature; does --root-cas name its authority?");
    assert_eq!(world.account().sessions().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_is_not_on_this_machine_is_not_looked_for() {
    let world = World::new().await;
    let said = refused(world.agent_at("connect.example.com", &["http", "3000"], None), "").await;
    insta::assert_snapshot!(said, @"ERROR:  failed to dial the edge at connect.example.com:443: connect.example.com is not on this machine; is it running, and is --server-addr right?");
}
