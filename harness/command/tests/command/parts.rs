//! `gatewright edge` and `gatewright okta`, alone and together.

use std::net::Ipv4Addr;
use std::path::Path;

use bytes::Bytes;
use gatewright::parts::ground::Outbound;
use gatewright::parts::ground::authority::client_config_trusting;
use gatewright::parts::ground::outbound::Route;
use http::{Request, Response, header};
use serde_json::{Value, json};

use crate::program::{Program, normalized};

/// A part that has said what it is.
async fn started(arguments: &[&str]) -> (Program, Value) {
    let mut part = Program::start(arguments);
    let said = serde_json::from_str(&part.line("{").await).unwrap();
    (part, said)
}

async fn send(trusted: &Value, request: Request<Bytes>) -> Response<Bytes> {
    let pem = std::fs::read_to_string(trusted.as_str().unwrap()).unwrap();
    let tls = client_config_trusting(&pem, "the part's own", &[b"http/1.1"]).unwrap();
    Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, tls).send(request).await.unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_alone_sends_people_to_an_org_alone() {
    let (org, org_said) = started(&["okta", "--json"]).await;
    let org_trust = text(&org_said["ca_pem"]).to_owned();
    let (edge, edge_said) = started(&["edge", "--json", "--root-cas", &org_trust]).await;

    let okta = &org_said["okta"];
    let new_app = json!({
        "name": "oidc_client",
        "label": "ngrok",
        "signOnMode": "OPENID_CONNECT",
        "settings": { "oauthClient": {
            "redirect_uris": [edge_said["edge"]["redirect_uri"]],
            "application_type": "web",
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
        } },
    });
    let request = Request::post(format!("{}/api/v1/apps", text(&okta["issuer"])))
        .header(header::AUTHORIZATION, format!("SSWS {}", text(&okta["api_token"])))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(new_app.to_string()))
        .unwrap();
    let made = send(&org_said["ca_pem"], request).await;
    let app: Value = serde_json::from_slice(made.body()).unwrap();
    let client = &app["credentials"]["oauthClient"];

    let (id, secret) = (text(&client["client_id"]), text(&client["client_secret"]));
    let mut agent = Program::start_with(
        &[
            "http",
            "1",
            "--oidc",
            text(&okta["issuer"]),
            "--oidc-client-id",
            id,
            "--oidc-client-secret",
            secret,
        ],
        &[
            ("GATEWRIGHT_SERVER_ADDR", text(&edge_said["edge"]["agent_addr"])),
            ("GATEWRIGHT_ROOT_CAS", text(&edge_said["ca_pem"])),
            ("NGROK_AUTHTOKEN", text(&edge_said["edge"]["authtoken"])),
        ],
    );
    let forwarding = agent.line("Forwarding").await;
    let url = forwarding.split_whitespace().find(|word| word.starts_with("https://")).unwrap();
    let visit = Request::get(url).header(header::ACCEPT, "text/html").header("sec-fetch-mode", "navigate");
    let answer = send(&edge_said["ca_pem"], visit.body(Bytes::new()).unwrap()).await;
    let location = answer.headers()[header::LOCATION].to_str().unwrap();
    let authorize = format!("{}/oauth2/v1/authorize?", text(&okta["issuer"]));
    assert!(location.starts_with(&authorize) && location.contains(id), "{location}");

    assert_eq!(agent.signal("INT").await.status, Some(0));
    for (part, said) in [(edge, &edge_said), (org, &org_said)] {
        let ended = part.signal("INT").await;
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
        assert!(!Path::new(text(&said["ca_pem"])).exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_show_on_request_alone() {
    for part in ["edge", "okta"] {
        let mut hiding = Program::start(&[part]);
        hiding.line("Ctrl+C").await;
        let hidden = hiding.signal("TERM").await;
        assert_eq!((hidden.status, hidden.stderr.as_str()), (Some(0), ""));
        let normalized = normalized();
        insta::assert_snapshot!(format!("{part}_alone"), hidden.stdout);
        drop(normalized);
        let mut showing = Program::start(&[part, "--show-secrets"]);
        let password = showing.line("Password").await;
        assert!(!password.contains("hidden") && password.len() > 40, "{password}");
        assert_eq!(showing.signal("INT").await.status, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_keeps_its_state_is_the_same_again() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let arguments = ["edge", "--json", "--state-dir", state.to_str().unwrap()];
    let (edge, said) = started(&arguments).await;
    let edges = format!("{}/edges/https", text(&said["edge"]["api_url"]));
    let key = format!("Bearer {}", text(&said["edge"]["api_key"]));
    let ask = |request: http::request::Builder, body: &'static str| {
        let request = request.header("ngrok-version", "2").header(header::AUTHORIZATION, &key);
        send(
            &said["ca_pem"],
            request.header(header::CONTENT_TYPE, "application/json").body(body.into()).unwrap(),
        )
    };
    let made = ask(Request::post(&edges), r#"{"description":"kept"}"#).await;
    assert_eq!(made.status(), 201);
    let second = crate::program::gatewright().args(arguments).assert().code(2).stdout("");
    let second = String::from_utf8(second.get_output().stderr.clone()).unwrap();
    assert!(second.contains("is in use by another edge"), "{second}");
    assert_eq!(edge.signal("INT").await.status, Some(0));

    let (edge, again) = started(&arguments).await;
    assert_eq!(again, said);
    let listed = ask(Request::get(&edges), "").await;
    assert!(String::from_utf8_lossy(listed.body()).contains(r#""description":"kept""#));
    assert_eq!(edge.signal("INT").await.status, Some(0));

    std::fs::write(state.join("edge.redb"), "no store").unwrap();
    let broken = crate::program::gatewright().args(arguments).assert().code(2).stdout("");
    let broken = String::from_utf8(broken.get_output().stderr.clone()).unwrap();
    assert!(broken.contains("is damaged, or no edge's") && broken.contains("move it away"), "{broken}");
}

#[test]
fn what_makes_no_part_is_refused() {
    let wrong = |arguments: &[&str]| {
        let assert = crate::program::gatewright().args(arguments).assert().code(2).stdout("");
        String::from_utf8(assert.get_output().stderr.clone()).unwrap()
    };
    insta::assert_snapshot!(wrong(&["edge", "--domain", "not a domain"]), @r#"error: the edge's domain: a domain has no ' ': letters, digits, dots and hyphens only (the domain is "not a domain")"#);
    insta::assert_snapshot!(wrong(&["edge", "--root-cas", "/nowhere/authority.pem"]), @"error: /nowhere/authority.pem can't be read: No such file or directory (os error 2); it should be the PEM file of the authority that the other side's certificate comes from, which is named where that side was started");
    insta::assert_snapshot!(wrong(&["okta", "--name", "acme.corp"]), @r"
    error: invalid value 'acme.corp' for '--name <NAME>': a name is 1 to 40 lower-case letters, digits and hyphens, with a letter or a digit at both ends

    For more information, try '--help'.
    ");
    wrong(&["okta", "--json", "--show-secrets"]);
}
