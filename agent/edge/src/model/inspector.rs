//! The traffic inspector: what came to an account's endpoints of late, and what became of it.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use ground::redaction::Redactor;
use http::{HeaderMap, StatusCode};

use super::{Account, AccountId, EdgeId, EndpointId, Host, Model, RouteId, Scheme, TunnelId};
use crate::event::{Answered, Passage};

/// How many requests of an account are remembered at most, and how many bytes of heads: the oldest make way.
const MOST: usize = 200;
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A request that was answered, secrets masked.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Counts the account's requests from the edge's start.
    pub number: u64,
    /// When its head was answered, stage time.
    pub at: DateTime<Utc>,
    /// How long it took from its head to the answer's.
    pub took: Duration,
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The version, `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// Where the client called from.
    pub client: SocketAddr,
    /// The answer's status.
    pub status: StatusCode,
    /// What the gate said.
    pub passage: Passage,
    /// ngrok's code, when the edge or its gate refused.
    pub code: Option<String>,
    /// The endpoint, where one was found.
    pub endpoint: Option<EndpointId>,
    /// The Edge's route that it took.
    pub route: Option<(EdgeId, RouteId)>,
    /// The tunnel that it went through.
    pub tunnel: Option<TunnelId>,
    /// The request's headers.
    pub request_headers: Vec<(String, String)>,
    /// The answer's headers.
    pub response_headers: Vec<(String, String)>,
}

/// What is remembered. It is masked when it is shown, not when it comes.
pub(crate) struct Inspector {
    redactor: Redactor,
    recent: Mutex<HashMap<AccountId, Recent>>,
}

#[derive(Default)]
struct Recent {
    /// How many there were.
    count: u64,
    bytes: usize,
    seen: VecDeque<Arc<Seen>>,
}

struct Seen {
    number: u64,
    at: DateTime<Utc>,
    took: Duration,
    answered: Answered,
}

impl Inspector {
    pub(crate) fn new() -> Self {
        Self { redactor: Redactor::new(), recent: Mutex::default() }
    }

    fn remember(&self, account: AccountId, at: DateTime<Utc>, answered: Answered) {
        let took = answered.exchange.began.elapsed();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = recent.entry(account).or_default();
        recent.count += 1;
        let seen = Seen { number: recent.count, at, took, answered };
        recent.bytes += seen.bytes();
        recent.seen.push_back(Arc::new(seen));
        while recent.seen.len() > MOST || recent.bytes > MOST_BYTES {
            match recent.seen.pop_front() {
                Some(oldest) => recent.bytes -= oldest.bytes(),
                None => break,
            }
        }
    }

    fn of(&self, account: &AccountId) -> Vec<Arc<Seen>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.get(account).map(|recent| recent.seen.iter().cloned().collect()).unwrap_or_default()
    }

    fn show(&self, seen: &Seen) -> Inspected {
        let Answered { exchange, endpoint, route, passage, forwarded, code, .. } = &seen.answered;
        let headers = |headers: &HeaderMap| {
            let shown = headers.iter().map(|(name, value)| {
                let text = String::from_utf8_lossy(value.as_bytes());
                (name.to_string(), self.redactor.header(name.as_str(), &text))
            });
            shown.collect()
        };
        let said = || Some(exchange.response_headers.get("ngrok-error-code")?.to_str().ok()?.to_owned());
        Inspected {
            number: seen.number,
            at: seen.at,
            took: seen.took,
            method: exchange.method.to_string(),
            url: self.redactor.url(&exchange.url),
            version: format!("{:?}", exchange.version),
            client: exchange.connection.peer,
            status: exchange.status,
            passage: passage.clone(),
            code: code.map(|code| code.to_string()).or_else(said),
            endpoint: endpoint.clone(),
            route: route.clone(),
            tunnel: forwarded.as_ref().map(|forwarded| forwarded.tunnel.clone()),
            request_headers: headers(&exchange.request_headers),
            response_headers: headers(&exchange.response_headers),
        }
    }
}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inspector")
    }
}

impl Seen {
    fn bytes(&self) -> usize {
        let headers = |headers: &HeaderMap| -> usize {
            headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
        };
        let exchange = &self.answered.exchange;
        exchange.url.len() + headers(&exchange.request_headers) + headers(&exchange.response_headers)
    }
}

impl Model {
    /// Remembers a request for this host, if the host is somebody's.
    pub(crate) fn inspect(&self, scheme: Scheme, host: &str, answered: &Answered) {
        let Ok(host) = Host::parse(host) else { return };
        let holder = {
            let state = self.lock();
            let tunnel = state.online.holder(&self.address(scheme, &host));
            let edge = || state.edge_on(&host).map(|entry| entry.account.clone());
            tunnel.map(|tunnel| tunnel.session.account.clone()).or_else(edge)
        };
        if let Some(account) = holder {
            self.inspector().remember(account, self.now(), answered.clone());
        }
    }
}

impl Account {
    /// The requests that came to this account's endpoints of late, newest first.
    pub fn traffic(&self) -> Vec<Inspected> {
        let inspector = self.model.inspector();
        inspector.of(&self.id).iter().rev().map(|seen| inspector.show(seen)).collect()
    }

    /// The request of this number, if it is remembered.
    pub fn request(&self, number: u64) -> Option<Inspected> {
        let inspector = self.model.inspector();
        let all = inspector.of(&self.id);
        all.iter().find(|seen| seen.number == number).map(|seen| inspector.show(seen))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use ground::Connection;
    use ground::evidence::Exchange;
    use http::{HeaderValue, Method, Version};

    use super::*;

    fn answered(filler: usize) -> Answered {
        let address = ([127, 0, 0, 1], 1).into();
        let mut request_headers = HeaderMap::new();
        request_headers.insert("filler", HeaderValue::from_str(&"x".repeat(filler)).unwrap());
        request_headers.insert("authorization", HeaderValue::from_static("Bearer hunter22"));
        let exchange = Exchange {
            began: Instant::now(),
            connection: Connection { peer: address, local: address },
            method: Method::GET,
            url: "https://app.tunnel.test/ngrok/callback?ticket=one-time&page=2".to_owned(),
            version: Version::HTTP_2,
            request_headers,
            status: StatusCode::FOUND,
            response_headers: [(
                http::header::SET_COOKIE,
                HeaderValue::from_static("session=opaque; Secure"),
            )]
            .into_iter()
            .collect(),
        };
        Answered {
            exchange,
            endpoint: None,
            route: None,
            passage: Passage::Unguarded,
            forwarded: None,
            code: None,
        }
    }

    #[test]
    fn what_is_shown_has_its_secrets_masked() {
        let (inspector, account) = (Inspector::new(), AccountId::random());
        inspector.remember(account.clone(), Utc::now(), answered(1));
        let shown = inspector.show(&inspector.of(&account)[0]);
        let told = format!("{shown:?}");
        for secret in ["hunter22", "one-time", "opaque"] {
            assert!(!told.contains(secret), "{told}");
        }
        assert!(shown.url.contains("page=2") && shown.url.contains("[ticket "));
        assert!(inspector.of(&AccountId::random()).is_empty());
    }

    #[test]
    fn the_oldest_make_way_by_number_and_by_size() {
        let (inspector, account) = (Inspector::new(), AccountId::random());
        for _ in 0..MOST + 5 {
            inspector.remember(account.clone(), Utc::now(), answered(1));
        }
        let numbers: Vec<_> = inspector.of(&account).iter().map(|seen| seen.number).collect();
        assert_eq!((numbers.len(), numbers[0]), (MOST, 6));
        for _ in 0..MOST {
            inspector.remember(account.clone(), Utc::now(), answered(60_000));
        }
        let all = inspector.of(&account);
        assert!(all.iter().map(|seen| seen.bytes()).sum::<usize>() <= MOST_BYTES);
        assert!(all.len() > 60 && all.len() < MOST, "{}", all.len());
    }
}
