//! What the actions make of an exchange.

use http::HeaderMap;

use crate::facts::example::Exchange;
use crate::policy::{Phase, RequestAction, ResponseAction, TcpAction, TrafficPolicy};
use crate::{ActionResult, Denial, Reply};

use super::*;

/// The first action of a policy whose `on_http_request` has these actions.
fn request(actions: &str) -> RequestAction {
    let mut policy = TrafficPolicy::parse(&format!("on_http_request: [{{ actions: [{actions}] }}]")).unwrap();
    policy.on_http_request.remove(0).actions.remove(0)
}

fn exchange(target: &str) -> Exchange {
    Exchange::new("GET", target, &[("x-who", "alice"), ("user-agent", "curl/8")])
}

fn text(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[test]
fn headers_are_added_beside_others_and_removed() {
    let RequestAction::AddHeaders(add) = request(
        "{ type: add-headers, config: { headers: { X-Who: '${conn.client_ip}', Host: 'a.internal' } } }",
    ) else {
        panic!()
    };
    let exchange = exchange("/");
    let mut headers = exchange.request.headers.clone();
    let result = add.render(&exchange.facts()).unwrap().apply(&mut headers);
    assert_eq!(text(&headers, "x-who"), ["alice", "127.3.0.1"]);
    assert_eq!(text(&headers, "host"), ["a.internal"]);
    assert_eq!(result.members["headers_added"]["x-who"], "127.3.0.1");

    let remove = RemoveHeaders::new(["X-Who", "x-none"]).unwrap();
    let result = remove.apply(&mut headers);
    assert!(!headers.contains_key("x-who"));
    assert_eq!(result.members, serde_json::json!({"headers_removed": ["x-who"]}));
}

#[test]
fn some_headers_are_nobodys_to_change() {
    for name in ["User-Agent", "transfer-encoding", "Content-Length", "connection", "te", "a b", ""] {
        assert!(AddHeaders::new([(name, "x")], Phase::HttpRequest).is_err(), "{name}");
        assert!(RemoveHeaders::new([name]).is_err(), "{name}");
    }
    assert!(RemoveHeaders::new(["Host"]).is_err());
    assert!(AddHeaders::new([("x-a", "${nonsense}")], Phase::HttpRequest).is_err());
}

#[test]
fn a_header_that_cannot_be_made_refuses_the_request() {
    let add = AddHeaders::new([("x-q", "${req.url.query.unescapeUrl()}")], Phase::HttpRequest).unwrap();
    let Err(denial) = add.render(&exchange("/?a%0d%0ax-admin:%201").facts()) else {
        panic!("it can be made")
    };
    assert_eq!((denial.status.as_u16(), denial.code), (500, Some(2238)));
    assert!(!denial.message.contains("x-q"), "{}", denial.message);
    assert!(denial.detail.unwrap().contains("`x-q`"));
}

#[test]
fn a_denial_has_the_status_that_was_asked_for() {
    for (config, status) in [("", 403), (", config: {}", 403), (", config: { status_code: 404 }", 404)] {
        let RequestAction::Deny(deny) = request(&format!("{{ type: deny{config} }}")) else { panic!() };
        let denial = deny.denial();
        assert_eq!((denial.status.as_u16(), denial.code, denial.message.as_str()), (status, None, ""));
    }
}

fn reply(config: &str) -> Result<Reply, Denial> {
    let RequestAction::CustomResponse(action) =
        request(&format!("{{ type: custom-response, config: {config} }}"))
    else {
        panic!()
    };
    action.reply(&exchange("/x").facts())
}

#[test]
fn custom_responses_say_what_they_are() {
    for (config, status, kind, body) in [
        ("{ body: '{\"path\": \"${req.url.path}\"}' }", 200, "application/json", "{\"path\": \"/x\"}"),
        (
            "{ body: '<!DOCTYPE html><p>' , status_code: 503 }",
            503,
            "text/html; charset=utf-8",
            "<!DOCTYPE html><p>",
        ),
        ("{ body: '{ no json' }", 200, "text/plain; charset=utf-8", "{ no json"),
        ("{ body: a, headers: { Content-Type: text/css } }", 200, "text/css", "a"),
    ] {
        let reply = reply(config).unwrap();
        assert_eq!((reply.status.as_u16(), &*reply.body), (status, body.as_bytes()), "{config}");
        assert_eq!(text(&reply.headers, "content-type"), [kind], "{config}");
    }
    let empty = reply("{ status_code: 204 }").unwrap();
    assert!(empty.body.is_empty() && empty.headers.is_empty());
    assert!(reply("{ body: '${req.url.port}' }").is_err());
}

fn redirected(config: &str, target: &str) -> Option<(u16, String)> {
    let RequestAction::Redirect(action) = request(&format!("{{ type: redirect, config: {config} }}")) else {
        panic!()
    };
    let (reply, result) = action.reply(&exchange(target).facts()).unwrap()?;
    let location = text(&reply.headers, "location").remove(0);
    assert_eq!(result.members["url"], location.as_str());
    Some((reply.status.as_u16(), location))
}

#[test]
fn redirects_change_the_url_or_do_nothing() {
    let moved = |config: &str, target: &str| redirected(config, target).map(|(_, location)| location);
    let versions = "{ from: /api/v1/, to: /api/v2/ }";
    assert_eq!(moved(versions, "/api/v1/x?y=1").unwrap(), "https://app.tunnel.test/api/v2/x?y=1");
    assert_eq!(moved(versions, "/api/v2/x"), None);
    let groups = "{ from: '^(https://)[^/]+/(.*)$', to: '${\"$1\"}other.test/$2', status_code: 308 }";
    assert_eq!(moved(groups, "/a").unwrap(), "$1other.test/a", "a value is no reference");
    let groups = "{ from: '^(https://)[^/]+/(.*)$', to: '$1-other.test/$2', status_code: 308 }";
    assert_eq!(redirected(groups, "/a?b"), Some((308, "https://-other.test/a?b".to_owned())));
    let whole = "{ to: 'https://${req.host}/new' }";
    assert_eq!(redirected(whole, "/a"), Some((302, "https://app.tunnel.test/new".to_owned())));
    assert_eq!(redirected(whole, "/new"), None);
    let interpolated = "{ from: '${req.url.query}$', to: 'x' }";
    assert_eq!(moved(interpolated, "/a?b.c").unwrap(), "https://app.tunnel.test/a?x");
}

fn rewritten(config: &str, target: &str) -> Result<Option<String>, Denial> {
    let RequestAction::UrlRewrite(action) = request(&format!("{{ type: url-rewrite, config: {config} }}"))
    else {
        panic!()
    };
    Ok(action.rewrite(&exchange(target).facts())?.map(|(target, _)| target.to_string()))
}

#[test]
fn rewrites_change_the_path_and_nothing_before_it() {
    let versions = "{ from: '/v([0-9]+)/', to: '/api?version=v$1&p=' }";
    assert_eq!(rewritten(versions, "/v1/x").unwrap().unwrap(), "/api?version=v1&p=x");
    assert_eq!(rewritten(versions, "/v/x").unwrap(), None);
    assert_eq!(rewritten("{ to: /fixed }", "/a").unwrap().unwrap(), "/fixed");
    assert_eq!(rewritten("{ from: '^.*$', to: /fixed }", "/a").unwrap().unwrap(), "/fixed");
    for config in [
        "{ from: app, to: admin }",
        "{ to: 'https://evil.test/' }",
        "{ to: //evil.test/ }",
        "{ from: '^https', to: http }",
    ] {
        assert_eq!(rewritten(config, "/a").unwrap_err().status.as_u16(), 500, "{config}");
    }
}

#[test]
fn logs_refuse_nothing() {
    let RequestAction::Log(log) =
        request("{ type: log, config: { metadata: { a: '${req.method}', b: { c: '${req.url.port}' } } } }")
    else {
        panic!()
    };
    let entry = log.entry(&exchange("/").facts()).members;
    let failed = "(`req.url.port` failed: `req.url.port` is not there, or too large)";
    assert_eq!(entry, serde_json::json!({"metadata": {"a": "GET", "b": {"c": failed}}}));
}

#[test]
fn exchanges_are_forwarded_to_internal_endpoints_alone() {
    let RequestAction::ForwardInternal(action) = request(
        "{ type: forward-internal, config: { url: 'https://${req.headers[\"x-who\"][0]}', on_error: continue } }",
    ) else {
        panic!()
    };
    assert_eq!(action.on_error(), OnError::Continue);
    let target = |who: &str| action.target(&Exchange::new("GET", "/", &[("x-who", who)]).facts());
    assert_eq!(target("a.internal:8080").unwrap().as_str(), "https://a.internal:8080/");
    for who in
        ["a.test", "a.internal/x", "u@a.internal", "internal.test", "a.internal.test", "a.internal?x", ""]
    {
        assert!(target(who).is_err(), "{who}");
    }
    let tcp = "on_tcp_connect: [{ actions: [{ type: forward-internal, config: { url: 'tcp://db.internal:5432' } }] }]";
    let policy = TrafficPolicy::parse(tcp).unwrap();
    assert!(matches!(&policy.on_tcp_connect[0].actions[0], TcpAction::ForwardInternal(_)));
    assert!(TrafficPolicy::parse(&tcp.replace("tcp:", "https:")).is_err());
}

#[test]
fn requests_are_limited_by_their_keys() {
    let RequestAction::RateLimit(limit) = request(
        "{ type: rate-limit, config: { name: a, algorithm: sliding_window, capacity: 2, rate: 60s, bucket_key: [req.host, \"getReqHeader('x-who')\"] } }",
    ) else {
        panic!()
    };
    let decide = |who: &str| limit.decide(&Exchange::new("GET", "/", &[("x-who", who)]).facts());
    let ActionResult { members, .. } = decide("alice").unwrap();
    assert_eq!(members["bucket_key"], "[\"app.tunnel.test\",[\"alice\"]]");
    decide("alice").unwrap();
    let denial = decide("alice").unwrap_err();
    assert_eq!(denial.status.as_u16(), 429);
    assert_eq!(denial.headers[0].0, "retry-after");
    assert!(decide("bob").is_ok());
}

#[test]
fn sign_in_settings_are_the_gates() {
    let RequestAction::OpenIdConnect(action) = request(
        "{ type: openid-connect, config: { issuer_url: https://acme.okta.test, client_id: a, client_secret: b, \
           max_session_duration: 8h, idle_session_duration: 30m, allow_cors_preflight: true, auth_id: staff, \
           authz_url_params: { prompt: consent }, userinfo_refresh_interval: 5m } }",
    ) else {
        panic!()
    };
    let settings = action.settings();
    assert_eq!(settings.maximum_duration().as_secs(), 8 * 3600);
    assert_eq!(settings.inactivity_timeout().as_secs(), 30 * 60);
    assert!(settings.options_passthrough() && settings.keep_tokens());
    assert_eq!(settings.session_cookie(), "__Host-gate-session-staff");
    assert_eq!(settings.authz_url_params(), [("prompt".to_owned(), "consent".to_owned())]);
    assert_eq!(settings.userinfo_refresh_interval().unwrap().as_secs(), 300);
    assert_eq!(settings.scopes(), ["openid", "profile", "email"]);
}

#[test]
fn a_rule_applies_when_all_its_expressions_hold() {
    let text = "on_http_response: [{ expressions: ['res.status_code == 200', \"'x-who' in req.headers\"], actions: [{ type: log, config: { metadata: {} } }] }, \
                { expressions: [\"req.headers['x-none'][0] == 'a'\"], actions: [{ type: log, config: { metadata: {} } }] }]";
    let policy = TrafficPolicy::parse(text).unwrap();
    let [both, broken] = policy.on_http_response.as_slice() else { panic!() };
    assert!(matches!(both.actions[0], ResponseAction::Log(_)));
    assert_eq!(both.applies(&exchange("/").answered(200, &[]).facts()), Ok(true));
    assert_eq!(both.applies(&exchange("/").answered(404, &[]).facts()), Ok(false));
    let denial = broken.applies(&exchange("/").answered(200, &[]).facts()).unwrap_err();
    assert_eq!((denial.status.as_u16(), denial.code), (500, Some(2254)));
    assert_eq!(denial.detail.as_deref(), Some("`req.headers['…'][0] == '…'` failed: there is no `x-none`"));
}
