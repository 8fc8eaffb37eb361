//! The key sets that tokens are verified with: fetched when they are needed, by one request at a time for each, and kept
//! for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use ground::{Outbound, Sink};
use http::{Request, StatusCode};
use policy::Denial;
use policy::action::JwkSet;
use url::Url;

use crate::event::Event;
use crate::issuers;

/// How many sets are kept; beyond that all are forgotten.
const MOST_SETS: usize = 256;

/// How long a set is good, and how soon it is asked for again where it lacks a key. Stage time.
pub(super) const GOOD: TimeDelta = TimeDelta::minutes(15);
pub(super) const SOONEST: TimeDelta = TimeDelta::seconds(30);

/// The key sets of issuers, by their URL.
pub(crate) struct Keys {
    outbound: Outbound,
    sink: Sink<Event>,
    sets: Mutex<HashMap<Url, Arc<Set>>>,
}

/// One of them, and when it was fetched; whoever fetches it holds it.
type Set = tokio::sync::Mutex<Option<(DateTime<Utc>, JwkSet)>>;

impl Keys {
    pub(crate) fn new(outbound: Outbound, sink: Sink<Event>) -> Self {
        Self { outbound, sink, sets: Mutex::default() }
    }

    /// These sets, none of them older than `age`.
    pub(super) async fn sets(
        &self,
        urls: &[Url],
        age: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Vec<JwkSet>, Denial> {
        let mut sets = Vec::new();
        for url in urls {
            let set = self.kept(url);
            let mut set = set.lock().await;
            if let Some((fetched, keys)) = &*set
                && *fetched >= now - age
            {
                sets.push(keys.clone());
                continue;
            }
            let keys = self.fetch(url).await.map_err(|why| unknown(url, &why))?;
            sets.push(keys.clone());
            *set = Some((now, keys));
        }
        Ok(sets)
    }

    fn kept(&self, url: &Url) -> Arc<Set> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if sets.len() >= MOST_SETS && !sets.contains_key(url) {
            sets.clear();
        }
        Arc::clone(sets.entry(url.clone()).or_default())
    }

    async fn fetch(&self, url: &Url) -> Result<JwkSet, String> {
        let request = Request::get(url.as_str()).header("accept", "application/json").body(Bytes::new());
        let request = request.map_err(|error| error.to_string())?;
        let answer = issuers::send(&self.outbound, &self.sink, request).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status() != StatusCode::OK {
            return Err(format!("the answer was {}", answer.status()));
        }
        JwkSet::parse(answer.body()).map_err(|error| error.to_string())
    }
}

fn unknown(url: &Url, why: &str) -> Denial {
    Denial {
        status: StatusCode::BAD_GATEWAY,
        code: None,
        message: "The keys that tokens are verified with could not be fetched.".to_owned(),
        headers: Vec::new(),
        detail: Some(format!("{url}: {why}")),
    }
}
