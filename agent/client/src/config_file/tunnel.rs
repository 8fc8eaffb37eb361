//! What a configuration file, or the local API, says about a tunnel.

use ground::Secret;
use wire::message::{OAuth, Oidc};

use super::node::Content;
use super::problem::Problem;
use super::reader::{Field, Fields, Reader};
use crate::config::Scheme;
use crate::definition::{Definition, Proto};
use crate::endpoint::UpstreamProtocol;

/// A tunnel of version 2, by the name that it stands under; without one, it has a member of that name.
pub(super) fn tunnel(reader: &mut Reader, field: Field<'_>, name: Option<&str>) -> Option<Definition> {
    let mut fields = reader.fields(field)?;
    let own_name = if name.is_none() { fields.take("name") } else { None };
    let name = name.map(str::to_owned).or_else(|| reader.text(own_name));
    let mut asked = Definition { name: named(reader, &fields, name)?, ..Definition::default() };

    let labels = fields.take("labels");
    asked.labels = reader.labels(labels);
    let proto = fields.take("proto");
    asked.proto = match proto {
        None if !asked.labels.is_empty() => Proto::Labeled,
        None => {
            missing(reader, &fields, "proto", "http, tcp or tls; or labels instead");
            Proto::Http
        }
        proto => reader.word(proto, &["http", "https", "tcp", "tls"]).unwrap_or_default(),
    };
    if proto.is_some_and(|proto| proto.node.text() == Some("https")) {
        asked.scheme = Some(Scheme::Https);
    }
    let addr = fields.take("addr");
    if addr.is_none() {
        missing(reader, &fields, "addr", "the app: a port, host:port, or a URL");
    }
    asked.addr = reader.text(addr).unwrap_or_default();
    let upstream_protocol = fields.take("app_protocol");
    asked.upstream_protocol = protocol(reader, upstream_protocol);
    let proxy_proto = fields.take("proxy_proto");
    asked.proxy_proto = match reader.word::<String>(proxy_proto, &["0", "1", "2"]).as_deref() {
        Some("1") => 1,
        Some("2") => 2,
        _ => 0,
    };
    names(reader, &mut fields, &mut asked);
    common(reader, &mut fields, &mut asked);
    of_http(reader, &mut fields, &mut asked);
    of_tls(reader, &mut fields, &mut asked);
    reader.close(fields, "a tunnel");
    checked(reader, field, asked)
}

/// An endpoint of version 3.
pub(super) fn endpoint(reader: &mut Reader, field: Field<'_>) -> Option<Definition> {
    let mut fields = reader.fields(field)?;
    let name = fields.take("name");
    let name = reader.text(name);
    let mut asked = Definition { name: named(reader, &fields, name)?, ..Definition::default() };
    let url = fields.take("url");
    asked.url = reader.text(url).unwrap_or_default();
    asked.proto = match asked.url.split_once("://") {
        Some(("tcp", _)) => Proto::Tcp,
        Some(("tls", _)) => Proto::Tls,
        _ => Proto::Http,
    };
    let upstream = fields.take("upstream");
    match upstream.and_then(|upstream| reader.fields(upstream)) {
        None if upstream.is_none() => missing(reader, &fields, "upstream", "the app, upstream: { url: … }"),
        None => {}
        Some(mut upstream) => {
            let url = upstream.take("url");
            if url.is_none() {
                missing(reader, &upstream, "url", "the app: a port, host:port, or a URL");
            }
            asked.addr = reader.text(url).unwrap_or_default();
            if asked.url.is_empty() && asked.addr.starts_with("tcp://") {
                asked.proto = Proto::Tcp;
            }
            let app = upstream.take("protocol");
            asked.upstream_protocol = protocol(reader, app);
            let proxy_protocol = upstream.take("proxy_protocol");
            asked.proxy_proto = match reader.word::<String>(proxy_protocol, &["1", "2"]).as_deref() {
                Some("1") => 1,
                Some("2") => 2,
                _ => 0,
            };
            let verify = upstream.take("tls_verify");
            asked.upstream_tls_verify = reader.flag(verify).unwrap_or_default();
            let cas = upstream.take("tls_verify_cas");
            asked.upstream_tls_verify_cas = reader.text(cas).map(Into::into);
            reader.close(upstream, "`upstream`");
        }
    }
    let termination = fields.take("agent_tls_termination");
    if let Some(mut termination) = termination.and_then(|termination| reader.fields(termination)) {
        for (name, into) in [
            ("server_certificate", &mut asked.crt),
            ("server_private_key", &mut asked.key),
            ("mutual_tls_certificate_authorities", &mut asked.mutual_tls_cas),
        ] {
            let file = termination.take(name);
            *into = reader.text(file).map(Into::into);
        }
        reader.close(termination, "`agent_tls_termination`");
    }
    common(reader, &mut fields, &mut asked);
    reader.close(fields, "an endpoint");
    checked(reader, field, asked)
}

fn named(reader: &mut Reader, fields: &Fields<'_>, name: Option<String>) -> Option<String> {
    let name = name.filter(|name| !name.is_empty());
    if name.is_none() {
        missing(reader, fields, "name", "by which it is started and listed");
    }
    name
}

fn missing(reader: &mut Reader, fields: &Fields<'_>, name: &str, what: &str) {
    let at = fields.node().at.start;
    reader.add(Problem::new(at..at, format!("`{name}` is missing"), what));
}

fn protocol(reader: &mut Reader, field: Option<Field<'_>>) -> UpstreamProtocol {
    match reader.word::<String>(field, &["http1", "http2"]).as_deref() {
        Some("http2") => UpstreamProtocol::Http2,
        _ => UpstreamProtocol::Http1,
    }
}

/// Says what can't be about the whole of it, files it names apart: they may come later.
fn checked(reader: &mut Reader, field: Field<'_>, asked: Definition) -> Option<Definition> {
    let without_files = Definition {
        traffic_policy_file: None,
        mutual_tls_cas: None,
        upstream_tls_verify_cas: None,
        upstream_tls_verify: false,
        crt: None,
        key: None,
        terminate_at: None,
        ..asked.clone()
    };
    if let Err(error) = without_files.endpoint() {
        // What lacks its address has been said.
        if !asked.addr.is_empty() {
            reader.add(Problem::new(
                field.node.at.clone(),
                format!("the tunnel `{}` can't be", asked.name),
                error.to_string(),
            ));
        }
        return None;
    }
    Some(asked)
}

fn names(reader: &mut Reader, fields: &mut Fields<'_>, asked: &mut Definition) {
    let url = fields.take("url");
    asked.url = reader.text(url).unwrap_or_default();
    let (domain, hostname) = (fields.take("domain"), fields.take("hostname"));
    asked.domain = reader.text(domain.or(hostname)).unwrap_or_default();
    let subdomain = fields.take("subdomain");
    asked.subdomain = reader.text(subdomain).unwrap_or_default();
    let remote_addr = fields.take("remote_addr");
    asked.remote_addr = reader.text(remote_addr).unwrap_or_default();
    if let Some(schemes) = fields.take("schemes") {
        let items = reader.items(schemes);
        let read: Vec<_> =
            items.iter().filter_map(|item| reader.word::<Scheme>(Some(*item), &["http", "https"])).collect();
        match read.as_slice() {
            [scheme] => asked.scheme = Some(*scheme),
            [_, _, ..] => {
                reader.misfit::<()>(schemes, "one scheme: make a second tunnel for the other");
            }
            [] => {}
        }
    }
}

/// What tunnels and endpoints have in common.
fn common(reader: &mut Reader, fields: &mut Fields<'_>, asked: &mut Definition) {
    let inspect = fields.take("inspect");
    asked.inspect = reader.flag(inspect);
    let metadata = fields.take("metadata");
    asked.metadata = reader.text(metadata).unwrap_or_default();
    let description = fields.take("description");
    asked.description = reader.text(description).unwrap_or_default();
    let pooling_enabled = fields.take("pooling_enabled");
    asked.pooling_enabled = reader.flag(pooling_enabled).unwrap_or_default();
    let bindings = fields.take("bindings");
    asked.bindings = reader.texts(bindings);
    let policy_file = fields.take("traffic_policy_file");
    asked.traffic_policy_file = reader.text(policy_file).map(Into::into);
    let policies = [fields.take("traffic_policy"), fields.take("policy")];
    for policy in policies.into_iter().flatten() {
        asked.traffic_policy = match &policy.node.content {
            Content::Scalar { text, .. } => text.clone(),
            _ => policy.node.to_json().to_string(),
        };
    }
}

fn of_http(reader: &mut Reader, fields: &mut Fields<'_>, asked: &mut Definition) {
    for name in ["basic_auth", "auth"] {
        if let Some(list) = fields.take(name) {
            let items = reader.items(list);
            asked
                .basic_auth
                .extend(items.into_iter().filter_map(|item| reader.secret("password", Some(item))));
        }
    }
    let circuit_breaker = fields.take("circuit_breaker");
    asked.circuit_breaker = reader.number(circuit_breaker, "a share of failures, from 0 to 1");
    let compression = fields.take("compression");
    asked.compression = reader.flag(compression).unwrap_or_default();
    let converter = fields.take("websocket_tcp_converter");
    asked.websocket_tcp_converter = reader.flag(converter).unwrap_or_default();
    let host_header = fields.take("host_header");
    asked.host_header = reader.text(host_header).unwrap_or_default();
    for (name, allow, deny) in [
        ("ip_restriction", &mut asked.allow_cidrs, &mut asked.deny_cidrs),
        ("user_agent_filter", &mut asked.ua_filter_allow, &mut asked.ua_filter_deny),
    ] {
        let names = if name == "ip_restriction" { ("allow_cidrs", "deny_cidrs") } else { ("allow", "deny") };
        two_lists(reader, fields, name, names, allow, deny);
    }
    for (name, add, remove) in [
        ("request_header", &mut asked.request_header_add, &mut asked.request_header_remove),
        ("response_header", &mut asked.response_header_add, &mut asked.response_header_remove),
    ] {
        two_lists(reader, fields, name, ("add", "remove"), add, remove);
    }
    if let Some(mut webhook) = fields.take("verify_webhook").and_then(|field| reader.fields(field)) {
        let (provider, secret) = (webhook.take("provider"), webhook.take("secret"));
        asked.verify_webhook = reader.text(provider).unwrap_or_default();
        asked.verify_webhook_secret = reader.secret("webhook secret", secret);
        reader.close(webhook, "`verify_webhook`");
    }
    if let Some(mut oidc) = fields.take("oidc").and_then(|field| reader.fields(field)) {
        asked.oidc = Some(sign_in(reader, &mut oidc));
        reader.close(oidc, "`oidc`");
    }
    if let Some(mut oauth) = fields.take("oauth").and_then(|field| reader.fields(field)) {
        let provider = oauth.take("provider");
        let provider = reader.text(provider).unwrap_or_default();
        let Oidc { client_id, client_secret, allow_emails, allow_domains, scopes, .. } =
            sign_in(reader, &mut oauth);
        asked.oauth = Some(OAuth {
            provider,
            client_id,
            client_secret,
            allow_emails,
            allow_domains,
            scopes,
            ..OAuth::default()
        });
        reader.close(oauth, "`oauth`");
    }
}

fn two_lists(
    reader: &mut Reader,
    fields: &mut Fields<'_>,
    name: &'static str,
    names: (&'static str, &'static str),
    one_into: &mut Vec<String>,
    other_into: &mut Vec<String>,
) {
    if let Some(mut lists) = fields.take(name).and_then(|field| reader.fields(field)) {
        let (one, other) = (lists.take(names.0), lists.take(names.1));
        *one_into = reader.texts(one);
        *other_into = reader.texts(other);
        reader.close(lists, &format!("`{name}`"));
    }
}

fn sign_in(reader: &mut Reader, fields: &mut Fields<'_>) -> Oidc {
    let issuer_url = fields.take("issuer_url");
    let client_id = fields.take("client_id");
    let client_secret = fields.take("client_secret");
    let (emails, domains, scopes) =
        (fields.take("allow_emails"), fields.take("allow_domains"), fields.take("scopes"));
    Oidc {
        issuer_url: reader.text(issuer_url).unwrap_or_default(),
        client_id: reader.text(client_id).unwrap_or_default(),
        client_secret: reader.secret("client secret", client_secret).map(|secret: Secret| secret),
        allow_emails: reader.texts(emails),
        allow_domains: reader.texts(domains),
        scopes: reader.texts(scopes),
        ..Oidc::default()
    }
}

fn of_tls(reader: &mut Reader, fields: &mut Fields<'_>, asked: &mut Definition) {
    for (name, into) in [
        ("crt", &mut asked.crt),
        ("key", &mut asked.key),
        ("mutual_tls_cas", &mut asked.mutual_tls_cas),
        ("upstream_tls_verify_cas", &mut asked.upstream_tls_verify_cas),
    ] {
        let file = fields.take(name);
        *into = reader.text(file).map(Into::into);
    }
    let terminate_at = fields.take("terminate_at");
    asked.terminate_at = reader.word(terminate_at, &["edge", "agent", "upstream"]);
    let verify = fields.take("upstream_tls_verify");
    asked.upstream_tls_verify = reader.flag(verify).unwrap_or_default();
}
