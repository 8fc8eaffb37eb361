use super::*;
use ground::Secret;
use serde_json::{Value, json};

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    fold::from_value(value).unwrap()
}

#[test]
fn both_spellings_of_the_authtoken_are_read() {
    for spelling in ["AuthToken", "Authtoken", "authtoken"] {
        let auth: Auth = read(json!({
            "Version": ["3", "2"], "ClientId": "",
            "Extra": { "OS": "linux", spelling: "tok", "HeartbeatInterval": 10_000_000_000_i64, "Fingerprint": null,
                "UpdateUnsupportedError": null, "StopUnsupportedError": "", "LegNumber": 1 },
        }));
        assert_eq!(auth.extra.auth_token, Some(Secret::new("authtoken", "tok")));
        assert_eq!((auth.extra.os.as_str(), auth.extra.leg_number), ("linux", Some(1)));
        assert_eq!(auth.extra.stop_unsupported_error.as_deref(), Some(""));
        assert_eq!(auth.extra.update_unsupported_error, None);
        assert!(!format!("{auth:?}").contains("tok\""));
    }
    let none: Auth = read(json!({ "Extra": { "AuthToken": "" } }));
    assert_eq!(none.extra.auth_token, None);
}

#[test]
fn the_oidc_bind_of_a_real_client_is_read() {
    let bind: Bind = read(json!({
        "Id": "", "Proto": "https", "ForwardsTo": "http://localhost:3000", "ForwardsProto": "",
        "Opts": {
            "Domain": "app.tunnel.test", "ProxyProto": 0, "Compression": null, "New": { "kept": true },
            "OIDC": {
                "issuer_url": "https://dev-1.okta.com/oauth2/default", "client_id": "cid", "client_secret": "sec",
                "allow_emails": ["a@x.com"], "allow_domains": ["x.com"], "scopes": ["openid", "email"],
            },
        },
        "Extra": { "Token": "", "IPPolicyRef": "", "Metadata": "", "Bindings": null, "PoolingEnabled": false },
    }));
    let options = bind.opts.http().unwrap();
    assert_eq!(options.domain, "app.tunnel.test");
    let oidc = Oidc {
        issuer_url: "https://dev-1.okta.com/oauth2/default".into(),
        client_id: "cid".into(),
        client_secret: Some(Secret::new("client secret", "sec")),
        allow_emails: vec!["a@x.com".into()],
        allow_domains: vec!["x.com".into()],
        scopes: vec!["openid".into(), "email".into()],
        ..Oidc::default()
    };
    assert_eq!(options.oidc, Some(oidc));
    assert!(!format!("{:?} {options:?}", bind.opts).contains("\"sec\""));
    // What isn't known is echoed all the same.
    let echoed = serde_json::to_value(bind.opts.assigned("Hostname", "app.tunnel.test")).unwrap();
    assert_eq!(echoed["New"], json!({ "kept": true }));
    let respelled: Options = read(json!({ "hostname": "a.test", "proxyproto": 2, "auth": null }));
    let respelled = respelled.assigned("Hostname", "b.test");
    assert_eq!(respelled.http().unwrap().hostname, "b.test");
    assert_eq!(respelled.http().unwrap().proxy_proto, 2);
    assert_eq!(echoed["Hostname"], "app.tunnel.test");
    assert_eq!(echoed["OIDC"]["client_secret"], "sec");
}

/// Every typed option survives being written and read, and is written as the reference's table has it.
#[test]
fn every_module_keeps_its_name_on_the_wire() {
    let wire = json!({
        "Domain": "", "Hostname": "", "Subdomain": "", "URL": "https://a.test", "Auth": "", "HostHeaderRewrite": true,
        "LocalUrlScheme": "http", "ProxyProto": 2,
        "Compression": {},
        "CircuitBreaker": { "error_threshold": 0.5 },
        "IPRestriction": { "allow_cidrs": ["10.0.0.0/8"], "deny_cidrs": ["10.1.0.0/16"] },
        "BasicAuth": { "credentials": [
            { "username": "u", "cleartext_password": "p", "hashed_password": "aGFzaA==" },
        ] },
        "OAuth": { "provider": "google", "client_id": "c", "client_secret": "s", "sealed_client_secret": "eA==",
            "allow_emails": ["a"], "allow_domains": ["b"], "scopes": ["c"] },
        "OIDC": { "issuer_url": "https://i", "client_id": "c", "client_secret": "s", "sealed_client_secret": "eA==",
            "allow_emails": ["a"], "allow_domains": ["b"], "scopes": ["c"] },
        "WebhookVerification": { "provider": "github", "secret": "s", "sealed_secret": "eA==" },
        "MutualTLSCA": { "mutual_tls_ca": "eA==" },
        "RequestHeaders": { "add": ["a:b"], "remove": ["c"], "addParsed": { "a": "b" } },
        "ResponseHeaders": { "add": ["a:b"], "remove": ["c"], "addParsed": { "a": "b" } },
        "WebsocketTCPConverter": {},
        "UserAgentFilter": { "allow": ["a"], "deny": ["b"] },
        "TrafficPolicy": "{}",
    });
    let options: HttpOptions = read(wire.clone());
    assert_eq!(serde_json::to_value(&options).unwrap(), wire);

    let wire = json!({
        "Domain": "", "Hostname": "", "Subdomain": "", "ProxyProto": 1, "MutualTLSAtAgent": true,
        "MutualTLSAtEdge": { "mutual_tls_ca": "eA==" }, "TLSTermination": { "cert": "eA==", "key": "eA==",
        "sealed_key": "eA==" }, "IPRestriction": null, "TrafficPolicy": null,
    });
    let options: TlsOptions = read(wire.clone());
    assert_eq!(serde_json::to_value(&options).unwrap(), wire);
}

#[test]
fn an_answer_has_what_the_rust_clients_miss() {
    let answer = BindAnswer {
        id: "t1".into(),
        url: "https://a.tunnel.test".into(),
        proto: "https".into(),
        opts: Options::default().assigned("Hostname", "a.tunnel.test"),
        extra: BindAnswerExtra { token: Some(Secret::new("tunnel token", "k")), tunnel_id: "tn_1".into() },
        ..BindAnswer::default()
    };
    let wire = serde_json::to_value(&answer).unwrap();
    for key in ["Hostname", "Auth", "Subdomain"] {
        assert!(wire["Opts"][key].is_string(), "{key}");
    }
    assert_eq!((&wire["URL"], &wire["Error"]), (&json!("https://a.tunnel.test"), &json!("")));
    assert_eq!(wire["Extra"], json!({ "Token": "k", "TunnelID": "tn_1" }));
    assert_eq!(read::<BindAnswer>(wire), answer);
}

#[test]
fn labels_keep_their_case() {
    let labeled: StartTunnelWithLabel = read(json!({ "Labels": { "Edge": "edghts_1", "edge": "edghts_2" } }));
    assert_eq!(labeled.labels.len(), 2);
}

#[test]
fn a_bare_error_is_an_answer() {
    let answer: BindAnswer = read(json!({ "Error": "no\r\n\r\nERR_NGROK_326\r\n" }));
    assert_eq!(Refusal::parse(&answer.error), Some(Refusal::new(326, "no")));
}
