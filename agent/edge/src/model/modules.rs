//! What a route asks of its traffic, beside the gate: its modules, as they are written and as they are carried out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ground::Secret;
use policy::action::CircuitBreaker;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::ip_policies::Ranges;
use super::state::State;
use super::{AccountId, IpPolicyId, ModelError};
use crate::code::{Code, Refusal};
use crate::traffic::{self, HeaderChanges, Traffic};

/// How many entries a list in a module has at most.
const MOST_ENTRIES: usize = 256;

/// The modules of a route, each of a kind of its own.
pub type Modules = BTreeMap<ModuleKind, Module>;

macro_rules! modules {
    ($($(#[$doc:meta])* $kind:ident($module:ty) = $name:literal;)*) => {
        /// A kind of module.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ModuleKind { $($(#[$doc])* $kind,)* }

        /// A module, as it is written.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Module { $($(#[$doc])* $kind($module),)* }

        impl ModuleKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// What ngrok's API calls it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }

        impl Module {
            /// Of which kind it is.
            pub fn kind(&self) -> ModuleKind {
                match self { $(Self::$kind(_) => ModuleKind::$kind,)* }
            }

            /// Reads a module as ngrok's API writes it.
            pub fn read(kind: ModuleKind, value: Value) -> Result<Self, serde_json::Error> {
                Ok(match kind { $(ModuleKind::$kind => Self::$kind(serde_json::from_value(value)?),)* })
            }

            /// The module as ngrok's API writes it, secrets included.
            pub fn write(&self) -> Value {
                let written = match self { $(Self::$kind(module) => serde_json::to_value(module),)* };
                written.expect("a module is plain data")
            }

            /// Whether it applies.
            pub fn is_enabled(&self) -> bool {
                match self { $(Self::$kind(module) => module.enabled,)* }
            }
        }
    };
}

modules! {
    /// Who may come in, by address.
    IpRestriction(IpRestriction) = "ip_restriction";
    /// Requests are refused while the app fails.
    CircuitBreaker(Breaker) = "circuit_breaker";
    /// Answers are compressed.
    Compression(Switch) = "compression";
    /// Changes of requests' headers.
    RequestHeaders(HeadersModule) = "request_headers";
    /// Changes of answers' headers.
    ResponseHeaders(HeadersModule) = "response_headers";
    /// A provider's webhooks alone.
    WebhookVerification(Webhook) = "webhook_verification";
    /// WebSockets become byte streams.
    WebsocketTcpConverter(Switch) = "websocket_tcp_converter";
    /// Who may come in, by user agent.
    UserAgentFilter(UserAgents) = "user_agent_filter";
    /// A traffic policy.
    TrafficPolicy(PolicyModule) = "traffic_policy";
}

impl ModuleKind {
    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// A module that is merely there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Whether it applies.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    pub enabled: bool,
}

/// Who may come in, by address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IpRestriction {
    /// Whether it applies.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    pub enabled: bool,
    /// The IP policies, all of whose rules apply.
    #[serde(default, deserialize_with = "or_nothing")]
    pub ip_policy_ids: Vec<String>,
}

/// Requests are refused while the app fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// Whether it applies.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    pub enabled: bool,
    /// For how many seconds everything is refused; zero: ten.
    #[serde(default, deserialize_with = "or_nothing")]
    pub tripped_duration: u32,
    /// How many seconds of answers count; zero: ten.
    #[serde(default, deserialize_with = "or_nothing")]
    pub rolling_window: u32,
    /// Into how many parts they are divided; zero or ten.
    #[serde(default, deserialize_with = "or_nothing")]
    pub num_buckets: u32,
    /// How many answers there must be; zero: ten.
    #[serde(default, deserialize_with = "or_nothing")]
    pub volume_threshold: u32,
    /// The share of failures that is too much, 0 to 1.
    #[serde(default, deserialize_with = "or_nothing")]
    pub error_threshold_percentage: f64,
}

/// Changes of headers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadersModule {
    /// Whether it applies.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    pub enabled: bool,
    /// Those that are added, with their values.
    #[serde(default, deserialize_with = "or_nothing")]
    pub add: BTreeMap<String, String>,
    /// Those that are taken away.
    #[serde(default, deserialize_with = "or_nothing")]
    pub remove: Vec<String>,
}

/// A provider's webhooks alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Whether it applies.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    pub enabled: bool,
    /// The provider's name.
    #[serde(default, deserialize_with = "or_nothing")]
    pub provider: String,
    /// What its webhooks are signed with.
    #[serde(default = "no_secret", serialize_with = "expose", deserialize_with = "secret")]
    pub secret: Secret,
}

/// Who may come in, by user agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserAgents {
    /// Whether it applies.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    pub enabled: bool,
    /// Patterns of those that may.
    #[serde(default, deserialize_with = "or_nothing")]
    pub allow: Vec<String>,
    /// Patterns of those that may not.
    #[serde(default, deserialize_with = "or_nothing")]
    pub deny: Vec<String>,
}

/// A traffic policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyModule {
    /// Whether it applies.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    pub enabled: bool,
    /// Its text, JSON or YAML.
    #[serde(default, deserialize_with = "or_nothing")]
    pub value: String,
}

/// What these modules of an account's route ask, checked; nothing when nothing is asked.
pub(super) fn compile(
    modules: &Modules,
    state: &State,
    account: &AccountId,
) -> Result<Option<Arc<Traffic>>, ModelError> {
    let mut asked = traffic::Modules::default();
    // What is not enabled is checked as well, so that it can be enabled.
    for module in modules.values() {
        let mut one = traffic::Modules::default();
        add(module, &mut one, state, account)?;
        one.clone().compile().map_err(|refusal| worded(module.kind(), refusal))?;
        if module.is_enabled() {
            add(module, &mut asked, state, account)?;
        }
    }
    Ok(asked.compile()?)
}

fn add(
    module: &Module,
    asked: &mut traffic::Modules,
    state: &State,
    account: &AccountId,
) -> Result<(), ModelError> {
    match module {
        Module::IpRestriction(module) => {
            let Ranges { allow, deny } = ranges(module, state, account)?;
            asked.ip_restriction = Some((allow, deny));
        }
        Module::CircuitBreaker(module) => asked.circuit_breaker = Some(breaker(module)?),
        Module::Compression(_) => asked.compression = true,
        Module::RequestHeaders(module) => asked.request_headers = Some(headers(module)?),
        Module::ResponseHeaders(module) => asked.response_headers = Some(headers(module)?),
        Module::WebhookVerification(module) => {
            if module.provider.is_empty() {
                return Err(refused(1629, "the webhooks' provider is missing"));
            }
            if module.secret.expose().is_empty() {
                return Err(refused(1627, "the webhooks' secret is missing"));
            }
            asked.webhook = Some((module.provider.clone(), module.secret.clone()));
        }
        Module::WebsocketTcpConverter(_) => asked.websocket_tcp_converter = true,
        Module::UserAgentFilter(module) => {
            bounded(module.allow.len() + module.deny.len(), 215)?;
            asked.user_agent_filter = Some((module.allow.clone(), module.deny.clone()));
        }
        Module::TrafficPolicy(module) => asked.traffic_policy = Some(module.value.clone()),
    }
    Ok(())
}

fn ranges(module: &IpRestriction, state: &State, account: &AccountId) -> Result<Ranges, ModelError> {
    if module.ip_policy_ids.is_empty() {
        return Err(refused(1625, "an IP restriction names the IP policies that apply"));
    }
    bounded(module.ip_policy_ids.len(), 1613)?;
    let mut all = Ranges::default();
    for text in &module.ip_policy_ids {
        let policy = IpPolicyId::parse(text).and_then(|id| state.ip_policy(account, &id).ok());
        let policy = policy.ok_or_else(|| refused(1607, &format!("there is no IP policy {text}")))?;
        all.extend(policy);
    }
    if all.allow.is_empty() && all.deny.is_empty() {
        return Err(refused(
            1625,
            "the IP policies have no rules, so that nobody would know who may come in",
        ));
    }
    Ok(all)
}

fn breaker(module: &Breaker) -> Result<CircuitBreaker, ModelError> {
    if !matches!(module.num_buckets, 0 | 10) {
        return Err(refused(1618, "this edge's circuit breaker has ten buckets"));
    }
    let seconds = |seconds: u32| (seconds > 0).then(|| Duration::from_secs(seconds.into()));
    let volume = Some(module.volume_threshold).filter(|volume| *volume > 0);
    let (window, tripped) = (seconds(module.rolling_window), seconds(module.tripped_duration));
    CircuitBreaker::configured(module.error_threshold_percentage, volume, window, tripped)
        .map_err(|error| refused(1611, &error.to_string()))
}

fn headers(module: &HeadersModule) -> Result<HeaderChanges, ModelError> {
    bounded(module.add.len() + module.remove.len(), 1615)?;
    let add = module.add.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok(HeaderChanges { add, remove: module.remove.clone() })
}

/// ngrok's code for what is wrong with a module of an Edge, where binds have another.
fn worded(kind: ModuleKind, refusal: Refusal) -> Refusal {
    let code = match (refusal.code, kind) {
        (Code::BIND_INVALID, ModuleKind::RequestHeaders | ModuleKind::ResponseHeaders) => Code(1623),
        (Code::BIND_INVALID, ModuleKind::IpRestriction) => Code(1625),
        (Code::BIND_INVALID, _) => Code(215),
        (Code::WEBHOOK_PROVIDER, _) => Code(1630),
        (code, _) => code,
    };
    Refusal { code, ..refusal }
}

fn bounded(count: usize, code: u16) -> Result<(), ModelError> {
    match count {
        0..=MOST_ENTRIES => Ok(()),
        _ => Err(refused(code, &format!("a module has at most {MOST_ENTRIES} entries, not {count}"))),
    }
}

fn refused(code: u16, reason: &str) -> ModelError {
    ModelError::Refused(Refusal::new(Code(code), reason))
}

fn yes() -> bool {
    true
}

fn or_yes<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(true))
}

/// What clients write `null` for is nothing.
fn or_nothing<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn no_secret() -> Secret {
    Secret::new("webhook secret", "")
}

fn expose<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
    secret.expose().serialize(to)
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    // What was written is not told, since it would be the secret.
    let text = Option::<String>::deserialize(from).map_err(|_| D::Error::custom("a secret is a text"))?;
    Ok(Secret::new("webhook secret", text.unwrap_or_default()))
}
