use insta::assert_snapshot;
use serde_json::json;

use super::*;
use crate::facts::example::Exchange;
use crate::facts::{ActionResult, MAX_ITEMS};

fn exchange() -> Exchange {
    Exchange::new(
        "GET",
        "/a/../reports/%61?q=policy&q=2&tag=x%20y",
        &[
            ("User-Agent", "curl/8"),
            ("x-team", "red"),
            ("x-team", "blue"),
            ("content-type", "Application/JSON; Charset=\"utf-8\""),
            ("cookie", "session=abc; theme=dark; session=def"),
        ],
    )
    .answered(
        302,
        &[
            ("location", "/next"),
            ("set-cookie", "a=1; Path=/; HttpOnly"),
            ("set-cookie", "a=2; Path=/deep/er; Secure; SameSite=Lax"),
        ],
    )
}

fn holds(source: &str) -> Result<bool, String> {
    let expression = Expression::parse(source, Phase::HttpResponse).map_err(|error| error.to_string())?;
    let mut exchange = exchange();
    let members =
        json!({"action": "deny", "matched_cidr": "", "error": {"code": "ERR_NGROK_3205", "message": "m"}});
    exchange.results.record(ActionResult { action: "restrict_ips", members });
    expression.holds(&exchange.facts()).map_err(|error| error.to_string())
}

#[test]
fn every_fact_can_be_asked_for() {
    for source in [
        "conn.client_ip == '127.3.0.1' && conn.client_port == 50123",
        "conn.server_ip == '127.0.0.1' && conn.server_port == 443 && conn.server_region == 'local'",
        "conn.ts.start == timestamp('2023-11-14T22:13:20Z')",
        "conn.ts.start.getHours() == 22",
        "conn.tls.sni == 'app.tunnel.test' && conn.tls.version == 'TLS 1.3' && !conn.tls.session_resumed",
        "endpoint.id == 'ep_1' && endpoint.addr == 'app.tunnel.test:443' && endpoint.port == 443",
        "endpoint.url == 'https://app.tunnel.test' && endpoint.protocol == 'https'",
        "time.now.startsWith('2023-11-14T22:13:20')",
        "req.method == 'GET' && req.Method == 'GET'",
        "req.host == 'app.tunnel.test'",
        "req.url == 'https://app.tunnel.test/reports/a?q=policy&q=2&tag=x%20y'",
        "req.url.contains('/reports/')",
        "req.url.path == '/reports/a' && req.url.path.startsWith('/reports')",
        "req.url.raw_path == '/a/../reports/%61'",
        "req.url.raw == 'https://app.tunnel.test/a/../reports/%61?q=policy&q=2&tag=x%20y'",
        "req.url.scheme == 'https' && req.url.host == 'app.tunnel.test' && !has(req.url.port)",
        "req.url.authority == 'app.tunnel.test'",
        "req.url.uri == '/reports/a?q=policy&q=2&tag=x%20y'",
        "req.url.query_params['q'] == ['policy', '2'] && 'x y' in req.url.query_params['tag']",
        "req.headers['x-team'][1] == 'blue' && 'red' in req.headers['X-Team']",
        "'X-Team' in req.headers && !('x-other' in req.headers)",
        "req.headers.host[0] == 'app.tunnel.test'",
        "has(req.headers.host) && !has(req.headers.nothing)",
        "req.cookies['session'][1].value == 'def' && size(req.cookies) == 2",
        "req.content_type == 'application/json' && req.content_type.parameters['charset'] == 'utf-8'",
        "req.content_length == 0 && req.user_agent == 'curl/8' && req.version == 'HTTP/1.1'",
        "req.user_agent.contains('curl')",
        "req.content_encoding == []",
        "res.status_code == 302 && res.StatusCode == '302' && res.status_code >= 300",
        "res.location == '/next' && res.headers['Location'][0] == '/next'",
        "res.cookies['a'][0].value == '2' && res.cookies['a'][0].secure && !res.cookies['a'][0].http_only",
        "actions.ngrok.restrict_ips.action == 'deny'",
        "actions.ngrok.restrict_ips.error.code == 'ERR_NGROK_3205'",
        "has(actions.ngrok.restrict_ips.error) && !has(actions.ngrok.oidc.identity)",
    ] {
        assert_eq!(holds(source), Ok(true), "{source}");
    }
}

#[test]
fn what_is_no_ascii_is_seen_all_the_same() {
    let mut exchange = exchange();
    let value = |bytes: &[u8]| http::HeaderValue::from_bytes(bytes).unwrap();
    exchange.request.headers.insert("cookie", value(b"x=\xff; admin=1"));
    exchange.request.headers.insert("content-type", value(b"text/html; x=\xff"));
    for source in ["hasReqCookie('admin')", "req.content_type == 'text/html'"] {
        let expression = Expression::parse(source, Phase::HttpRequest).unwrap();
        assert_eq!(expression.holds(&exchange.facts()), Ok(true), "{source}");
    }
}

#[test]
fn ngroks_macros_do_what_they_are_documented_to_do() {
    for source in [
        "getReqHeader('X-Team') == ['red', 'blue'] && getReqHeader('x-none') == []",
        "hasReqHeader('User-Agent') && !hasReqHeader('x-none')",
        "getReqHeader('User-Agent').exists(v, v.matches('(?i)CURL'))",
        "getReqCookie('session').value == 'abc' && hasReqCookie('theme') && !hasReqCookie('x')",
        "getQueryParam('q')[0] == 'policy' && size(getQueryParam('none')) == 0 && hasQueryParam('tag')",
        "getResHeader('Location')[0] == '/next' && hasResHeader('set-cookie') && hasResCookie('a')",
        "getResCookie('a').path == '/deep/er'",
        "inCidrRange(conn.client_ip, '127.0.0.0/8') && !inCidrRange(conn.client_ip, '10.0.0.0/8')",
        "!inCidrRange(conn.client_ip, 'nonsense') && inCidrRange('2001:db8::1', '2001:db8::/32')",
        "inCidrRanges(conn.client_ip, ['66.249.66.1/24', '127.0.0.0/8'])",
        "conn.client_ip.isPrivateIp() && !'8.8.8.8'.isPrivateIp()",
        "rand.double() < 1.0 && rand.double() >= 0.0 && rand.int(0, 10) <= 10 && rand.int() < 2",
        "base64.encode(b'hello') == 'aGVsbG8=' && base64.decode('aGVsbG8=') == b'hello'",
        "'hello'.encodeBase64() == 'aGVsbG8=' && 'aGVsbG8='.decodeBase64() == 'hello'",
        "basic_auth.encode('username', 'password1') == 'Basic dXNlcm5hbWU6cGFzc3dvcmQx'",
        "hash.sha256('hello') == '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'",
        "'hello'.sha1() == 'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d'",
        "json.decode('{\"a\":[\"b\"]}').a[0] == 'b' && '{}'.isJson() && !'{'.isJson()",
        "json.encode(['a', 1]) == '[\"a\",1]' && {'a': 'b'}.encodeJson() == '{\"a\":\"b\"}'",
        "url.escape('a b/c') == 'a+b%2Fc' && url.unescape('a+b%2Fc') == 'a b/c'",
        "queryString.decode('a=b&c=d')['c'] == 'd'",
        "hash.sha256('hello', 'base64') == 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='",
        "hash.sha1('hello', 'hex') == 'hello'.sha1()",
        "queryString.encode({'q': 'a b', 'p': ['1', '2']}) == 'p=1&p=2&q=a+b'",
        "req.url.query_params.encodeQueryString() == 'q=2&q=policy&tag=x+y'",
        "'https://a.test/x'.isURL() && !'a.test'.isURL() && 'a=b&c=d'.isQueryString() && !'a b'.isQueryString()",
        "[3, 1, 2].sort() == [1, 2, 3] && [1, 2, 1].distinct() == [1, 2] && [1, [2, [3]]].flatten() == [1, 2, [3]]",
        "[1, 2, 3, 4].slice(1, 3) == [2, 3]",
        "'Hello'.lower() == 'hello' && 'hello'.upper() == 'HELLO' && 'a,b'.split(',') == ['a', 'b']",
        "['a', 'b'].join('-') == 'a-b' && 'hello'.replace('l', 'L') == 'heLLo'",
    ] {
        assert_eq!(holds(source), Ok(true), "{source}");
    }
}

#[test]
fn what_is_not_there_is_an_error_and_says_nothing_of_the_values() {
    for (source, why) in [
        ("req.url.port == 443", "`req.url.port == 443` failed: `req.url.port` is not there, or too large"),
        ("req.headers['x-none'][0] == 'a'", "`req.headers['…'][0] == '…'` failed: there is no `x-none`"),
        ("req.headers['x-team'][7] == 'a'", "`req.headers['…'][7] == '…'` failed: a list has no such item"),
        (
            "actions.ngrok.oidc.identity.email == 'a'",
            "`actions.ngrok.oidc.identity.email == '…'` failed: `actions.ngrok.oidc` is not there, or too large",
        ),
        (
            "getReqCookie('none').value == 'a'",
            "`getReqCookie('…').value == '…'` failed: getReqCookie does not take this value",
        ),
        ("req.method", "`req.method` is neither true nor false"),
        ("int(req.method) == 1", "`int(req.method) == 1` failed: int does not take this value"),
    ] {
        assert_eq!(holds(source), Err(why.to_owned()), "{source}");
    }
    assert_eq!(holds("req.url.port == 443 || true"), Ok(true), "CEL decides where it can");
}

#[test]
fn wrong_expressions_are_refused_beforehand() {
    let sources = [
        "",
        "req",
        "req.ts",
        "req.url.pth",
        "req.method.foo",
        "req.user_agent.name == 'Safari'",
        "conn.client_ip.categories.exists(c, c == 'x')",
        "conn.geo.country_code == 'DE'",
        "vars.x == 1",
        "actions.ngrok.oauth.identity.email == 'a'",
        "actions.ngrok.oidc.idenity.email == 'a'",
        "secrets.get('a', 'b') == 'c'",
        "lists.range(1000000000) == []",
        "hash.md5(req.host) == 'x'",
        "[req.host].sortBy(x, x) == []",
        "req.url.path.split('').sort() == []",
        "req.url.includes('/foo')",
        "req.url.path.startWith('/foo')",
        "req.url.path.matches(req.method)",
        "req.url.path.matches('(')",
        "req.url.path.matches('(a{1000}){1000}')",
        "['a'].exists(req, req == 'a')",
        "google.protobuf.Duration{}",
        "req.url == 'https://nba.com/')",
        "req.headers.all(a, req.headers.all(b, req.headers.all(c, a == b || b == c)))",
        "[req.url, req.url].map(x, x + x + x + x + x + x).map(x, x + x + x + x + x + x).map(x, x + x + x + x) == []",
        "'a'.replace('', req.url).replace('', req.url) == 'x'",
    ];
    let shown: Vec<_> =
        sources.iter().map(|source| format!("{source}\n    {}", holds(source).unwrap_err())).collect();
    assert_snapshot!(shown.join("\n"));
    let early = Expression::parse("hasReqHeader('a')", Phase::TcpConnect).unwrap_err();
    assert_eq!(early.to_string(), "`hasReqHeader` is possible from on_http_request on.");
    assert!(Expression::parse("conn.client_ip == '::1'", Phase::TcpConnect).is_ok());
    assert!(Expression::parse(&"a".repeat(5000), Phase::TcpConnect).is_err());
}

#[test]
fn what_policies_ask_every_day_is_not_too_much() {
    for source in [
        "req.headers['x-forwarded-for'][0].split(',').exists(i, i.trim().startsWith('10.'))",
        "req.headers.all(name, req.headers[name].all(value, size(value) < 100))",
        "getReqHeader('User-Agent').exists(v, v.matches('(?i)(gptbot|chatgpt-user|google-extended|ccbot)'))",
        "req.url.path.split('/').filter(p, p != '').map(p, p.lower()).join('-') == 'a-b'",
        "['/a', '/b', '/c'].exists(p, req.url.path.startsWith(p)) && !(req.method in ['GET', 'HEAD'])",
        "json.decode(req.headers['x'][0]).items.exists(i, i.name == 'a')",
    ] {
        assert!(Expression::parse(source, Phase::HttpRequest).is_ok(), "{source}");
    }
}

/// The costliest expressions that are let through take no longer than a request may.
#[test]
fn what_is_let_through_is_quick() {
    let list = vec!["a"; 8000].join(",");
    let exchange = Exchange::new("GET", "/", &[("x-list", &list)]);
    for source in [
        "req.headers['x-list'][0].split(',').exists(i, i.trim().startsWith('10.'))",
        "req.headers['x-list'][0].split(',').map(i, i + 'b').filter(i, i.contains('c')) != []",
        "req.headers['x-list'][0].replace('a', 'bb') == ''",
    ] {
        let expression = Expression::parse(source, Phase::HttpRequest).unwrap();
        let began = std::time::Instant::now();
        assert_eq!(expression.holds(&exchange.facts()), Ok(false), "{source}");
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{source}: {:?}", began.elapsed());
    }
}

#[test]
fn facts_that_are_too_large_are_no_facts() {
    let many: Vec<String> = (0..=MAX_ITEMS).map(|number| format!("a{number}=1")).collect();
    let exchange = Exchange::new("GET", &format!("/?{}", many.join("&")), &[]);
    for source in ["hasQueryParam('none')", "has(req.url.query_params.none)", "!has(req.url.query_params.a1)"]
    {
        let expression = Expression::parse(source, Phase::HttpRequest).unwrap();
        assert!(
            expression.holds(&exchange.facts()).is_err(),
            "{source} must not be false because there is too much"
        );
    }
    let long = Exchange::new("GET", "/", &[("x-long", "a".repeat(70_000).as_str())]);
    let expression = Expression::parse("has(req.headers['x-evil'])", Phase::HttpRequest);
    assert!(expression.is_err(), "has() asks for a field");
    let expression = Expression::parse("has(req.headers.evil)", Phase::HttpRequest).unwrap();
    assert!(expression.holds(&long.facts()).is_err());
}

#[test]
fn templates_interpolate_every_kind_of_value() {
    let exchange = exchange();
    let render = |text: &str| {
        Template::parse(text, Phase::HttpResponse).map(|template| template.render(&exchange.facts()))
    };
    for (text, expected) in [
        ("plain $5 {x}", "plain $5 {x}"),
        ("${conn.client_ip}", "127.3.0.1"),
        ("a-${ conn.client_ip }-b-${res.status_code}", "a-127.3.0.1-b-302"),
        ("${req.headers['x-team']}", "[\"red\",\"blue\"]"),
        ("${{'a': '}'}['a']}${\"\\\"}\"}", "}\"}"),
        ("${true} ${1.5} ${null} ${conn.ts.start}", "true 1.5  2023-11-14T22:13:20+00:00"),
    ] {
        assert_eq!(render(text).unwrap().unwrap(), expected, "{text}");
    }
    assert!(render("${req.url.port}").unwrap().is_err());
    for text in ["${", "${}", "${conn.client_ip", "${'}"] {
        assert!(render(text).is_err(), "{text}");
    }
}

#[test]
fn texts_stay_out_of_debug() {
    let expression = Expression::parse("req.headers['x-key'][0] == 'hunter2'", Phase::HttpRequest).unwrap();
    assert_eq!(format!("{expression:?}"), "Expression(\"req.headers['…'][0] == '…'\")");
    let template = Template::parse("Bearer hunter2 ${req.method}", Phase::HttpRequest).unwrap();
    assert!(!format!("{template:?}").contains("hunter2"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_compiler_panic(text in "[a-z.()\\[\\]{}'\"?:&|!=+*, 0-9]{0,60}") {
        let _ = Expression::parse(&text, Phase::HttpResponse);
    }

    #[test]
    fn no_template_makes_the_compiler_panic(text in "[a-z.$(){}'\"\\\\ ]{0,40}") {
        let _ = Template::parse(&text, Phase::HttpResponse);
    }
}
