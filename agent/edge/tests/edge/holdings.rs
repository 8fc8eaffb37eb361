//! What an account holds by the control API: domains, credentials with their ACLs, API keys, and its people.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use wire::StreamType;
use wire::message::{Unbind, UnbindAnswer};

use crate::agent::{Agent, Behind, guarded, https};
use crate::app::App;
use crate::client::Browser;
use crate::control::{call, ok};
use crate::issuer::ISSUER;
use crate::world::World;

/// A world with another account, which has an authtoken and an API key.
async fn with_another(authtoken: &ground::Secret, key: &ground::Secret) -> World {
    let (authtoken, key) = (authtoken.clone(), key.clone());
    World::with(move |config| {
        config.accounts.push(edge::NewAccount {
            name: "Other".to_owned(),
            plan: "Free".to_owned(),
            oidc: false,
            logins: Vec::new(),
            authtokens: vec![authtoken],
            api_keys: vec![key],
        });
    })
    .await
}

#[tokio::test]
async fn a_reserved_domain_is_its_accounts_alone() {
    let (token, key) = (edge::model::authtoken(), edge::model::api_key());
    let world = with_another(&token, &key).await;
    let name = json!({ "domain": "kept.tunnel.test", "region": "", "resolves_to": [] });
    let domain = ok(&world, Method::POST, "/reserved_domains", Some(name.clone())).await;
    let path = format!("/reserved_domains/{}", domain["id"].as_str().unwrap());
    assert_eq!(domain["domain"], "kept.tunnel.test");
    assert_eq!(
        call(&world, Method::POST, "/reserved_domains", Some(name.clone())).await.1["error_code"],
        "ERR_NGROK_413"
    );

    let mut other = Agent::dialled(&world, Behind::App(App::new("other"))).await;
    assert_eq!(other.authenticate(Some(&token)).await.error, "");
    let refused = other.bind(&https("kept.tunnel.test")).await.error;
    assert!(refused.contains("ERR_NGROK_320"), "{refused}");
    let agent = Agent::new(&world, &App::new("own")).await;
    let bound = agent.online("kept.tunnel.test").await;
    let tunnel = ok(&world, Method::GET, &format!("/tunnels/{}", bound.id), None).await;
    let endpoint = ok(&world, Method::GET, tunnel["endpoint"]["uri"].as_str().unwrap(), None).await;
    assert_eq!(endpoint["domain"]["id"], domain["id"]);

    let described = ok(&world, Method::PATCH, &path, Some(json!({ "description": "ours" }))).await;
    assert_eq!(described["description"], "ours");
    assert_eq!(call(&world, Method::DELETE, &path, None).await.1["error_code"], "ERR_NGROK_446");
    let unbind = Unbind { id: bound.id };
    let unbound: UnbindAnswer = agent.call(StreamType::UNBIND, &unbind).await;
    assert_eq!(unbound.error, "");

    let mut world = world;
    world.api_key = key;
    assert_eq!(
        call(&world, Method::POST, "/reserved_domains", Some(name.clone())).await.1["error_code"],
        "ERR_NGROK_414"
    );
    assert_eq!(call(&world, Method::DELETE, &path, None).await.0, StatusCode::NOT_FOUND);
    let edge = json!({ "hostports": ["kept.tunnel.test:443"] });
    assert_eq!(call(&world, Method::POST, "/edges/https", Some(edge)).await.1["error_code"], "ERR_NGROK_320");
    other.online("busy.tunnel.test").await;
    assert_eq!(ok(&world, Method::GET, "/reserved_domains", None).await["reserved_domains"], json!([]));
}

#[tokio::test]
async fn a_domain_that_cannot_be_reserved_is_refused_with_its_code() {
    let world = World::new().await;
    for (name, code) in [
        ("", 408),
        ("*.tunnel.test", 419),
        ("a_b.tunnel.test", 438),
        ("localhost", 411),
        ("api.tunnel.test", 320),
    ] {
        let (status, body) =
            call(&world, Method::POST, "/reserved_domains", Some(json!({ "domain": name }))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name}");
        assert_eq!(body["error_code"], format!("ERR_NGROK_{code}"), "{name}: {body}");
    }
}

#[tokio::test]
async fn the_agents_of_a_credential_bind_what_its_acl_permits() {
    let world = World::new().await;
    let edge = world.account().create_edge_with_tunnel_group("").unwrap();
    let group = json!({ "labels": { "team": "blue" } });
    ok(&world, Method::POST, "/backends/tunnel_group", Some(group)).await;
    let rules = json!(["bind:app.tunnel.test", "bind:*.example.test", "bind:team=*"]);
    let made = ok(&world, Method::POST, "/credentials", Some(json!({ "acl": rules }))).await;
    assert_eq!(made["acl"], rules);
    let mut agent = Agent::dialled(&world, Behind::App(App::new("app"))).await;
    let token = ground::Secret::new("authtoken", made["token"].as_str().unwrap());
    assert_eq!(agent.authenticate(Some(&token)).await.error, "");
    for permitted in ["app.tunnel.test", "x.example.test"] {
        agent.online(permitted).await;
    }
    for refused in ["other.tunnel.test", "example.test", ""] {
        let error = agent.bind(&https(refused)).await.error;
        assert!(error.contains("ERR_NGROK_316"), "{refused}: {error}");
    }
    assert_eq!(agent.label("team", "blue").await.error, "");
    let error = agent.label("edge", edge.id.as_str()).await.error;
    assert!(error.contains("ERR_NGROK_399"), "{error}");

    let path = format!("/credentials/{}", made["id"].as_str().unwrap());
    ok(&world, Method::PATCH, &path, Some(json!({ "acl": ["bind:other.tunnel.test"] }))).await;
    agent.online("other.tunnel.test").await;
    let error = agent.label("team", "blue").await.error;
    assert!(error.contains("ERR_NGROK_399"), "{error}");
}

#[tokio::test]
async fn an_api_key_is_made_used_described_and_revoked() {
    let mut world = World::new().await;
    let made =
        ok(&world, Method::POST, "/api_keys", Some(json!({ "description": "ci", "metadata": "m" }))).await;
    let path = format!("/api_keys/{}", made["id"].as_str().unwrap());
    assert_eq!((&made["description"], &made["metadata"]), (&json!("ci"), &json!("m")));
    let first = world.api_key.clone();
    world.api_key = ground::Secret::new("API key", made["token"].as_str().unwrap());
    let listed = ok(&world, Method::GET, "/api_keys", None).await;
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2);
    assert_eq!(listed["keys"][0]["token"], Value::Null);
    let changed = ok(&world, Method::PATCH, &path, Some(json!({ "description": "nightly" }))).await;
    assert_eq!((&changed["description"], &changed["metadata"]), (&json!("nightly"), &json!("m")));
    assert_eq!(call(&world, Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(&world, Method::GET, &path, None).await.1["error_code"], "ERR_NGROK_203");
    world.api_key = first;
    assert_eq!(call(&world, Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn people_are_listed_with_their_sessions_and_shown_out() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("inside")).await;
    for name in ["one.tunnel.test", "two.tunnel.test"] {
        assert_eq!(agent.bind(&guarded(name)).await.error, "");
    }
    let mut browser = Browser::default();
    browser.sign_in(&world, "https://one.tunnel.test/").await;
    browser.sign_in(&world, "https://two.tunnel.test/").await;
    let users = ok(&world, Method::GET, "/app/users", None).await;
    let user = &users["application_users"][0];
    assert_eq!(users["application_users"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&user["email"], &user["identity_provider"]["url"]),
        (&json!("alice@acme.test"), &json!(ISSUER))
    );
    let sessions = ok(&world, Method::GET, "/app/sessions", None).await;
    let session = &sessions["application_sessions"][0];
    assert_eq!(session["application_user"]["uri"], user["uri"]);
    let endpoint = ok(&world, Method::GET, session["endpoint"]["uri"].as_str().unwrap(), None).await;
    assert_eq!(endpoint["url"], session["public_url"]);
    assert!(session["expires_at"].as_str() > session["created_at"].as_str());

    let path = user["uri"].as_str().unwrap();
    assert_eq!(ok(&world, Method::GET, path, None).await["id"], user["id"]);
    assert_eq!(call(&world, Method::DELETE, path, None).await.0, StatusCode::NO_CONTENT);
    for url in ["https://one.tunnel.test/", "https://two.tunnel.test/"] {
        assert_eq!(browser.open(&world, url).await.status(), StatusCode::FOUND);
    }
    assert_eq!(call(&world, Method::GET, path, None).await.0, StatusCode::NOT_FOUND);
}
