//! What passes an agent. An agent in this process tells it; one in a process of its own has two neighbours who do: the
//! edge, whose answer names the stream, and the upstream, which received a request meanwhile.

use std::time::Instant;

use ground::evidence::Stamped;
use http::Method;
use reports::MessageKind;

use super::Event;
use super::exchanges::Talk;
use super::faces::{self, EDGE};
use crate::upstream;

/// A request as an upstream received it.
pub(super) struct Arrival {
    at: Instant,
    upstream: String,
    method: Method,
    path: String,
}

/// Every request that an upstream received.
pub(super) fn arrivals(events: &[Stamped<Event>]) -> Vec<Arrival> {
    let arrival = |stamped: &Stamped<Event>| match &stamped.event {
        Event::Upstream(name, upstream::Event::Received(received)) => Some(Arrival {
            at: stamped.at,
            upstream: faces::upstream(name),
            method: received.method.clone(),
            path: received.path().to_owned(),
        }),
        _ => None,
    };
    events.iter().filter_map(arrival).collect()
}

impl Talk<'_> {
    /// An agent in this process opened a connection to its app.
    pub(super) fn opened(&mut self, at: Instant, agent: &str, opened: (&client::event::StreamRef, String)) {
        let (stream, upstream) = opened;
        self.upstreams.insert((stream.session.clone(), stream.stream), upstream);
        let label = format!("stream {}", stream.stream);
        self.message(at, EDGE, &faces::agent(agent), label, MessageKind::Tunnel, None);
    }

    /// An exchange passed an agent in this process.
    pub(super) fn passed(
        &mut self,
        (asked, answered): (Instant, Instant),
        agent: &str,
        stream: &client::event::StreamRef,
        (asks, answers): (String, String),
    ) {
        let upstream = self.upstreams.get(&(stream.session.clone(), stream.stream)).cloned();
        let (agent, upstream) = (faces::agent(agent), upstream.unwrap_or_else(|| "upstream".to_owned()));
        self.message(asked, &agent, &upstream, asks, MessageKind::Request, None);
        self.message(answered, &upstream, &agent, answers, MessageKind::Answer, None);
    }

    /// An exchange went through an agent's own process.
    pub(super) fn relayed(
        &mut self,
        answered_at: Instant,
        answered: &edge::event::Answered,
        arrivals: &[Arrival],
    ) {
        let Some(forwarded) = &answered.forwarded else { return };
        let exchange = &answered.exchange;
        let Some(agent) = self.faces.process_at(forwarded.agent.peer) else { return };
        let path = url::Url::parse(&exchange.url).map(|url| url.path().to_owned()).unwrap_or_default();
        let fits = |arrival: &&Arrival| {
            (exchange.began..=answered_at).contains(&arrival.at)
                && arrival.method == exchange.method
                && arrival.path == path
        };
        let arrived = arrivals.iter().find(fits);
        let at = arrived.map_or(exchange.began, |arrival| arrival.at);
        let label = format!("stream {}", forwarded.stream);
        self.message(at, EDGE, &agent, label, MessageKind::Tunnel, None);
        if let Some(arrival) = arrived {
            let (asks, answers) =
                (format!("{} {path}", exchange.method), exchange.status.as_u16().to_string());
            self.message(at, &agent, &arrival.upstream, asks, MessageKind::Request, None);
            self.message(answered_at, &arrival.upstream, &agent, answers, MessageKind::Answer, None);
        }
    }
}
