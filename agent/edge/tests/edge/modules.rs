//! Every module of a bind and every action of a traffic policy, each with an exchange that it lets through and one that it
//! doesn't: one table, which is driven here and becomes a document.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;

use edge::event::{Act, Event};
use http::{HeaderMap, Request};
use serde_json::{Value, json};
use wire::message::{Bind, HttpOptions};

use crate::agent::{Agent, with_options};
use crate::app::App;
use crate::client::{Browser, body, code, send_from, text};
use crate::issuer::{ISSUER, sign};
use crate::world::World;

const HOST: &str = "app.tunnel.test";

/// A module or an action, and what was seen of it.
struct Case {
    name: &'static str,
    asks: Asks,
    /// What is sent first, and how often.
    before: Option<(Sent, usize)>,
    allowed: Exchange,
    denied: Exchange,
}

/// How an endpoint asks for it.
enum Asks {
    /// Members of a bind's options.
    Module(&'static str),
    /// A traffic policy.
    Policy(&'static str),
}

struct Exchange {
    sent: Sent,
    status: u16,
    /// Of the answer.
    code: &'static str,
    /// Headers that the answer has; with an empty value those that it lacks.
    answer: &'static [(&'static str, &'static str)],
    upstream: Upstream,
}

#[derive(Clone, Copy)]
struct Sent {
    from: Ipv4Addr,
    method: &'static str,
    path: &'static str,
    /// `{session}` is the cookie of someone who signed in, `{token}` a token of the issuer.
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

/// What the upstream saw.
enum Upstream {
    Nothing,
    /// One request for this path, with these headers; with an empty value those that it lacks.
    Saw(&'static str, &'static [(&'static str, &'static str)]),
    /// Another endpoint's upstream saw it.
    Another,
}

const PLAIN: Sent = Sent { from: Ipv4Addr::LOCALHOST, method: "GET", path: "/x", headers: &[], body: "" };

const fn get(path: &'static str) -> Sent {
    Sent { path, ..PLAIN }
}

const fn with(headers: &'static [(&'static str, &'static str)]) -> Sent {
    Sent { headers, ..PLAIN }
}

const fn from(last: u8) -> Sent {
    Sent { from: Ipv4Addr::new(127, 0, 0, last), ..PLAIN }
}

const fn passes(sent: Sent) -> Exchange {
    Exchange { sent, status: 200, code: "", answer: &[], upstream: Upstream::Saw(sent.path, &[]) }
}

const fn refused(sent: Sent, status: u16, code: &'static str) -> Exchange {
    Exchange { sent, status, code, answer: &[], upstream: Upstream::Nothing }
}

const WEBHOOK: Sent =
    Sent { method: "POST", headers: &[("x-hub-signature-256", "sha256=SIGNATURE")], body: "hook", ..PLAIN };

const HANDSHAKE: Sent = with(&[
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
]);

const CASES: &[Case] = &[
    Case {
        name: "IP restriction",
        asks: Asks::Module(
            r#"{"IPRestriction": {"allow_cidrs": ["127.0.0.0/8"], "deny_cidrs": ["127.0.0.9/32"]}}"#,
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: refused(from(9), 403, "ERR_NGROK_3205"),
    },
    Case {
        name: "user agent filter",
        asks: Asks::Module(r#"{"UserAgentFilter": {"allow": ["^good/"], "deny": ["^bad/"]}}"#),
        before: None,
        allowed: passes(with(&[("user-agent", "good/1")])),
        denied: refused(with(&[("user-agent", "bad/1")]), 403, "ERR_NGROK_3211"),
    },
    Case {
        name: "basic auth",
        asks: Asks::Module(
            r#"{"BasicAuth": {"credentials": [{"username": "user", "cleartext_password": "password"}]}}"#,
        ),
        before: None,
        allowed: passes(with(&[("authorization", "Basic dXNlcjpwYXNzd29yZA==")])),
        denied: Exchange {
            answer: &[("www-authenticate", "Basic realm=\"ngrok\", charset=\"UTF-8\"")],
            ..refused(with(&[("authorization", "Basic dXNlcjpwYXNzd29yZHM=")]), 401, "")
        },
    },
    Case {
        name: "basic auth of the oldest clients",
        asks: Asks::Module(r#"{"Auth": "user:password"}"#),
        before: None,
        allowed: passes(with(&[("authorization", "Basic dXNlcjpwYXNzd29yZA==")])),
        denied: refused(PLAIN, 401, ""),
    },
    Case {
        name: "webhook verification",
        asks: Asks::Module(
            r#"{"WebhookVerification": {"provider": "github", "secret": "a webhook's secret"}}"#,
        ),
        before: None,
        allowed: passes(WEBHOOK),
        denied: refused(Sent { body: "hooks", ..WEBHOOK }, 403, "ERR_NGROK_3204"),
    },
    Case {
        name: "OIDC",
        asks: Asks::Module(
            r#"{"OIDC": {"issuer_url": "https://acme.okta.test", "client_id": "client", "client_secret": "hush"}}"#,
        ),
        before: None,
        allowed: Exchange {
            upstream: Upstream::Saw("/x", &[("ngrok-auth-user-email", "alice@acme.test"), ("cookie", "")]),
            ..passes(with(&[("cookie", "{session}")]))
        },
        denied: refused(with(&[("cookie", "__Host-gate-session=guess")]), 401, "ERR_NGROK_3100"),
    },
    Case {
        name: "circuit breaker",
        asks: Asks::Module(r#"{"CircuitBreaker": {"error_threshold": 0.5}}"#),
        before: Some((get("/fail"), 10)),
        allowed: Exchange { status: 500, ..passes(get("/fail")) },
        denied: refused(PLAIN, 503, "ERR_NGROK_3202"),
    },
    Case {
        name: "request headers",
        asks: Asks::Module(
            r#"{"RequestHeaders": {"add": ["x-added: from ${conn.client_ip}"], "remove": ["x-secret"]}}"#,
        ),
        before: None,
        allowed: Exchange {
            upstream: Upstream::Saw("/x", &[("x-added", "from 127.0.0.1")]),
            ..passes(PLAIN)
        },
        denied: Exchange {
            upstream: Upstream::Saw("/x", &[("x-secret", ""), ("x_added", "")]),
            ..passes(with(&[("x-secret", "1"), ("X_Added", "forged")]))
        },
    },
    Case {
        name: "response headers",
        asks: Asks::Module(r#"{"ResponseHeaders": {"add": ["x-added: outer"], "remove": ["x-inner"]}}"#),
        before: None,
        allowed: Exchange { answer: &[("x-added", "outer")], ..passes(PLAIN) },
        denied: Exchange { answer: &[("x-inner", "")], ..passes(get("/long")) },
    },
    Case {
        name: "compression",
        asks: Asks::Module(r#"{"Compression": {}}"#),
        before: None,
        allowed: Exchange {
            answer: &[("content-encoding", "gzip"), ("vary", "accept-encoding"), ("content-length", "")],
            ..passes(Sent { path: "/long", ..with(&[("accept-encoding", "gzip")]) })
        },
        denied: Exchange {
            answer: &[("content-encoding", ""), ("content-length", "5000")],
            ..passes(Sent { path: "/long", ..with(&[("accept-encoding", "gzip;q=0")]) })
        },
    },
    Case {
        name: "WebSocket to TCP",
        asks: Asks::Module(r#"{"WebsocketTCPConverter": {}}"#),
        before: None,
        allowed: Exchange {
            status: 101,
            answer: &[("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), ("upgrade", "websocket")],
            upstream: Upstream::Nothing,
            ..passes(HANDSHAKE)
        },
        denied: refused(PLAIN, 400, "ERR_NGROK_3206"),
    },
    Case {
        name: "Host header rewrite",
        asks: Asks::Module(r#"{"HostHeaderRewrite": true}"#),
        before: None,
        allowed: Exchange { upstream: Upstream::Saw("/x", &[("host", "localhost:3000")]), ..passes(PLAIN) },
        denied: Exchange {
            upstream: Upstream::Saw("/x", &[("host", "localhost:3000"), ("x-forwarded-host", HOST)]),
            ..passes(with(&[("x-forwarded-host", "localhost:3000")]))
        },
    },
    Case {
        name: "on_tcp_connect: restrict-ips",
        asks: Asks::Policy(
            "on_tcp_connect: [{actions: [{type: restrict-ips, config: {deny: [127.0.0.9]}}]}]",
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: refused(from(9), 403, "ERR_NGROK_3205"),
    },
    Case {
        name: "on_tcp_connect: deny",
        asks: Asks::Policy(
            "on_tcp_connect: [{expressions: [\"conn.client_ip == '127.0.0.9'\"], actions: [{type: deny}]}]",
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: refused(from(9), 403, ""),
    },
    Case {
        name: "restrict-ips",
        asks: Asks::Policy(
            "on_http_request: [{actions: [{type: restrict-ips, config: {allow: [127.0.0.1/32]}}]}]",
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: refused(from(2), 403, "ERR_NGROK_3205"),
    },
    Case {
        name: "deny",
        asks: Asks::Policy(
            "on_http_request: [{expressions: [\"req.url.path.startsWith('/admin')\"], actions: [{type: deny, config: {status_code: 451}}]}]",
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: refused(get("/x/../admin"), 451, ""),
    },
    Case {
        name: "deny, in the older spelling",
        asks: Asks::Policy(
            r#"{"Inbound": [{"Name": "no posts", "Expressions": ["req.Method == 'POST'"], "Actions": [{"Type": "deny", "Config": {"status_code": 405}}]}]}"#,
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: refused(Sent { method: "POST", ..PLAIN }, 405, ""),
    },
    Case {
        name: "custom-response, in the older spelling",
        asks: Asks::Policy(
            r#"{"inbound": [{"name": "deny_put", "expressions": ["req.Method == 'PUT'"], "actions": [{"type": "deny", "config": null}]}],
                "outbound": [{"name": "222_response", "expressions": ["res.StatusCode == '200'"], "actions": [{"type": "custom-response", "config": {"status_code": 222}}]}]}"#,
        ),
        before: None,
        allowed: Exchange { status: 222, ..passes(PLAIN) },
        denied: refused(Sent { method: "PUT", ..PLAIN }, 403, ""),
    },
    Case {
        name: "basic-auth",
        asks: Asks::Policy(
            "on_http_request: [{actions: [{type: basic-auth, config: {credentials: ['user:password']}}]}]",
        ),
        before: None,
        allowed: passes(with(&[("authorization", "Basic dXNlcjpwYXNzd29yZA==")])),
        denied: refused(PLAIN, 401, ""),
    },
    Case {
        name: "jwt-validation",
        asks: Asks::Policy(
            "on_http_request: [{actions: [{type: jwt-validation, config: {\
               issuer: {allow_list: [{value: https://acme.okta.test}]}, audience: {allow_list: [{value: api}]}, \
               http: {tokens: [{type: jwt, method: header, name: Authorization, prefix: 'Bearer '}]}, \
               jws: {allowed_algorithms: [RS256], keys: {sources: {additional_jkus: [https://acme.okta.test/oauth2/v1/keys]}}}}}]}]",
        ),
        before: None,
        allowed: passes(with(&[("authorization", "Bearer {token}")])),
        denied: refused(with(&[("authorization", "Bearer {token}x")]), 401, ""),
    },
    Case {
        name: "verify-webhook",
        asks: Asks::Policy(
            "on_http_request: [{actions: [{type: verify-webhook, config: {provider: github, secret: \"a webhook's secret\"}}]}]",
        ),
        before: None,
        allowed: passes(WEBHOOK),
        denied: refused(Sent { headers: &[], ..WEBHOOK }, 403, "ERR_NGROK_3204"),
    },
    Case {
        name: "openid-connect",
        asks: Asks::Policy(
            "on_http_request: [\
               {expressions: [\"req.url.path != '/open'\"], actions: [{type: openid-connect, config: {\
                 issuer_url: https://acme.okta.test, client_id: client, client_secret: hush}}]}, \
               {actions: [{type: add-headers, config: {headers: {x-who: \"${actions.ngrok.oidc.identity.email}\"}}}]}]",
        ),
        before: None,
        allowed: Exchange {
            upstream: Upstream::Saw("/x", &[("ngrok-auth-user-id", "00u1"), ("x-who", "alice@acme.test")]),
            ..passes(with(&[("cookie", "{session}")]))
        },
        denied: refused(with(&[("cookie", "__Host-gate-session=guess")]), 401, "ERR_NGROK_3100"),
    },
    Case {
        name: "rate-limit",
        asks: Asks::Policy(
            "on_http_request: [{actions: [{type: rate-limit, config: {name: few, algorithm: sliding_window, \
               capacity: 3, rate: 60s, bucket_key: [conn.client_ip]}}]}]",
        ),
        before: Some((from(2), 3)),
        allowed: passes(from(3)),
        denied: refused(from(2), 429, ""),
    },
    Case {
        name: "circuit-breaker",
        asks: Asks::Policy(
            "on_http_request: [{actions: [{type: circuit-breaker, config: {error_threshold: 0.5, volume_threshold: 2}}]}]",
        ),
        before: Some((get("/fail"), 2)),
        allowed: Exchange { status: 500, ..passes(get("/fail")) },
        denied: refused(PLAIN, 503, "ERR_NGROK_3202"),
    },
    Case {
        name: "forward-internal",
        asks: Asks::Policy(
            "on_http_request: [\
               {expressions: [\"req.url.path == '/gone'\"], actions: [{type: forward-internal, config: {url: https://gone.internal}}]}, \
               {actions: [{type: forward-internal, config: {url: https://inner.internal}}]}]",
        ),
        before: None,
        allowed: Exchange { upstream: Upstream::Another, ..passes(PLAIN) },
        denied: refused(get("/gone"), 404, "ERR_NGROK_3200"),
    },
    Case {
        name: "redirect",
        asks: Asks::Policy(
            "on_http_request: [{actions: [{type: redirect, config: {from: /old, to: /new, status_code: 308}}]}]",
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: Exchange {
            answer: &[("location", "https://app.tunnel.test/new?a=1")],
            ..refused(get("/old?a=1"), 308, "")
        },
    },
    Case {
        name: "custom-response",
        asks: Asks::Policy(
            "on_http_request: [{expressions: [\"req.url.path == '/down'\"], actions: [{type: custom-response, config: {\
               status_code: 503, body: back soon, headers: {retry-after: '60'}}}]}]",
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: Exchange { answer: &[("retry-after", "60")], ..refused(get("/down"), 503, "") },
    },
    Case {
        name: "url-rewrite",
        asks: Asks::Policy(
            "on_http_request: [{actions: [{type: url-rewrite, config: {from: '/v1/(\\w+)', to: '/api/$1'}}]}]",
        ),
        before: None,
        allowed: Exchange {
            upstream: Upstream::Saw("/api/users?a=1", &[("host", HOST)]),
            ..passes(get("/v1/users?a=1"))
        },
        denied: passes(get("/v2/users")),
    },
    Case {
        name: "add-headers",
        asks: Asks::Policy(
            "on_http_request: [{actions: [{type: add-headers, config: {headers: {x-forwarded-user: \"${req.headers['x-user'][0]}\"}}}]}]",
        ),
        before: None,
        allowed: Exchange {
            upstream: Upstream::Saw("/x", &[("x-forwarded-user", "alice")]),
            ..passes(with(&[("x-user", "alice"), ("x-forwarded-user", "root")]))
        },
        denied: refused(PLAIN, 500, "ERR_NGROK_2238"),
    },
    Case {
        name: "remove-headers",
        asks: Asks::Policy(
            "on_http_request: [{actions: [{type: remove-headers, config: {headers: [x-secret, x-forwarded-for]}}]}]",
        ),
        before: None,
        allowed: Exchange {
            upstream: Upstream::Saw("/x", &[("x-kept", "1")]),
            ..passes(with(&[("x-kept", "1")]))
        },
        denied: Exchange {
            upstream: Upstream::Saw("/x", &[("x-secret", ""), ("x-forwarded-for", "")]),
            ..passes(with(&[("x-secret", "1")]))
        },
    },
    Case {
        name: "log",
        asks: Asks::Policy(
            "on_http_request: [{actions: [{type: log, config: {metadata: {path: \"${req.url.path}\"}}}]}]",
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: Exchange { status: 500, ..passes(get("/fail")) },
    },
    Case {
        name: "on_http_response: add-headers",
        asks: Asks::Policy(
            "on_http_response: [{expressions: [\"res.status_code == 500\"], actions: [{type: add-headers, config: {headers: {x-note: failed}}}]}]",
        ),
        before: None,
        allowed: Exchange { answer: &[("x-note", "")], ..passes(PLAIN) },
        denied: Exchange { status: 500, answer: &[("x-note", "failed")], ..passes(get("/fail")) },
    },
    Case {
        name: "on_http_response: remove-headers",
        asks: Asks::Policy(
            "on_http_response: [{actions: [{type: remove-headers, config: {headers: [x-inner]}}]}]",
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: Exchange { answer: &[("x-inner", "")], ..passes(get("/long")) },
    },
    Case {
        name: "on_http_response: custom-response",
        asks: Asks::Policy(
            "on_http_response: [{expressions: [\"res.status_code >= 500\"], actions: [{type: custom-response, config: {status_code: 502, body: sorry}}]}]",
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: Exchange { status: 502, ..passes(get("/fail")) },
    },
    Case {
        name: "on_http_response: restrict-ips",
        asks: Asks::Policy(
            "on_http_response: [{actions: [{type: restrict-ips, config: {deny: [127.0.0.9]}}]}]",
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: Exchange { status: 403, code: "ERR_NGROK_3205", ..passes(from(9)) },
    },
    Case {
        name: "on_http_response: log",
        asks: Asks::Policy(
            "on_http_response: [{actions: [{type: log, config: {metadata: {status: \"${res.status_code}\"}}}]}]",
        ),
        before: None,
        allowed: passes(PLAIN),
        denied: Exchange { status: 500, ..passes(get("/fail")) },
    },
    Case {
        name: "compress-response",
        asks: Asks::Policy(
            "on_http_response: [{actions: [{type: compress-response, config: {algorithms: [br]}}]}]",
        ),
        before: None,
        allowed: Exchange {
            answer: &[("content-encoding", "br")],
            ..passes(Sent { path: "/long", ..with(&[("accept-encoding", "gzip, br")]) })
        },
        denied: Exchange {
            answer: &[("content-encoding", "")],
            ..passes(Sent { path: "/long", ..with(&[("accept-encoding", "gzip")]) })
        },
    },
];

impl Asks {
    fn bind(&self) -> Bind {
        let named = HttpOptions { domain: HOST.to_owned(), ..HttpOptions::default() };
        match self {
            Self::Policy(text) => {
                with_options(&HttpOptions { traffic_policy: Some((*text).into()), ..named })
            }
            Self::Module(members) => {
                let mut bind = with_options(&named);
                let mut options = serde_json::to_value(&bind.opts).unwrap();
                let Value::Object(more) = serde_json::from_str(members).unwrap() else { panic!("{members}") };
                options.as_object_mut().unwrap().extend(more);
                bind.opts = serde_json::from_value(options).unwrap();
                bind
            }
        }
    }
}

/// A world in which the case's endpoint is online.
struct Scene {
    world: World,
    app: Arc<App>,
    inner: Arc<App>,
    _agents: [Agent; 2],
    session: String,
    token: String,
}

impl Scene {
    async fn set(case: &Case) -> Self {
        let world = World::new().await;
        let (app, inner) = (App::new("outside"), App::new("inside"));
        let agents = [Agent::new(&world, &app).await, Agent::new(&world, &inner).await];
        let answer = agents[0].bind(&case.asks.bind()).await;
        assert_eq!(answer.error, "", "{}", case.name);
        let mut within = with_options(&HttpOptions {
            url: Some("https://inner.internal".into()),
            ..HttpOptions::default()
        });
        within.extra.bindings = vec!["internal".to_owned()];
        assert_eq!(agents[1].bind(&within).await.error, "");
        let now = world.clock.now().timestamp();
        let token = sign(&json!({ "iss": ISSUER, "aud": "api", "sub": "bob", "iat": now, "exp": now + 600 }));
        let mut scene = Self { world, app, inner, _agents: agents, session: String::new(), token };
        if [&case.allowed, &case.denied].iter().any(|exchange| exchange.sent.mentions("{session}")) {
            let mut browser = Browser::default();
            browser.sign_in(&scene.world, &format!("https://{HOST}/x")).await;
            scene.session = browser.cookie(HOST, "__Host-gate-session").unwrap();
        }
        scene
    }

    async fn send(&self, sent: &Sent) -> (u16, HeaderMap) {
        let mut request = Request::builder().method(sent.method).uri(format!("https://{HOST}{}", sent.path));
        for (name, value) in sent.headers {
            let value = value.replace("{session}", &format!("__Host-gate-session={}", self.session));
            let value = value.replace("{token}", &self.token).replace("SIGNATURE", SIGNATURE);
            request = request.header(*name, value);
        }
        let answer = send_from(&self.world, sent.from, request.body(body(sent.body)).unwrap()).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        if status != 101 && !headers.contains_key("content-encoding") {
            text(answer).await;
        }
        (status, headers)
    }

    async fn verify(&self, name: &str, exchange: &Exchange) {
        let (before, inner) = (self.app.seen().len(), self.inner.seen().len());
        let (status, headers) = self.send(&exchange.sent).await;
        assert_eq!((status, code(&headers)), (exchange.status, exchange.code), "{name}: {headers:?}");
        check(name, &headers, exchange.answer);
        let (seen, within) = (self.app.seen(), self.inner.seen().len() - inner);
        match &exchange.upstream {
            Upstream::Nothing => assert_eq!((seen.len(), within), (before, 0), "{name}"),
            Upstream::Another => assert_eq!((seen.len(), within), (before, 1), "{name}"),
            Upstream::Saw(path, headers) => {
                assert_eq!((seen.len(), within), (before + 1, 0), "{name}");
                assert_eq!(seen[before].path, *path, "{name}");
                check(name, &seen[before].headers, headers);
            }
        }
    }
}

fn check(name: &str, headers: &HeaderMap, expected: &[(&str, &str)]) {
    for (header, value) in expected {
        let found: Vec<_> = headers.get_all(*header).iter().map(|value| value.to_str().unwrap()).collect();
        let wanted = if value.is_empty() { vec![] } else { vec![*value] };
        assert_eq!(found, wanted, "{name}: {header}");
    }
}

impl Sent {
    fn mentions(&self, word: &str) -> bool {
        self.headers.iter().any(|(_, value)| value.contains(word))
    }
}

/// HMAC-SHA-256 of `hook`.
const SIGNATURE: &str = "e5502a9fdbebe225a5d76e085a26e65aadccaacb790b12dd15725d6b7945b1c5";

#[tokio::test]
async fn each_lets_through_what_it_should_and_nothing_else() {
    let mut cases = tokio::task::JoinSet::new();
    for case in CASES {
        cases.spawn(async move {
            let scene = Scene::set(case).await;
            if case.before.is_none() {
                scene.verify(case.name, &case.denied).await;
            }
            scene.verify(case.name, &case.allowed).await;
            if let Some((sent, times)) = &case.before {
                for _ in 0..*times {
                    scene.send(sent).await;
                }
                scene.verify(case.name, &case.denied).await;
            }
        });
    }
    let mut failures = Vec::new();
    while let Some(verified) = cases.join_next().await {
        failures.extend(verified.err().map(|failure| failure.to_string()));
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_table_is_a_document() {
    let mut document =
        String::from("| what | an exchange that it lets through | one that it doesn't |\n|---|---|---|\n");
    for case in CASES {
        let (allowed, denied) = (&case.allowed, &case.denied);
        let denied = match &case.before {
            Some((sent, times)) => format!("after {times} of {}: {}", sent.words(), denied.words()),
            None => denied.words(),
        };
        writeln!(document, "| {} | {} | {denied} |", case.name, allowed.words()).unwrap();
    }
    insta::assert_snapshot!("modules_and_actions", document);
}

impl Sent {
    fn words(&self) -> String {
        let mut words = format!("`{} {}`", self.method, self.path);
        if self.from != Ipv4Addr::LOCALHOST {
            write!(words, " from {}", self.from).unwrap();
        }
        let told = self.headers.iter().filter(|(name, _)| {
            !matches!(*name, "sec-websocket-version" | "sec-websocket-key" | "connection")
        });
        for (name, value) in told {
            write!(words, " `{name}: {value}`").unwrap();
        }
        if !self.body.is_empty() {
            write!(words, " with `{}`", self.body).unwrap();
        }
        words
    }
}

impl Exchange {
    fn words(&self) -> String {
        let mut words = format!("{} → {}", self.sent.words(), self.status);
        if !self.code.is_empty() {
            write!(words, " {}", self.code).unwrap();
        }
        tell(&mut words, self.answer);
        match &self.upstream {
            Upstream::Nothing => words.push_str("; the upstream saw nothing"),
            Upstream::Another => words.push_str("; the internal endpoint's upstream saw it"),
            Upstream::Saw(path, headers) => {
                write!(words, "; the upstream saw `{path}`").unwrap();
                tell(&mut words, headers);
            }
        }
        words
    }
}

fn tell(words: &mut String, headers: &[(&str, &str)]) {
    for (name, value) in headers {
        match *value {
            "" => write!(words, ", no `{name}`"),
            value => write!(words, ", `{name}: {value}`"),
        }
        .unwrap();
    }
}

#[tokio::test]
async fn what_actions_did_is_evidence() {
    let case = CASES.iter().find(|case| case.name == "IP restriction").unwrap();
    let scene = Scene::set(case).await;
    scene.send(&case.allowed.sent).await;
    scene.send(&case.denied.sent).await;
    let acts = scene.world.events.all().into_iter().filter_map(|event| match event {
        Event::Acted(acted) => Some((acted.action, acted.rule, acted.act)),
        _ => None,
    });
    let acts: Vec<_> = acts.collect();
    let denied =
        Act::Denied { status: http::StatusCode::FORBIDDEN, code: Some(edge::Code(3205)), detail: None };
    let passed = Act::Passed { note: None };
    assert_eq!(acts, [("restrict-ips", None, passed), ("restrict-ips", None, denied)]);
}
