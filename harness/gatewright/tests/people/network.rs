//! What a page's own scripts do on the network.

use std::time::Duration;

use ::http::{Method, StatusCode};
use gatewright::browser::{Event, Frame, WebSocketDoing};
use gatewright::people::{Driver, Fetch, Fetched, Stream, Streamed, Talk, Talked, Upload};

use super::scene::{Person, Scene};

async fn scripting() -> (Scene, Person) {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    alice.driver.open("https://app.tunnel.test/console").await.unwrap();
    (scene, alice)
}

#[tokio::test]
async fn a_page_fetches_and_is_told_why_not() {
    let (_scene, alice) = scripting().await;
    let what = Fetch {
        method: Method::PUT,
        headers: vec![("x-asked".into(), "so".into())],
        body: Some("some text".into()),
        ..Fetch::get("/echo")
    };
    let Fetched::Answer { status, headers, body, url } = alice.driver.fetch(&what).await.unwrap() else {
        panic!("it is answered")
    };
    assert_eq!((status, url.as_str()), (Some(StatusCode::OK), "https://app.tunnel.test/echo"));
    assert_eq!(headers["x-echo"], "yes");
    assert!(body.starts_with("PUT\nsome text\n") && body.contains("\"x-asked\": \"so\""), "{body}");

    let Fetched::Answer { status, .. } = alice.driver.fetch(&Fetch::get("/unauthorized")).await.unwrap()
    else {
        panic!("a refusal is an answer")
    };
    assert_eq!(status, Some(StatusCode::UNAUTHORIZED));
    for (url, told) in [
        ("https://elsewhere.example/", "net::ERR_TUNNEL_CONNECTION_FAILED"),
        ("https://other.tunnel.test/echo", "blocked by CORS: MissingAllowOriginHeader"),
    ] {
        let Fetched::NetworkError { reason } = alice.driver.fetch(&Fetch::get(url)).await.unwrap() else {
            panic!("{url} gives no answer")
        };
        assert_eq!(reason, told);
    }
}

#[tokio::test]
async fn a_page_talks_over_a_socket_and_is_told_when_it_may_not() {
    let (_scene, alice) = scripting().await;
    let talk = |url: &str| Talk {
        url: url.into(),
        protocols: Vec::new(),
        say: vec!["one".into(), "two".into()],
        hear: 2,
    };
    let talked = alice.driver.talk(&talk("wss://app.tunnel.test/socket")).await.unwrap();
    let heard = vec!["one".to_owned(), "two".to_owned()];
    assert_eq!(talked, Talked::Opened { protocol: String::new(), heard, closed: None });
    let refused = alice.driver.talk(&talk("wss://app.tunnel.test/unauthorized")).await.unwrap();
    assert!(
        matches!(&refused, Talked::Refused { status: Some(StatusCode::UNAUTHORIZED), .. }),
        "{refused:?}"
    );
    let refused = alice.driver.talk(&talk("wss://elsewhere.example/")).await.unwrap();
    let Talked::Refused { status: None, reason } = refused else { panic!("{refused:?}") };
    assert!(reason.contains("tunnel via proxy server failed"), "{reason}");

    let events = alice.events.lock().unwrap();
    let received: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::WebSocket(socket) => match &socket.what {
                WebSocketDoing::Received(Frame::Text(text)) => Some(text.as_str()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(received, ["one", "two"]);
}

#[tokio::test]
async fn a_page_listens_to_events() {
    let (_scene, alice) = scripting().await;
    let stream = |url: &str| Stream { url: url.into(), types: vec!["tick".into()], count: 3 };
    let Streamed::Events(events) = alice.driver.stream(&stream("/events")).await.unwrap() else {
        panic!("the stream is there")
    };
    let events: Vec<_> = events.iter().map(|e| (e.event.as_str(), e.data.as_str(), e.id.as_str())).collect();
    assert_eq!(events, [("message", "one", "1"), ("tick", "two", "1"), ("message", "three", "1")]);
    let refused = alice.driver.stream(&stream("/unauthorized")).await.unwrap();
    assert_eq!(refused, Streamed::Refused { status: Some(StatusCode::UNAUTHORIZED), events: Vec::new() });
}

#[tokio::test]
async fn a_large_body_goes_up_from_the_page() {
    let (scene, alice) = scripting().await;
    let upload = Upload {
        method: Method::POST,
        url: "/upload".into(),
        mebibytes: 20,
        within: Duration::from_secs(60),
    };
    let Fetched::Answer { body, .. } = alice.driver.upload(&upload).await.unwrap() else {
        panic!("the upload is answered")
    };
    assert_eq!(body, (20 * 1024 * 1024).to_string());
    alice.driver.idle().await.unwrap();
    assert_eq!(scene.activity.in_flight(), 0);
}
