//! What is known of the issuers: their metadata and keys (OpenID Connect Discovery 1.0).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use ground::{Clock, Sink};
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
    CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::url::Url;
use openidconnect::{AdditionalProviderMetadata, DiscoveryError, IssuerUrl, ProviderMetadata};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::http_client::{Http, HttpError};
use crate::{Event, Refusal};

/// How long metadata and keys are believed.
const MAX_AGE: TimeDelta = TimeDelta::hours(1);
/// More issuers are not remembered: the one that was asked longest ago makes room.
const MAX_ISSUERS: usize = 64;
/// Keys of one issuer are fetched again for an unknown key at most so often …
const MAX_REFETCHES: usize = 5;
/// … in so long.
const REFETCH_WINDOW: TimeDelta = TimeDelta::seconds(60);

pub(crate) type Metadata = ProviderMetadata<
    Additional,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Metadata that OpenID Connect Discovery doesn't know.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Additional {
    /// RFC 9207, section 3.
    authorization_response_iss_parameter_supported: Option<bool>,
}

impl AdditionalProviderMetadata for Additional {}

/// Whether the issuer says that it always names itself in its authorization responses.
pub(crate) fn names_itself(metadata: &Metadata) -> bool {
    metadata.additional_metadata().authorization_response_iss_parameter_supported == Some(true)
}

/// The issuers of an edge's gates.
#[derive(Debug)]
pub(crate) struct Providers {
    http: Http,
    clock: Clock,
    sink: Sink<Event>,
    known: Mutex<HashMap<String, Known>>,
    /// Discoveries under way, by issuer: whoever comes meanwhile shares their outcome.
    under_way: Mutex<HashMap<String, Arc<Discovery>>>,
}

type Discovery = OnceCell<Result<Arc<Metadata>, Refusal>>;

#[derive(Debug)]
struct Known {
    metadata: Arc<Metadata>,
    fetched: DateTime<Utc>,
    refetched: Vec<DateTime<Utc>>,
}

impl Providers {
    pub(crate) fn new(http: Http, clock: Clock, sink: Sink<Event>) -> Self {
        Self { http, clock, sink, known: Mutex::default(), under_way: Mutex::default() }
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// The issuer's metadata with its keys inside, at most an hour old. Those who want it at the same time ask once.
    pub(crate) async fn metadata(&self, issuer: &IssuerUrl) -> Result<Arc<Metadata>, Refusal> {
        if let Some(metadata) = self.fresh(issuer) {
            return Ok(metadata);
        }
        let discovery = Arc::clone(lock(&self.under_way).entry(issuer.to_string()).or_default());
        // When the one who asks goes away, the next in line asks.
        let outcome = discovery.get_or_init(|| self.discover(issuer)).await.clone();
        let mut under_way = lock(&self.under_way);
        if under_way.get(issuer.as_str()).is_some_and(|known| Arc::ptr_eq(known, &discovery)) {
            under_way.remove(issuer.as_str());
        }
        outcome
    }

    fn fresh(&self, issuer: &IssuerUrl) -> Option<Arc<Metadata>> {
        let all = lock(&self.known);
        let known = all.get(issuer.as_str()).filter(|known| self.clock.now() - known.fetched < MAX_AGE)?;
        Some(Arc::clone(&known.metadata))
    }

    async fn discover(&self, issuer: &IssuerUrl) -> Result<Arc<Metadata>, Refusal> {
        let fetched = self.clock.now();
        let metadata = Metadata::discover_async(issuer.clone(), &self.http).await.map_err(refusal)?;
        check(&metadata)?;
        let metadata = Arc::new(metadata);
        self.sink.emit(Event::IssuerDiscovered { issuer: issuer.to_string() });
        let mut all = lock(&self.known);
        if all.len() >= MAX_ISSUERS && !all.contains_key(issuer.as_str()) {
            let oldest = all.iter().min_by_key(|(_, known)| known.fetched).map(|(issuer, _)| issuer.clone());
            if let Some(oldest) = oldest {
                all.remove(&oldest);
            }
        }
        let refetched = all.remove(issuer.as_str()).map(|known| known.refetched).unwrap_or_default();
        all.insert(issuer.to_string(), Known { metadata: Arc::clone(&metadata), fetched, refetched });
        Ok(metadata)
    }

    /// The same metadata with the keys as they are now, or nothing when they have been asked for too often.
    pub(crate) async fn refetch_keys(
        &self,
        issuer: &IssuerUrl,
        metadata: &Metadata,
    ) -> Result<Option<Arc<Metadata>>, Refusal> {
        if !self.may_refetch(issuer) {
            return Ok(None);
        }
        let keys = CoreJsonWebKeySet::fetch_async(metadata.jwks_uri(), &self.http).await.map_err(refusal)?;
        self.sink.emit(Event::KeysRefetched { issuer: issuer.to_string() });
        let fresh = Arc::new(metadata.clone().set_jwks(keys));
        if let Some(known) = lock(&self.known).get_mut(issuer.as_str()) {
            known.metadata = Arc::clone(&fresh);
        }
        Ok(Some(fresh))
    }

    fn may_refetch(&self, issuer: &IssuerUrl) -> bool {
        let now = self.clock.now();
        let mut all = lock(&self.known);
        // Who was asked for metadata a moment ago is known; if others have pushed it out, it is fetched next time.
        let Some(known) = all.get_mut(issuer.as_str()) else { return false };
        known.refetched.retain(|then| now - *then < REFETCH_WINDOW);
        let may = known.refetched.len() < MAX_REFETCHES;
        if may {
            known.refetched.push(now);
        }
        may
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Metadata is only good if every place that we send people, codes or tokens to is reached by TLS.
fn check(metadata: &Metadata) -> Result<(), Refusal> {
    let faulty = |name: &str| Err(Refusal::Metadata(format!("its {name} is missing or no https URL")));
    if !is_https(metadata.authorization_endpoint().url()) {
        return faulty("authorization_endpoint");
    }
    if !metadata.token_endpoint().is_some_and(|endpoint| is_https(endpoint.url())) {
        return faulty("token_endpoint");
    }
    if !metadata.userinfo_endpoint().is_none_or(|endpoint| is_https(endpoint.url())) {
        return faulty("userinfo_endpoint");
    }
    Ok(())
}

fn is_https(url: &Url) -> bool {
    url.scheme() == "https" && url.fragment().is_none()
}

fn refusal(error: DiscoveryError<HttpError>) -> Refusal {
    Refusal::Metadata(match error {
        DiscoveryError::Request(error) => error.to_string(),
        DiscoveryError::Parse(error) => format!("not readable: {error}"),
        DiscoveryError::Response(_, _, reason) | DiscoveryError::Validation(reason) => reason,
        other => other.to_string(),
    })
}
