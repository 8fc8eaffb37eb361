//! Which options go with which kind of tunnel.

use super::{Definition, Proto, Result, wrong};
use crate::endpoint::UpstreamProtocol;

impl Definition {
    /// Options that its kind of tunnel doesn't have.
    pub(super) fn only_what_applies(&self) -> Result<()> {
        use Proto::{Http, Labeled, Tcp, Tls};
        let named = !(self.url.is_empty() && self.domain.is_empty() && self.subdomain.is_empty());
        let headers = [
            &self.request_header_add,
            &self.request_header_remove,
            &self.response_header_add,
            &self.response_header_remove,
            &self.ua_filter_allow,
            &self.ua_filter_deny,
        ];
        let of_http = self.circuit_breaker.is_some()
            || self.compression
            || self.websocket_tcp_converter
            || self.oauth.is_some()
            || self.oidc.is_some()
            || !self.basic_auth.is_empty()
            || !self.verify_webhook.is_empty()
            || self.verify_webhook_secret.is_some()
            || self.scheme.is_some()
            || headers.iter().any(|list| !list.is_empty());
        let of_upstreams_http =
            !self.host_header.is_empty() || self.upstream_protocol != UpstreamProtocol::Http1;
        let of_endpoints = named
            || self.ip_restriction().is_some()
            || self.proxy_proto != 0
            || !self.traffic_policy.is_empty()
            || self.traffic_policy_file.is_some()
            || self.pooling_enabled
            || !self.description.is_empty()
            || !self.bindings.is_empty();
        let of_tls = self.crt.is_some() || self.key.is_some() || self.terminate_at.is_some();
        let rules: [(bool, &[Proto], &str); 8] = [
            (of_http, &[Http], "what only HTTP has (sign-in, headers, compression and the like)"),
            (of_upstreams_http, &[Http, Labeled], "how HTTP is spoken with the app"),
            (of_endpoints, &[Http, Tcp, Tls], "what its Edge has (names, who may connect, policies)"),
            (of_tls, &[Tls], "a certificate, or where TLS ends"),
            (self.mutual_tls_cas.is_some(), &[Http, Tls], "client certificates"),
            (!self.remote_addr.is_empty(), &[Tcp], "a remote address"),
            (!self.domain.is_empty() || !self.subdomain.is_empty(), &[Http, Tls], "a domain"),
            (!self.labels.is_empty(), &[Labeled], "labels, which are a whole tunnel's alone"),
        ];
        match rules.iter().find(|(asked, of, _)| *asked && !of.contains(&self.proto)) {
            None => Ok(()),
            Some((_, _, what)) => {
                let kind = match self.proto {
                    Http => "an http tunnel",
                    Tcp => "a tcp tunnel",
                    Tls => "a tls tunnel",
                    Labeled => "a labeled tunnel",
                };
                wrong(format_args!("{kind} can't be asked for {what}"))
            }
        }
    }
}
