//! `on_tcp_connect`: when a connection comes in, before anything is read from it.

use std::sync::Arc;

use ground::{Connection, Sink};
use http::StatusCode;
use policy::action::{ForwardInternal, OnError};
use policy::{Denial, Phase, Results, TcpAction, facts};
use url::Url;

use super::Traffic;
use super::request::{MOST_HOPS, denial, in_a_circle};
use super::scene::{Place, Scene, named};
use crate::code::Code;
use crate::event::Event;
use crate::model::online::Tunnel;
use crate::model::{AccountId, Destination, Host, HostPort, Model, Scheme, TunnelKind};

/// Which tunnel takes a connection to this one's `tcp` or `tls` endpoint: this one, or the one that its policy forwards
/// it to.
pub(crate) fn admit(
    model: &Model,
    sink: &Sink<Event>,
    client: Connection,
    tunnel: &Arc<Tunnel>,
) -> Result<Arc<Tunnel>, Denial> {
    let mut tunnel = Arc::clone(tunnel);
    for _ in 0..=MOST_HOPS {
        tunnel.transport.admit(client.peer.ip())?;
        let (Some(traffic), TunnelKind::Endpoint { id, scheme, at }) = (&tunnel.traffic, &tunnel.kind) else {
            return Ok(tunnel);
        };
        let mut scene = Scene {
            model,
            sink,
            client,
            connection: facts::Connection {
                client: client.peer,
                server: client.local,
                region: model.region().to_owned(),
                started: model.now(),
                tls: None,
            },
            endpoint_id: id.clone(),
            endpoint: facts::Endpoint {
                id: id.to_string(),
                url: model.url_at(*scheme, at),
                protocol: scheme.as_str(),
                host: at.host.to_string(),
                port: at.port,
            },
            results: Results::default(),
        };
        match traffic.connect(&mut scene, &tunnel.session.account)? {
            None => return Ok(tunnel),
            Some(next) => match next.tunnels.into_iter().next() {
                Some(next) => tunnel = next,
                None => return Ok(tunnel),
            },
        }
    }
    Err(in_a_circle())
}

impl Traffic {
    /// Whether a connection may come in, and the endpoint of this account that it goes to instead, if it does.
    pub(crate) fn connect(
        &self,
        scene: &mut Scene<'_>,
        account: &AccountId,
    ) -> Result<Option<Destination>, Denial> {
        for (index, rule) in self.policy.on_tcp_connect.iter().enumerate() {
            let name = named(rule, Phase::TcpConnect, index);
            let place = Place { phase: Phase::TcpConnect, rule: Some(&name) };
            let applies = rule.applies(&scene.facts(None, None));
            if !applies.inspect_err(|denial| scene.denied(place, "expressions", denial))? {
                continue;
            }
            for action in &rule.actions {
                let word = word(action);
                let mut forwarded = None;
                let result = match action {
                    TcpAction::Deny(action) => Err(action.denial()),
                    TcpAction::RestrictIps(action) => action.decide(scene.client.peer.ip()).map(Some),
                    TcpAction::Log(action) => Ok(Some(action.entry(&scene.facts(None, None)))),
                    TcpAction::ForwardInternal(action) => {
                        let found = action
                            .target(&scene.facts(None, None))
                            .and_then(|url| internal(scene, account, action, &url));
                        found.map(|found| {
                            forwarded = found;
                            None
                        })
                    }
                };
                let result = result.inspect_err(|denial| scene.denied(place, word, denial))?;
                scene.passed(place, word, result);
                if forwarded.is_some() {
                    return Ok(forwarded);
                }
            }
        }
        Ok(None)
    }
}

/// The internal endpoint that an action forwards to; none where it is offline and the action has the next one go on.
pub(super) fn internal(
    scene: &Scene<'_>,
    account: &AccountId,
    action: &ForwardInternal,
    url: &Url,
) -> Result<Option<Destination>, Denial> {
    let scheme = Scheme::parse(url.scheme());
    let host = url.host_str().and_then(|host| Host::parse(host).ok());
    let at = host.zip(url.port_or_known_default()).map(|(host, port)| HostPort { host, port });
    let found = scheme.zip(at).and_then(|(scheme, at)| scene.model.internal(account, scheme, &at));
    if found.is_none() && action.on_error() == OnError::Halt {
        let message = format!("{url} is not connected to anything right now.");
        return Err(denial(StatusCode::NOT_FOUND, Code::OFFLINE, message));
    }
    Ok(found)
}

fn word(action: &TcpAction) -> &'static str {
    match action {
        TcpAction::Deny(_) => "deny",
        TcpAction::RestrictIps(_) => "restrict-ips",
        TcpAction::Log(_) => "log",
        TcpAction::ForwardInternal(_) => "forward-internal",
    }
}
