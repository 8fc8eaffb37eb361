//! `gatewright up`: a world to do the walkthrough in by hand.

use std::net::Ipv4Addr;
use std::path::Path;

use bytes::Bytes;
use gatewright::parts::ground::Outbound;
use gatewright::parts::ground::authority::client_config_trusting;
use gatewright::parts::ground::outbound::Route;
use http::{Request, StatusCode, header};
use serde_json::Value;

use crate::program::{Program, normalized};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// The members of an object, and those of the objects in it, as paths.
fn members(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(name, value)| members(value, &format!("{path}.{name}"), into));
        }
        Value::Array(items) => members(&items[0], &format!("{path}[]"), into),
        _ => into.push(path.to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_json_is_what_others_script_against() {
    let mut world = Program::start(&["up", "--json"]);
    let said: Value = serde_json::from_str(&world.line("{").await).unwrap();
    let mut names = Vec::new();
    members(&said, "", &mut names);
    insta::assert_snapshot!(names.join("\n"));
    assert!(said["okta"]["users"].as_array().unwrap().iter().any(|user| user["assigned"] == true));
    assert!(said["okta"]["users"].as_array().unwrap().iter().any(|user| user["assigned"] == false));
    assert!(Path::new(text(&said["ca_pem"])).is_file());
    let ended = world.signal("INT").await;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(ended.stdout.lines().count(), 1);
    assert!(!Path::new(text(&said["ca_pem"])).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walkthrough_can_be_done_in_it() {
    for loopback in [false, true] {
        let flags: &[&str] = if loopback { &["up", "--json", "--loopback-urls"] } else { &["up", "--json"] };
        let mut world = Program::start(flags);
        let said: Value = serde_json::from_str(&world.line("{").await).unwrap();
        let (okta, edge) = (&said["okta"], &said["edge"]);
        let oidc = [
            format!("--oidc={}", text(&okta["issuer"])),
            format!("--oidc-client-id={}", text(&okta["client_id"])),
            format!("--oidc-client-secret={}", text(&okta["client_secret"])),
        ];
        let mut agent = Program::start_with(
            &["http", "3000", &oidc[0], &oidc[1], &oidc[2]],
            &[
                ("GATEWRIGHT_SERVER_ADDR", text(&edge["agent_addr"])),
                ("GATEWRIGHT_ROOT_CAS", text(&said["ca_pem"])),
                ("NGROK_AUTHTOKEN", text(&edge["authtoken"])),
            ],
        );
        let forwarding = agent.line("Forwarding").await;
        let url = forwarding.split_whitespace().find(|word| word.starts_with("https://")).unwrap();
        let pem = std::fs::read_to_string(text(&said["ca_pem"])).unwrap();
        let tls = client_config_trusting(&pem, "the world's own", &[b"http/1.1"]).unwrap();
        let route =
            if loopback { Route::Loopback } else { Route::Proxy(text(&said["proxy"]).parse().unwrap()) };
        let visitor = Outbound::new(route, Ipv4Addr::LOCALHOST, tls);
        let visit =
            Request::get(url).header(header::ACCEPT, "text/html").header("sec-fetch-mode", "navigate");
        let answer = visitor.send(visit.body(Bytes::new()).unwrap()).await.unwrap();
        let authorize = answer.headers()[header::LOCATION].to_str().unwrap().to_owned();
        assert!(
            authorize.starts_with(&format!("{}/oauth2/v1/authorize?", text(&okta["issuer"]))),
            "{authorize}"
        );
        let sign_in = visitor.send(Request::get(&authorize).body(Bytes::new()).unwrap()).await.unwrap();
        assert!(
            matches!(sign_in.status(), StatusCode::OK | StatusCode::FOUND | StatusCode::SEE_OTHER),
            "{sign_in:?}"
        );
        assert_eq!(agent.signal("INT").await.status, Some(0));
        assert_eq!(world.signal("TERM").await.status, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_told_what_is_where() {
    let mut world = Program::start(&["up"]);
    world.line("Ctrl+C").await;
    let ended = world.signal("INT").await;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    let _normalized = normalized();
    insta::assert_snapshot!(ended.stdout);
}
