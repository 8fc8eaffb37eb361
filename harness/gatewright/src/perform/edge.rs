//! What the edge does, and whom it refused.

use ground::evidence::Stamped;

use crate::record::Event;
use crate::stage::World;
use crate::vocabulary::{AccountName, EdgeStep, Refusal, StepError, UserName};

/// A refusal as the edge's evidence has it.
struct Refused {
    code: u32,
    /// The public URL of the endpoint, where there was one.
    at: Option<String>,
}

impl World {
    pub(super) async fn edge_step(&self, step: &EdgeStep) -> Result<(), StepError> {
        match step {
            EdgeStep::Refused(refusal) => self.edge_refused(refusal).await,
            EdgeStep::HasSessions(count) => {
                let sessions = self.app_sessions();
                match sessions.len() == count.0 as usize {
                    true => Ok(()),
                    false => Err(StepError::unmet("the gate has another number of live sessions")
                        .compared(count.0.to_string(), sessions.len().to_string())),
                }
            }
            EdgeStep::RevokesTheSessionsOf(user) => self.revokes_sessions(user),
            EdgeStep::RevokesTheAuthtokenOf(account) => self.revokes_authtoken(account),
            EdgeStep::Restarts => self.restart_edge().await,
        }
    }

    /// Whether a step about the edge that was true once is still true now that everything is over.
    pub(crate) fn edge_stayed(&self, step: &EdgeStep) -> Result<(), StepError> {
        match step {
            EdgeStep::Refused(refusal) if refusal.times.is_some() => {
                self.log().read(|events| self.counted_refusals(events, refusal))
            }
            _ => Ok(()),
        }
    }

    async fn edge_refused(&self, refusal: &Refusal) -> Result<(), StepError> {
        if refusal.times.is_some() {
            self.rest().await?;
            return self.log().read(|events| self.counted_refusals(events, refusal));
        }
        let at = self.refusal_place(refusal)?;
        let found = self.log().until(self.patience(), |events| {
            let all = refusals(events);
            if all.iter().any(|refused| holds(refused, refusal, at.as_deref())) {
                Ok(())
            } else {
                Err(in_words(&all))
            }
        });
        found.await.map_err(|all| {
            StepError::unmet("the edge refused nobody so").compared(refusal.code.to_string(), all)
        })
    }

    fn counted_refusals(&self, events: &[Stamped<Event>], refusal: &Refusal) -> Result<(), StepError> {
        let (at, all) = (self.refusal_place(refusal)?, refusals(events));
        let count = all.iter().filter(|refused| holds(refused, refusal, at.as_deref())).count();
        match refusal.times {
            Some(times) if times.0 as usize != count => {
                Err(StepError::unmet(format!("the edge refused so {count} times"))
                    .compared(format!("{} times {}", times.0, refusal.code), in_words(&all)))
            }
            _ => Ok(()),
        }
    }

    fn refusal_place(&self, refusal: &Refusal) -> Result<Option<String>, StepError> {
        refusal.at.as_ref().map(|tunnel| self.tunnel_url(tunnel.as_str())).transpose()
    }

    fn app_sessions(&self) -> Vec<edge::model::AppSession> {
        self.edge().model().accounts().iter().flat_map(edge::model::Account::app_sessions).collect()
    }

    fn revokes_sessions(&self, user: &UserName) -> Result<(), StepError> {
        let id = self.ids().users.get(user.as_str()).map(|user| user.id.to_string());
        for account in self.edge().model().accounts() {
            for session in account.app_sessions() {
                if Some(&session.identity.id) == id.as_ref() {
                    account
                        .revoke_app_session(session.id.as_str())
                        .map_err(|error| StepError::unmet(format!("the edge refused: {error}")))?;
                }
            }
        }
        Ok(())
    }

    fn revokes_authtoken(&self, holder: &AccountName) -> Result<(), StepError> {
        let refused = |error: edge::model::ModelError| StepError::unmet(format!("the edge refused: {error}"));
        let known = self.ids().accounts.get(holder.as_str());
        let known = known.ok_or_else(|| StepError::unmet(format!("the edge has no account of {holder}")))?;
        let account = self.edge().account(&known.account);
        let account =
            account.ok_or_else(|| StepError::unmet(format!("the edge has no account of {holder}")))?;
        for credential in account.credentials().map_err(refused)? {
            if credential.token == known.authtoken {
                account.revoke_credential(&credential.id).map_err(refused)?;
            }
        }
        Ok(())
    }
}

/// Every refusal so far: of the gate's, and of the edge's own.
fn refusals(events: &[Stamped<Event>]) -> Vec<Refused> {
    let refusal = |stamped: &Stamped<Event>| match &stamped.event {
        Event::Edge(edge::Event::Gate(gate::Event::Refused { endpoint, refusal })) => Some(Refused {
            code: u32::from(refusal.code()),
            at: endpoint.as_ref().map(|endpoint| endpoint.origin().to_owned()),
        }),
        Event::Edge(edge::Event::Answered(answered)) => {
            let code = u32::from(answered.code?.0);
            let url = url::Url::parse(&answered.exchange.url).ok();
            Some(Refused { code, at: url.map(|url| url.origin().ascii_serialization()) })
        }
        Event::Edge(
            edge::Event::AgentRefused { refusal, .. } | edge::Event::TunnelRefused { refusal, .. },
        ) => Some(Refused { code: u32::from(refusal.code.0), at: None }),
        _ => None,
    };
    events.iter().filter_map(refusal).collect()
}

fn holds(refused: &Refused, expected: &Refusal, at: Option<&str>) -> bool {
    refused.code == expected.code.0 && at.is_none_or(|at| refused.at.as_deref() == Some(at))
}

fn in_words(all: &[Refused]) -> String {
    let one = |refused: &Refused| match &refused.at {
        Some(at) => format!("ERR_NGROK_{} at {at}", refused.code),
        None => format!("ERR_NGROK_{}", refused.code),
    };
    match all {
        [] => "no refusal".to_owned(),
        all => all.iter().map(one).collect::<Vec<_>>().join("\n"),
    }
}
