//! The first request of a session: who the agent is.

use std::sync::Arc;
use std::time::Duration;

use ground::serve::PATIENCE;
use ground::{Secret, random};
use tokio::io::AsyncReadExt;
use wire::Stream;
use wire::heartbeat::{self, Pace};
use wire::message::{Auth, AuthAnswer, AuthAnswerExtra, AuthExtra};
use wire::rpc::{self, RpcError};

use super::agent::{Admitted, Agent, MOST_INTRODUCTION, Verdict};
use crate::code::{Code, Refusal};
use crate::event::Event;
use crate::model::online::AgentSession;
use crate::model::{Account, AgentInfo, CredentialId, ModelError, SessionId, looks_like_a_token};
use crate::proxy::Upstreams;

/// The protocol's version.
const VERSION: &str = "3";

/// What an agent may announce as its heartbeat's interval and tolerance.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(3600);

/// How long a text about itself may be.
const MOST_WORDS: usize = 1024;

impl Agent {
    /// Lets the agent in, or tells it why not.
    pub(super) async fn introduce(self: Arc<Self>, mut stream: Stream) -> Verdict {
        let mut bounded = (&mut stream).take(MOST_INTRODUCTION);
        let admitted = match tokio::time::timeout(PATIENCE, rpc::read_request::<Auth>(&mut bounded)).await {
            Ok(Ok(auth)) => self.admit(&auth),
            Ok(Err(RpcError::Io(_) | RpcError::Open(_))) | Err(_) => {
                return Verdict::Misbehaved("the agent did not finish its authentication");
            }
            Ok(Err(error)) => Err(Refusal::new(
                Code::AUTH_UNREADABLE,
                format!("The authentication can't be read: {error}."),
            )),
        };
        match admitted {
            Ok(answer) => {
                let _ = rpc::answer(stream, &answer).await;
                Verdict::GoOn
            }
            Err(refusal) => {
                let error = refusal.to_agent();
                self.ingress.sink.emit(Event::AgentRefused { connection: self.connection, refusal });
                let answer = AuthAnswer { version: VERSION.to_owned(), error, ..AuthAnswer::default() };
                let _ = tokio::time::timeout(Duration::from_secs(1), rpc::answer(stream, &answer)).await;
                Verdict::Refused
            }
        }
    }

    fn admit(&self, auth: &Auth) -> Result<AuthAnswer, Refusal> {
        let pace = pace(&auth.extra)?;
        let agent = info(&auth.extra)?;
        let (account, credential) = self.credential(auth.extra.auth_token.as_ref())?;
        let profile = account.profile().map_err(|error| unknown_account(&error))?;
        let cookie = auth.extra.cookie.as_ref().map_or("", Secret::expose);
        let returned = !auth.client_id.is_empty() && account.knows_session(&auth.client_id, cookie);
        let client_id = if returned { auth.client_id.clone() } else { random::alphanumeric(32) };
        let session = Arc::new(AgentSession {
            id: SessionId::random(),
            account: account.id().clone(),
            credential,
            client_id: client_id.clone(),
            connection: self.connection,
            agent: agent.clone(),
            started_at: self.ingress.model.now(),
            wire: self.wire.clone(),
            upstreams: Upstreams::new(),
            ending: self.ending.clone(),
        });
        account.join(&session)?;
        heartbeat::start(&self.wire, pace, &self.ingress.tasks);
        self.ingress.sink.emit(Event::SessionUp {
            session: session.id.clone(),
            account: account.id().clone(),
            connection: self.connection,
            agent,
            returned,
        });
        let answer = AuthAnswer {
            version: VERSION.to_owned(),
            error: String::new(),
            extra: AuthAnswerExtra {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                region: self.ingress.model.region().to_owned(),
                cookie: Some(Secret::new("session cookie", account.session_cookie(&client_id))),
                account_name: profile.name,
                plan_name: profile.plan,
                agent_session_id: session.id.to_string(),
                ..AuthAnswerExtra::default()
            },
            client_id,
        };
        // There is one authentication a session, so nothing is in the place yet.
        let _ = self.admitted.set(Admitted { account, session });
        Ok(answer)
    }

    fn credential(&self, token: Option<&Secret>) -> Result<(Account, CredentialId), Refusal> {
        let Some(token) = token else {
            let message = "No authtoken was given. Copy yours from the dashboard and set it: \
                           --authtoken <token>, or NGROK_AUTHTOKEN in the environment.";
            return Err(Refusal::new(Code::TOKEN_MISSING, message));
        };
        if !looks_like_a_token(token.expose()) {
            let message = "The authtoken is malformed. Copy it from the dashboard as it stands there, whole.";
            return Err(Refusal::new(Code::TOKEN_MALFORMED, message));
        }
        self.ingress.model.credential_of(token.expose()).ok_or_else(|| {
            let message = "The authtoken looks right but is not known: it was revoked, reset, or is of another edge. \
                           Copy a valid one from the dashboard.";
            Refusal::new(Code::TOKEN_UNKNOWN, message)
        })
    }
}

fn unknown_account(error: &ModelError) -> Refusal {
    Refusal::new(Code::TOKEN_UNKNOWN, format!("The authtoken's account is gone: {error}."))
}

fn pace(extra: &AuthExtra) -> Result<Pace, Refusal> {
    let read = |nanoseconds: i64, default: Duration, code: Code, what: &str| {
        let duration = match u64::try_from(nanoseconds) {
            Ok(0) => return Ok(default),
            Ok(nanoseconds) => Duration::from_nanos(nanoseconds),
            Err(_) => Duration::ZERO,
        };
        if (SHORTEST..=LONGEST).contains(&duration) {
            return Ok(duration);
        }
        let message =
            format!("A heartbeat's {what} is between {SHORTEST:?} and {LONGEST:?}, not {nanoseconds} ns.");
        Err(Refusal::new(code, message))
    };
    let default = Pace::default();
    Ok(Pace {
        interval: read(extra.heartbeat_interval, default.interval, Code::HEARTBEAT_INTERVAL, "interval")?,
        tolerance: read(
            extra.heartbeat_tolerance,
            default.tolerance,
            Code::HEARTBEAT_TOLERANCE,
            "tolerance",
        )?,
    })
}

fn info(extra: &AuthExtra) -> Result<AgentInfo, Refusal> {
    let plain = |text: &String| text.len() <= MOST_WORDS && !text.contains(char::is_control);
    if !plain(&extra.user_agent) {
        let message = format!("A user agent has no control characters and at most {MOST_WORDS} bytes.");
        return Err(Refusal::new(Code::USER_AGENT, message));
    }
    let words = [&extra.version, &extra.os, &extra.arch, &extra.hostname, &extra.client_type];
    if !words.into_iter().all(plain) || extra.metadata.len() > 4 * MOST_WORDS {
        let message = format!("What an agent says of itself has at most {MOST_WORDS} bytes each.");
        return Err(Refusal::new(Code::AUTH_UNREADABLE, message));
    }
    Ok(AgentInfo {
        user_agent: extra.user_agent.clone(),
        version: extra.version.clone(),
        os: extra.os.clone(),
        arch: extra.arch.clone(),
        metadata: extra.metadata.clone(),
    })
}
