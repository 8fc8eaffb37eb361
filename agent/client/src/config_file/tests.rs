use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::definition::Proto;
use crate::endpoint::UpstreamProtocol;

fn read(source: &str) -> Result<ConfigFile, String> {
    ConfigFile::parse(Path::new("ngrok.yml"), source).map_err(|problems| problems.to_string())
}

#[test]
fn version_2_is_read() {
    let file = read(
        "version: \"2\"\n\
         authtoken: 2abc\n\
         server_addr: connect.tunnel.test:4443\n\
         root_cas: /ca.pem\n\
         proxy_url: http://me:hunter2@localhost:3128\n\
         heartbeat_interval: 1m\n\
         web_addr: localhost:4041\n\
         log_format: json\n\
         update_check: false\n\
         tunnels:\n  \
           site:\n    \
             proto: http\n    \
             addr: 8000\n    \
             domain: app.tunnel.test\n    \
             basic_auth: [\"ann:secret-word\"]\n    \
             request_header: { add: [\"x: y\"], remove: [z] }\n    \
             oidc: { issuer_url: https://i, client_id: c, client_secret: s, scopes: [email] }\n  \
           shell: { proto: tcp, addr: 22, remote_addr: \"1.tcp.test:2222\", proxy_proto: 2 }\n  \
           edge:\n    \
             labels: [edge=edghts_1]\n    \
             addr: http://localhost:80\n",
    )
    .unwrap();
    assert_eq!(file.version, 2);
    assert_eq!(file.settings.authtoken, Some(Secret::new("authtoken", "2abc")));
    assert_eq!(file.settings.heartbeat_interval, Some(std::time::Duration::from_secs(60)));
    assert_eq!(file.settings.web_addr, Some(WebAddr::At("127.0.0.1:4041".parse().unwrap())));
    let [site, shell, edge] = file.tunnels.as_slice() else { panic!("{:?}", file.tunnels) };
    assert_eq!((site.name.as_str(), site.proto, site.addr.as_str()), ("site", Proto::Http, "8000"));
    assert_eq!(site.request_header_add, ["x: y"]);
    assert_eq!(site.oidc.as_ref().unwrap().scopes, ["email"]);
    assert_eq!(
        (shell.proto, shell.proxy_proto, shell.remote_addr.as_str()),
        (Proto::Tcp, 2, "1.tcp.test:2222")
    );
    assert_eq!((edge.proto, edge.labels["edge"].as_str()), (Proto::Labeled, "edghts_1"));
    assert!(!format!("{file:?}").contains("hunter2") && !format!("{file:?}").contains("secret-word"));
}

#[test]
fn version_3_is_read() {
    let file = read(
        "version: 3\n\
         agent:\n  \
           authtoken: 2abc\n  \
           connect_url: localhost:4443\n  \
           connect_cas: host\n  \
           inspect_db_size: -1\n\
         endpoints:\n  \
           - name: grpc\n    \
             url: https://grpc.tunnel.test\n    \
             upstream: { url: http://localhost:50051, protocol: http2 }\n    \
             traffic_policy:\n      \
               on_http_request:\n        \
                 - actions: [{ type: deny, config: { status_code: 404 } }]\n  \
           - name: db\n    \
             url: tcp://\n    \
             upstream: { url: 5432 }\n",
    )
    .unwrap();
    assert_eq!(file.settings.root_cas, Some(Roots::Host));
    assert_eq!(file.settings.inspect_db_size, Some(InspectDb::Off));
    let [grpc, db] = file.tunnels.as_slice() else { panic!("{:?}", file.tunnels) };
    assert_eq!(grpc.upstream_protocol, UpstreamProtocol::Http2);
    assert_eq!(
        grpc.traffic_policy,
        r#"{"on_http_request":[{"actions":[{"type":"deny","config":{"status_code":404}}]}]}"#
    );
    assert_eq!((db.proto, db.addr.as_str()), (Proto::Tcp, "5432"));
}

#[test]
fn later_files_have_the_last_word() {
    let first =
        read("version: 2\nauthtoken: one\nmetadata: first\ntunnels: { a: { proto: http, addr: 1 } }\n");
    let second =
        read("version: 3\nagent: { authtoken: two }\nendpoints: [{ name: a, upstream: { url: 2 } }]\n");
    let both = first.unwrap().and(second.unwrap());
    assert_eq!(both.settings.authtoken, Some(Secret::new("authtoken", "two")));
    assert_eq!(both.settings.metadata.as_deref(), Some("first"));
    assert_eq!(both.tunnels.iter().map(|tunnel| tunnel.addr.as_str()).collect::<Vec<_>>(), ["2"]);
}

#[test]
fn each_mistake_is_shown_where_it_is() {
    let wrong = [
        "version: 2\nauth_token: 2abc\nweb_addr: 0.0.0.0:4040\nregion: eu\nlog_format: xml\n",
        "version: 3\nagent:\n  heartbeat_interval: soon\n  root_cas: x\n",
        "version: 2\ntunnels:\n  web:\n    adr: 80\n    proto: htp\n  ssh: { proto: tcp, addr: 22, compression: true }\n",
        "authtoken: x\n",
        "version: 2\nroot_cas: trusted\nupdate_check: true\nauthtoken: [2abc]\nmetadata: a\nmetadata: b\n",
        "version: 2\nmetadata: {\n",
        "version: 4\n",
    ];
    let shown: Vec<_> = wrong.iter().map(|source| read(source).unwrap_err()).collect();
    assert!(!shown.concat().contains("2abc"), "{shown:?}");
    insta::assert_snapshot!(shown.join("\n----\n"));
}

#[test]
fn the_local_api_takes_the_same_words() {
    let asked = serde_json::json!({
        "name": "x", "addr": "8000", "proto": "http", "inspect": true, "schemes": ["https"], "auth": null,
        "basic_auth": ["ann:secret-word"], "host_header": "rewrite",
    });
    let definition = tunnel_of_json(&asked).unwrap();
    assert_eq!((definition.addr.as_str(), definition.inspect), ("8000", Some(true)));
    let asked = serde_json::json!({ "name": "y", "url": "tcp://", "inspect": false, "upstream": { "url": "localhost:22" } });
    assert_eq!(endpoint_of_json(&asked).unwrap().proto, Proto::Tcp);
    let wrong =
        tunnel_of_json(&serde_json::json!({ "addr": 80, "prot": "http", "inspect": "maybe" })).unwrap_err();
    insta::assert_snapshot!(wrong);
}

proptest! {
    /// Neither reading nor showing what is wrong may fall over whatever stands in a file.
    #[test]
    fn any_text_is_a_configuration_or_is_wrong_somewhere(text in ".{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn what_looks_like_a_configuration_may_be_anything(lines in prop::collection::vec(
        (0_usize..4, prop::sample::select(vec![
            "version: 2", "version: 3", "agent:", "authtoken: [a, é", "authtoken:", "tunnels:", "web: { proto: http,",
            "endpoints:", "- name: é", "upstream: { url: 80 }", "metadata: \"é\\n\"", "addr: 80", "proto: tcp", "? x",
            "log_level: é", "web_addr: |", "é: é", "}", "]", "# é", "basic_auth:", "- a:b", "labels: [edge=1]", "",
        ])), 0..12,
    )) {
        let text: String = lines.iter().map(|(depth, line)| format!("{}{line}\n", "  ".repeat(*depth))).collect();
        let _ = read(&text);
        let token = Secret::new("authtoken", "2abc");
        if let Ok(edited) = with_authtoken(Path::new("ngrok.yml"), &text, &token) {
            let file = ConfigFile::parse(Path::new("ngrok.yml"), &edited).unwrap();
            prop_assert_eq!(file.settings.authtoken, Some(token));
        }
    }
}
