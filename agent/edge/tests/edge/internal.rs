//! Internal endpoints: names that only endpoints of the same account reach.

use edge::NewAccount;
use edge::model::authtoken;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wire::message::{Bind, HttpOptions, TcpOptions, TlsOptions, TlsTermination};

use crate::agent::{Agent, Behind, https, tcp, tls, with_options};
use crate::app::App;
use crate::binding::refusal;
use crate::client::connect;
use crate::world::{DEADLINE, World};

const NAME: &str = "app.internal";

fn bound_to(bindings: &[&str], mut bind: Bind) -> Bind {
    bind.extra.bindings = bindings.iter().map(|binding| (*binding).to_owned()).collect();
    bind
}

#[tokio::test]
async fn nobody_reaches_an_internal_endpoint_from_outside() {
    let world = World::new().await;
    let app = App::new("app");
    let agent = Agent::new(&world, &app).await;
    let answer = agent.bind(&bound_to(&["internal"], https(NAME))).await;
    assert_eq!((answer.error.as_str(), answer.url.as_str()), ("", "https://app.internal"));
    let clear = Bind { proto: "http".into(), ..https(NAME) };
    assert_eq!(agent.bind(&clear).await.url, "http://app.internal");
    // The edge has no certificate for it, and no page but that of names that it doesn't know.
    assert!(connect(&world, NAME, &[]).await.is_err());
    let mut plain = TcpStream::connect(world.edge.http_addr()).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: app.internal\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    timeout(DEADLINE, plain.read_to_string(&mut answer)).await.expect("an answer in time").unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("ERR_NGROK_3200"), "{answer}");
    assert!(app.seen().is_empty());
    let urls: Vec<_> = world.account().endpoints().into_iter().map(|endpoint| endpoint.url).collect();
    assert_eq!(urls, ["https://app.internal", "http://app.internal"]);
}

#[tokio::test]
async fn an_internal_address_has_no_listener() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let internal = |port: u16| {
        let url = Some(format!("tcp://db.internal:{port}"));
        bound_to(&["internal"], tcp(&TcpOptions { url, ..TcpOptions::default() }))
    };
    let answer = agent.bind(&internal(5432)).await;
    assert_eq!((answer.error.as_str(), answer.url.as_str()), ("", "tcp://db.internal:5432"));
    assert_eq!(world.edge.model().tcp_address(5432), None);
    assert_eq!(refusal(&agent, internal(5432)).await, 334);
    assert_eq!(agent.bind(&internal(5433)).await.error, "");
}

#[tokio::test]
async fn two_accounts_may_have_the_same_internal_name() {
    let world = World::with(|config| {
        let mut other: NewAccount = config.accounts[0].clone();
        other.name = "Other".into();
        other.logins.clear();
        other.authtokens = vec![authtoken()];
        config.accounts.push(other);
    })
    .await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let mut other = Agent::dialled(&world, Behind::App(App::new("other"))).await;
    let token = world.edge.account("Other").unwrap().credentials().unwrap()[0].token.clone();
    assert_eq!(other.authenticate(Some(&token)).await.error, "");
    for agent in [&agent, &other] {
        assert_eq!(agent.bind(&https(NAME)).await.error, "");
        assert_eq!(refusal(agent, https(NAME)).await, 334);
    }
}

#[tokio::test]
async fn a_binding_and_a_name_agree() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    for wrong in [
        bound_to(&["internal"], https("app.tunnel.test")),
        bound_to(&["internal"], https("")),
        bound_to(&["public"], https(NAME)),
        bound_to(&["public", "internal"], https(NAME)),
        bound_to(&["kubernetes"], https("app.tunnel.test")),
    ] {
        assert_eq!(refusal(&agent, wrong).await, 301);
    }
    let port = HttpOptions { url: Some("https://app.internal:8443".into()), ..HttpOptions::default() };
    assert_eq!(refusal(&agent, with_options(&port)).await, 9037);
    // Nobody opens TLS to an internal endpoint: what would not be enforced is refused.
    let ends = TlsOptions {
        domain: NAME.into(),
        tls_termination: Some(TlsTermination::default()),
        ..TlsOptions::default()
    };
    assert_eq!(refusal(&agent, tls(&ends)).await, 301);
    assert_eq!(
        agent.bind(&tls(&TlsOptions { tls_termination: None, ..ends })).await.url,
        "tls://app.internal"
    );
    let public = bound_to(&["public"], https("app.tunnel.test"));
    assert_eq!(agent.bind(&public).await.error, "");
}
