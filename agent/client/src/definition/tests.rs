use super::*;

fn http(change: impl FnOnce(&mut Definition)) -> Result<HttpOptions> {
    let mut definition = Definition { addr: "3000".into(), ..Definition::default() };
    change(&mut definition);
    match definition.endpoint()?.kind {
        Kind::Http { options, .. } => Ok(*options),
        other => panic!("{other:?}"),
    }
}

fn refused(change: impl FnOnce(&mut Definition)) -> String {
    let mut definition = Definition { addr: "3000".into(), ..Definition::default() };
    change(&mut definition);
    definition.endpoint().unwrap_err().to_string()
}

#[test]
fn what_is_asked_for_is_what_the_edge_hears() {
    let options = http(|asked| {
        asked.url = "https://app.tunnel.test/".into();
        asked.basic_auth = vec![Secret::new("password", "ann:a:long one")];
        asked.circuit_breaker = Some(0.5);
        asked.compression = true;
        asked.request_header_add = vec!["x-env: test".into()];
        asked.allow_cidrs = vec!["10.0.0.0/8".into()];
    })
    .unwrap();
    let sent = serde_json::to_value(wire::message::Options::new(&options)).unwrap();
    assert_eq!(sent["Domain"], "app.tunnel.test");
    assert_eq!(sent["BasicAuth"]["credentials"][0]["username"], "ann");
    assert_eq!(sent["BasicAuth"]["credentials"][0]["cleartext_password"], "a:long one");
    assert_eq!(sent["CircuitBreaker"]["error_threshold"], 0.5);
    assert_eq!(sent["Compression"], serde_json::json!({}));
    assert_eq!(sent["RequestHeaders"]["add"][0], "x-env:test");
    assert_eq!(sent["IPRestriction"]["allow_cidrs"][0], "10.0.0.0/8");
    assert!(sent["OIDC"].is_null());
}

#[test]
fn a_url_with_a_port_goes_to_the_edge_whole() {
    let options = http(|asked| asked.url = "app.tunnel.localhost:8443".into()).unwrap();
    assert_eq!(options.url.as_deref(), Some("https://app.tunnel.localhost:8443"));
    assert_eq!(options.domain, "");
}

#[test]
fn a_remote_address_may_come_as_a_url() {
    let tcp = |url: &str, remote_addr: &str| {
        let asked = Definition {
            proto: Proto::Tcp,
            addr: "22".into(),
            url: url.into(),
            remote_addr: remote_addr.into(),
            ..Definition::default()
        };
        asked.endpoint().map(|endpoint| match endpoint.kind {
            Kind::Tcp(options) => options.addr,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(tcp("", ""), Ok(String::new()));
    assert_eq!(tcp("tcp://", ""), Ok(String::new()));
    assert_eq!(tcp("tcp://1.tcp.test:2222", ""), Ok("1.tcp.test:2222".into()));
    assert_eq!(tcp("", "1.tcp.test:2222"), Ok("1.tcp.test:2222".into()));
    assert!(tcp("https://1.tcp.test:2222", "").is_err());
    assert!(tcp("tcp://a.test:1", "b.test:2").is_err());
}

#[test]
fn the_host_header_is_the_apps_or_what_is_wanted() {
    let host = |wanted: &str| {
        let asked = Definition {
            addr: "http://app.localhost".into(),
            host_header: wanted.into(),
            ..Definition::default()
        };
        asked.endpoint().unwrap().host_header
    };
    assert_eq!(host("preserve"), None);
    assert_eq!(host("rewrite").as_deref(), Some("app.localhost"));
    assert_eq!(host("shop.test").as_deref(), Some("shop.test"));
}

#[test]
fn what_cannot_be_is_refused_in_words_that_help() {
    let list = [
        refused(|asked| {
            asked.proto = Proto::Tcp;
            asked.compression = true;
        }),
        refused(|asked| {
            asked.proto = Proto::Labeled;
            asked.labels.insert("edge".into(), "edghts_1".into());
            asked.url = "https://a.test".into();
        }),
        refused(|asked| {
            asked.proto = Proto::Tcp;
            asked.verify_webhook_secret = Some(Secret::new("webhook secret", "s"));
        }),
        refused(|asked| asked.verify_webhook_secret = Some(Secret::new("webhook secret", "s"))),
        refused(|asked| asked.basic_auth = vec![Secret::new("password", "alone")]),
        refused(|asked| asked.circuit_breaker = Some(7.0)),
        refused(|asked| asked.url = "tls://a.test".into()),
        refused(|asked| asked.domain = "a/b".into()),
        refused(|asked| asked.upstream_tls_verify = true),
        refused(|asked| {
            asked.addr = "https://localhost:3000".into();
            asked.upstream_tls_verify = true;
        }),
        refused(|asked| asked.request_header_add = vec!["no-value".into()]),
        refused(|asked| asked.mutual_tls_cas = Some("/nowhere.pem".into())),
        refused(|asked| asked.terminate_at = Some(TerminateAt::Edge)),
        refused(|asked| {
            asked.proto = Proto::Tls;
            asked.terminate_at = Some(TerminateAt::Agent);
        }),
    ];
    insta::assert_snapshot!(list.join("\n"));
}
