use std::sync::Arc;
use std::time::Instant;

use chrono::{TimeZone, Utc};
use ground::Connection;
use wire::message::Refusal;

use super::*;
use proptest::prelude::*;

fn lines(event: Event) -> Vec<Line> {
    let stage_time = Utc.with_ymd_and_hms(2026, 11, 23, 18, 5, 9).unwrap();
    Line::about(&Stamped { at: Instant::now(), stage_time, event })
}

fn at() -> StreamRef {
    StreamRef { session: "ts_1".into(), stream: 4 }
}

fn events() -> Vec<Event> {
    let connection =
        Connection { peer: "127.0.0.1:50000".parse().unwrap(), local: "127.0.0.1:3000".parse().unwrap() };
    let client = "203.0.113.7:51234".parse().unwrap();
    let millis = Duration::from_millis;
    vec![
        Event::SessionEstablished {
            session: "ts_1".into(),
            connection,
            region: "stage".into(),
            again: false,
        },
        Event::TunnelStarted {
            name: "command_line".into(),
            id: "t1".into(),
            url: Some("https://app.tunnel.test".into()),
            labels: String::new(),
            upstream: "http://localhost:3000".into(),
        },
        Event::TunnelStarted {
            name: "command_line".into(),
            id: "t2".into(),
            url: None,
            labels: "edge=edghts_1".into(),
            upstream: "http://localhost:80".into(),
        },
        Event::ConnectionOpened { at: at(), tunnel: "command_line".into(), client, upstream: connection },
        Event::Exchange {
            at: at(),
            method: "GET".into(),
            target: "/callback?code=secret".into(),
            status: 200,
            reason: "OK".into(),
            took: millis(12),
        },
        Event::ConnectionClosed { at: at(), received: 10, sent: 2000, lasted: millis(31), reason: None },
        Event::UpstreamUnreachable {
            at: at(),
            tunnel: "command_line".into(),
            client,
            upstream: "http://localhost:3000".into(),
            reason: "Connection refused (os error 111)".into(),
        },
        Event::SessionLost { session: "ts_1".into(), reason: "the connection ended".into() },
        Event::Reconnecting { failed: 0, delay: millis(20), reason: None },
        Event::Reconnecting { failed: 1, delay: millis(300), reason: Some("refused".into()) },
        Event::SessionEstablished { session: "ts_2".into(), connection, region: "stage".into(), again: true },
        Event::Commanded { command: "update", obeyed: false },
        Event::TunnelStopped {
            name: "command_line".into(),
            id: "t1".into(),
            reason: Some("its Edge is gone".into()),
        },
        Event::Ended { error: Arc::new(AgentError::Stopped) },
        Event::Ended {
            error: Arc::new(AgentError::Unauthenticated(Refusal::new(107, "The authtoken is unknown."))),
        },
    ]
}

fn all(format: Format) -> String {
    events().into_iter().flat_map(lines).map(|line| line.render(format) + "\n").collect()
}

#[test]
fn logfmt_is_what_scripts_parse() {
    insta::assert_snapshot!(all(Format::Logfmt));
}

#[test]
fn json_has_its_keys_in_order() {
    insta::assert_snapshot!(all(Format::Json));
}

#[test]
fn term_is_for_people() {
    insta::assert_snapshot!(all(Format::Term));
}

#[test]
fn the_last_words_name_the_code() {
    let refusal = Refusal::new(107, "The authtoken you specified is unknown.");
    insta::assert_snapshot!(last_words(&AgentError::Unauthenticated(refusal.clone())), @r"
    ERROR:  authentication failed: The authtoken you specified is unknown.
    ERROR:  
    ERROR:  ERR_NGROK_107
    ");
    insta::assert_snapshot!(last_words(&AgentError::Unbound(refusal)), @r"
    ERROR:  The authtoken you specified is unknown.
    ERROR:  
    ERROR:  ERR_NGROK_107
    ");
    insta::assert_snapshot!(last_words(&AgentError::Stopped), @"ERROR:  the edge asked the agent to stop");
}

proptest! {
    #[test]
    fn no_value_breaks_its_line(value in ".{0,60}") {
        let event = Event::SessionLost { session: "ts_1".into(), reason: value.clone() };
        let [line] = lines(event).try_into().unwrap();
        let json: serde_json::Value = serde_json::from_str(&line.render(Format::Json)).unwrap();
        prop_assert_eq!(&json["err"], &serde_json::Value::from(value));
        for format in [Format::Logfmt, Format::Term] {
            let text = line.render(format);
            prop_assert!(!text.contains(['\n', '\r', '\0']), "{}", text);
        }
    }
}
