use insta::assert_snapshot;

use super::*;

/// What is wrong with a policy: its code and what its author reads.
fn refused(text: &str) -> String {
    match TrafficPolicy::parse(text) {
        Ok(policy) => panic!("accepted as {policy:?}"),
        Err(error) => format!("{}: {error}", error.code),
    }
}

#[test]
fn every_action_is_read_in_yaml() {
    let policy = TrafficPolicy::parse(include_str!("every_action.yaml")).unwrap();
    assert_eq!(policy.on_tcp_connect[0].actions.len(), 3);
    assert_eq!(policy.on_http_request.iter().map(|rule| rule.actions.len()).sum::<usize>(), 16);
    assert_eq!(policy.on_http_response[0].actions.len(), 5);
    assert_eq!(policy.on_http_request[0].name.as_deref(), Some("headers"));
    assert_eq!(policy.on_http_request[0].expressions[0].source(), "req.method == 'PUT'");
}

#[test]
fn older_names_are_read_too() {
    let lower = r#"{"enabled": true,
        "inbound": [{"name": "", "expressions": [], "actions": [{"type": "deny"}]}],
        "outbound": [{"expressions": ["res.StatusCode == '200'"],
                      "actions": [{"type": "custom-response", "config": {"status_code": 201}}]}]}"#;
    let upper = r#"{"Inbound": [{"Name": "in", "Expressions": ["req.Method == 'PUT'"], "Actions": [{"Type": "deny", "Config": null}]}],
        "Outbound": [{"Actions": [{"Type": "compress"}, {"Type": "add_headers", "Config": {"headers": {"a": "b"}}}]}]}"#;
    for text in [lower, upper] {
        let policy = TrafficPolicy::parse(text).unwrap();
        assert!(matches!(policy.on_http_request[0].actions[0], RequestAction::Deny(_)));
        assert!(!policy.on_http_response[0].actions.is_empty());
    }
    let off = TrafficPolicy::parse(r#"{"enabled": false, "inbound": [{"actions": [{"type": "deny"}]}]}"#);
    assert!(off.unwrap().is_empty());
    assert!(TrafficPolicy::parse("").unwrap().is_empty());
    assert!(TrafficPolicy::parse("{}").unwrap().is_empty());
    assert!(TrafficPolicy::parse("on_http_request: null").unwrap().is_empty());
}

#[test]
fn json_is_read_as_programs_write_it() {
    let tabs = "{\n\t\"on_http_request\": [\n\t\t{\"actions\": [\n\t\t\t{\"type\": \"deny\"}\n\t\t]}\n\t]\n}";
    assert_eq!(TrafficPolicy::parse(tabs).unwrap().on_http_request.len(), 1);
    let tight =
        r#"{"on_http_request":[{"actions":[{"type":"custom-response","config":{"body":"a\/b é \"x\""}}]}]}"#;
    assert_eq!(TrafficPolicy::parse(tight).unwrap().on_http_request.len(), 1);
    let escaped = r#"{"inbound":[{"name":"\ud83d\ude00 \u00e9 \\ud83d","actions":[{"type":"deny"}]}]}"#;
    let policy = TrafficPolicy::parse(escaped).unwrap();
    assert_eq!(policy.on_http_request[0].name.as_deref(), Some("😀 é \\ud83d"));
}

#[test]
fn aliases_repeat_values() {
    let text = "on_http_request:\n  - actions: &a\n    - type: deny\n  - actions: *a\n";
    assert_eq!(TrafficPolicy::parse(text).unwrap().on_http_request.len(), 2);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let mistakes = [
        "]",
        "{\"inbound\": [",
        "- a",
        "on_http_requests: []",
        "on_http_request: deny",
        "on_http_request:\n  - expressions: []\n",
        "on_http_request:\n  - actions:\n      - type: not-real-action\n",
        "on_http_request:\n  - actions:\n      - type: dney\n",
        "on_http_request:\n  - actions:\n      - type: oauth\n",
        "on_http_request:\n  - actions:\n      - config: {}\n",
        "on_http_request:\n  - actions:\n      - type: compress-response\n",
        "on_tcp_connect:\n  - actions:\n      - type: redirect\n        config: { to: / }\n",
        "on_http_request:\n  - actions:\n      - type: log\n        config: { metadata: {} }\n      - type: deny\n        config:\n          status_code: abc\n",
        "on_http_request:\n  - actions:\n      - type: deny\n        config:\n          statuscode: 404\n",
        "on_http_request:\n  - actions:\n      - type: deny\n        config: { status_code: 99 }\n",
        "on_http_request:\n  - expressions: [\"req.methd == 'GET'\"]\n    actions: [{ type: deny }]\n",
        "on_http_request:\n  - expressions: [\"conn.geo.country_code == 'DE'\"]\n    actions: [{ type: deny }]\n",
        "on_http_request:\n  - expressions: [\"res.status_code == 200\"]\n    actions: [{ type: deny }]\n",
        "on_http_request:\n  - expressions: [\"req.method == \"]\n    actions: [{ type: deny }]\n",
        "on_http_request:\n  - actions:\n      - type: add-headers\n        config: { headers: { x-a: \"${conn.client_pi}\" } }\n",
        "on_http_request:\n  - actions:\n      - type: add-headers\n        config: { headers: { x-a: \"${conn.client_ip\" } }\n",
        "on_http_request:\n  - actions:\n      - type: add-headers\n        config: { headers: { user-agent: x } }\n",
        "on_http_request:\n  - actions:\n      - type: restrict-ips\n        config: { allow: [127.0.0.0/33] }\n",
        "on_http_request:\n  - actions:\n      - type: restrict-ips\n        config: { ip_policies: [ipp_1] }\n",
        "on_http_request:\n  - actions:\n      - type: redirect\n        config: { from: \"(\", to: / }\n",
        "on_http_request:\n  - actions:\n      - type: rate-limit\n        config: { name: a, algorithm: leaky, capacity: 1, rate: 60s, bucket_key: [req.host] }\n",
        "on_http_request:\n  - actions:\n      - type: rate-limit\n        config: { name: a, algorithm: sliding_window, capacity: 1, rate: 65s, bucket_key: [req.host] }\n",
        "on_http_request:\n  - actions:\n      - type: jwt-validation\n        config:\n          issuer: { allow_list: [{ value: https://a.test }] }\n          http: { tokens: [{ type: jwt, method: header, name: authorization }] }\n          jws: { allowed_algorithms: [HS256], keys: { sources: { additional_jkus: [https://a.test/keys] } } }\n",
        "on_http_request:\n  - actions:\n      - type: basic-auth\n        config: { credentials: [\"alice:short\"] }\n",
        "on_http_request:\n  - actions:\n      - type: verify-webhook\n        config: { provider: githup, secret: hunter2 }\n",
        "on_http_request:\n  - actions:\n      - type: openid-connect\n        config: { issuer_url: https://acme.okta.test, client_id: a, client_secret: hunter2, auth_cookie_domain: tunnel.test }\n",
        "on_http_request:\n  - actions:\n      - type: openid-connect\n        config: { issuer_url: http://acme.okta.test, client_id: a, client_secret: hunter2 }\n",
        "on_http_request:\n  - actions:\n      - type: forward-internal\n        config: { url: https://example.com }\n",
        "on_http_response:\n  - actions:\n      - type: compress-response\n        config: { algorithms: [zstd] }\n",
        "inbound: []\nInbound: []\n",
        "inbound: []\ninbound: []\n",
        "inbound: !x []\n",
        "a: &a [*a]\n",
        "on_http_request:\n  - actions:\n      - type: deny\n      - type: log\n        config: { metadata: {} }\n",
    ];
    let shown: Vec<String> = mistakes.iter().map(|text| refused(text)).collect();
    assert_snapshot!(shown.join("\n"));
}

#[test]
fn bombs_are_refused() {
    let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (name, of) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e"), ("g", "f")] {
        let aliases = vec![format!("*{of}"); 9].join(",");
        bomb += &format!("{name}: &{name} [{aliases}]\n");
    }
    assert!(refused(&bomb).contains("more than 20000 values"));
    assert!(refused(&"[".repeat(100_000)).starts_with("2200: "));
    assert!(refused(&format!("name: {}", "x".repeat(300_000))).contains("bytes"));
    for (open, close) in [("(", ")"), ("[", "]"), ("{1:", "}"), ("size(", ")"), ("a?b:", "")] {
        let deep = format!("{}1{}", open.repeat(600), close.repeat(600));
        assert!(Expression::parse(&deep, Phase::HttpRequest).is_err(), "{open}");
    }
    for many in ["!", "-"] {
        let _ = Expression::parse(&format!("{}1", many.repeat(4000)), Phase::HttpRequest);
    }
    let long = format!("true{}", " && true".repeat(500));
    assert!(Expression::parse(&long, Phase::HttpRequest).is_ok());
}

#[test]
fn policies_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    shared(&TrafficPolicy::default());
}

#[test]
fn secrets_stay_out_of_debug() {
    let policy = TrafficPolicy::parse(include_str!("every_action.yaml")).unwrap();
    let debug = format!("{policy:?}");
    for secret in ["hunter2", "correct horse"] {
        assert!(!debug.contains(secret), "{debug}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = TrafficPolicy::parse(&text);
    }

    #[test]
    fn no_broken_policy_makes_the_reader_panic(cut in 0usize..3000, insert in "[\\[\\]{}:&*!'\"$#\n\t -]{0,4}") {
        let mut text = include_str!("every_action.yaml").to_owned();
        let at = text.floor_char_boundary(cut.min(text.len()));
        text.insert_str(at, &insert);
        let _ = TrafficPolicy::parse(&text);
        let _ = TrafficPolicy::parse(&text[..at]);
    }
}
