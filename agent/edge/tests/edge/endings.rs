//! What came through a gate's session ends with the session.

use std::time::Duration;

use bytes::Bytes;
use edge::OidcModule;
use edge::event::Event;
use gate::SessionEnd;
use ground::Secret;
use http::request::Builder;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::agent::{Agent, guarded};
use crate::app::App;
use crate::client::{Browser, body, code, send, send_h2};
use crate::issuer::ISSUER;
use crate::world::{DEADLINE, World};

const HOST: &str = "app.tunnel.test";
const URL: &str = "https://app.tunnel.test";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A request of someone who has just signed in.
async fn signed_in(world: &World, path: &str) -> Builder {
    let mut browser = Browser::default();
    browser.sign_in(world, URL).await;
    let session = browser.cookie(HOST, "__Host-gate-session").unwrap();
    Request::get(format!("{URL}{path}")).header("cookie", format!("__Host-gate-session={session}"))
}

/// A WebSocket of someone who has just signed in.
async fn socket(world: &World) -> TokioIo<Upgraded> {
    let handshake = signed_in(world, "/ws").await;
    let handshake = handshake
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13");
    let mut answer = send(world, handshake.body(body("")).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    TokioIo::new(hyper::upgrade::on(&mut answer).await.unwrap())
}

async fn speaks(socket: &mut TokioIo<Upgraded>) {
    socket.write_all(b"hello").await.unwrap();
    let mut echo = [0; 5];
    timeout(DEADLINE, socket.read_exact(&mut echo)).await.expect("an echo in time").unwrap();
    assert_eq!(&echo, b"hello");
}

/// Both ends of the WebSocket are closed.
async fn is_closed(mut socket: TokioIo<Upgraded>, app: &App) {
    // Whether the client sees an end or an error: nothing comes.
    let mut rest = Vec::new();
    let _ = timeout(DEADLINE, socket.read_to_end(&mut rest)).await.expect("the client's end in time");
    assert!(rest.is_empty());
    timeout(DEADLINE, app.hung_up.acquire()).await.expect("the app's end in time").unwrap().forget();
}

/// Server-sent events of someone who has just signed in, the first of which has arrived.
async fn events(world: &World, app: &App, over_h2: bool) -> (Response<Incoming>, mpsc::Sender<Frame<Bytes>>) {
    let speaker = app.speaker();
    let request = signed_in(world, "/events").await.body(body("")).unwrap();
    let mut answer = if over_h2 { send_h2(world, request).await } else { send(world, request).await };
    speaker.send(Frame::data(Bytes::from_static(b"data: 1\n\n"))).await.unwrap();
    let frame = timeout(DEADLINE, answer.body_mut().frame()).await.expect("the event in time");
    assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), "data: 1\n\n");
    (answer, speaker)
}

/// The stream of events is broken off: it has not merely come to an end, and the app can say no more.
async fn is_broken_off(mut answer: Response<Incoming>, speaker: &mpsc::Sender<Frame<Bytes>>) {
    let frame = timeout(DEADLINE, answer.body_mut().frame()).await.expect("the end in time");
    assert!(matches!(frame, Some(Err(_))), "{frame:?}");
    timeout(DEADLINE, speaker.closed()).await.expect("the app's end in time");
}

async fn cut_short(world: &World) -> SessionEnd {
    let why = |event: &Event| match event {
        Event::CutShort { why, .. } => Some(*why),
        _ => None,
    };
    world.events.first("the cut", why).await
}

/// A world with an app behind the gate at [`URL`].
async fn world() -> (World, std::sync::Arc<App>, Agent) {
    let world = World::new().await;
    let app = App::new("app");
    let agent = Agent::new(&world, &app).await;
    agent.bind(&guarded(HOST)).await;
    (world, app, agent)
}

#[tokio::test]
async fn a_revoked_sessions_websocket_is_closed_both_ways_and_nobody_elses() {
    let (world, app, _agent) = world().await;
    let mut revoked = socket(&world).await;
    let mut other = socket(&world).await;
    let session = world.account().app_sessions().remove(0).id;
    speaks(&mut revoked).await;
    world.account().revoke_app_session(session.as_str()).unwrap();
    is_closed(revoked, &app).await;
    assert_eq!(cut_short(&world).await, SessionEnd::Revoked);
    speaks(&mut other).await;
    assert_eq!(app.hung_up.available_permits(), 0);
}

#[tokio::test]
async fn a_websocket_keeps_its_session_from_idling_and_ends_at_its_maximum() {
    let (world, app, _agent) = world().await;
    let mut socket = socket(&world).await;
    // A session idles after three days and lasts fourteen.
    world.clock.advance(13 * DAY);
    speaks(&mut socket).await;
    assert_eq!(world.account().app_sessions().len(), 1);
    world.clock.advance(DAY);
    is_closed(socket, &app).await;
    assert_eq!(cut_short(&world).await, SessionEnd::Maximum);
}

#[tokio::test]
async fn a_session_idles_from_when_its_websocket_was_closed() {
    let (world, app, _agent) = world().await;
    let mut socket = socket(&world).await;
    world.clock.advance(4 * DAY);
    socket.shutdown().await.unwrap();
    is_closed(socket, &app).await;
    world.clock.advance(2 * DAY);
    assert_eq!(world.account().app_sessions().len(), 1);
    world.clock.advance(DAY);
    assert!(world.account().app_sessions().is_empty());
}

#[tokio::test]
async fn an_answer_that_streams_is_broken_off() {
    let (world, app, _agent) = world().await;
    for over_h2 in [false, true] {
        let (answer, speaker) = events(&world, &app, over_h2).await;
        let session = world.account().app_sessions().remove(0).id;
        world.account().revoke_app_session(session.as_str()).unwrap();
        is_broken_off(answer, &speaker).await;
        assert_eq!(cut_short(&world).await, SessionEnd::Revoked);
    }
}

#[tokio::test]
async fn an_answer_that_has_not_begun_is_not_waited_for() {
    let (world, app, _agent) = world().await;
    let held = signed_in(&world, "/held").await.body(body("")).unwrap();
    let revoking = async {
        while app.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        let session = world.account().app_sessions().remove(0).id;
        world.account().revoke_app_session(session.as_str()).unwrap();
    };
    let (answer, ()) = tokio::join!(send(&world, held), revoking);
    assert_eq!((answer.status(), code(answer.headers())), (StatusCode::UNAUTHORIZED, "ERR_NGROK_3100"));
}

#[tokio::test]
async fn what_an_edges_sessions_have_open_ends_when_its_module_changes_or_goes() {
    let world = World::new().await;
    let app = App::new("app");
    let account = world.account();
    let agent = Agent::new(&world, &app).await;
    let module = || OidcModule::new(ISSUER, "client", Secret::new("client secret", "hush"));
    for change in ["another module", "no module", "no host", "no Edge"] {
        let edge = account.create_edge_with_tunnel_group("").unwrap();
        let route = edge.routes[0].id.clone();
        let on = |hosts: Vec<edge::model::Host>| edge::model::EdgeChange {
            hosts: Some(hosts),
            ..edge::model::EdgeChange::default()
        };
        account.update_edge(&edge.id, on(vec![edge::model::Host::parse(HOST).unwrap()])).unwrap();
        account.set_oidc(&edge.id, &route, Some(module())).unwrap();
        agent.label("edge", edge.id.as_str()).await;
        let (answer, speaker) = events(&world, &app, false).await;
        account.set_oidc(&edge.id, &route, Some(module())).unwrap();
        assert_eq!(account.app_sessions().len(), 1, "the same module is no change");
        match change {
            "another module" => {
                let shorter = OidcModule { maximum_duration: DAY, ..module() };
                account.set_oidc(&edge.id, &route, Some(shorter)).map(drop).unwrap();
            }
            "no module" => account.set_oidc(&edge.id, &route, None).map(drop).unwrap(),
            "no host" => account.update_edge(&edge.id, on(Vec::new())).map(drop).unwrap(),
            _ => account.delete_edge(&edge.id).unwrap(),
        }
        is_broken_off(answer, &speaker).await;
        assert_eq!(cut_short(&world).await, SessionEnd::SettingsChanged, "{change}");
        if change != "no Edge" {
            account.delete_edge(&edge.id).unwrap();
        }
    }
}
