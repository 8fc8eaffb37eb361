//! Evidence as lines of a log, for those who look closely.

use edge::event::Passage;
use gate::SessionEnd;
use ground::redaction::Redactor;
use mock_idp::misbehaviour::{Fault, Knob};
use mock_idp::model::SignInRefusal;
use reports::Level;

use super::faces::{self, EDGE, NETWORK, ORG};
use super::log::{Event, Printed};
use crate::{browser, network, upstream};

/// Who said it, how much it matters, and what it was; nothing where the exchanges tell it already.
pub(super) fn line(event: &Event, redactor: &Redactor) -> Option<(String, Level, String)> {
    let (part, level, text) = match event {
        Event::Network(event) => of_network(event),
        Event::Edge(event) => of_edge(event)?,
        Event::Org(event) => of_org(event, redactor)?,
        Event::Agent(name, event) => of_agent(name, event)?,
        Event::Upstream(name, event) => of_upstream(name, event),
        Event::Browser(name, event) => of_browser(name, event, redactor)?,
        Event::Printed(name, Printed { line }) => (faces::agent(name), Level::Info, line.clone()),
    };
    Some((part, level, redactor.text(&text)))
}

type Line = (String, Level, String);

fn of_network(event: &network::Event) -> Line {
    let (level, text) = match event {
        network::Event::Connected(c) => {
            (Level::Debug, format!("{} → {}:{} from {}", c.who, c.host, c.port, c.target.peer))
        }
        network::Event::Refused(r) => {
            let level = if r.asker == network::Asker::Member { Level::Warning } else { Level::Debug };
            (level, format!("{} → {}:{} refused: {}", r.who, r.host, r.port, r.why))
        }
        network::Event::Closed(c) => {
            let text = format!("{} → {}:{} ended: {} bytes up, {} down", c.who, c.host, c.port, c.up, c.down);
            (Level::Debug, text)
        }
    };
    (NETWORK.to_owned(), level, text)
}

fn of_edge(event: &edge::Event) -> Option<Line> {
    use edge::Event as E;
    let (level, text) = match event {
        E::Answered(answered) => {
            let forwarded = answered.forwarded.as_ref();
            let way = forwarded
                .map(|f| format!(" through tunnel {} stream {}", f.tunnel, f.stream))
                .unwrap_or_default();
            (Level::Debug, format!("{}{way}", passage(&answered.passage)))
        }
        E::CutShort { tunnel, stream, session, why, .. } => (
            Level::Info,
            format!("cut what {session} had open through tunnel {tunnel} stream {stream}: {}", end(*why)),
        ),
        E::Gate(event) => of_gate(event)?,
        E::Asked(asked) => {
            let outcome = match &asked.outcome {
                Ok((status, _)) => status.to_string(),
                Err(reason) => reason.clone(),
            };
            let url = asked.url.split('?').next().unwrap_or_default();
            (Level::Debug, format!("asked {} {url}: {outcome}", asked.method))
        }
        E::AgentRefused { refusal, .. } | E::TunnelRefused { refusal, .. } => {
            (Level::Warning, format!("refused an agent: {}: {refusal}", refusal.code))
        }
        E::SessionUp { session, returned, .. } => {
            (Level::Info, format!("agent's session {session} is up{}", if *returned { " again" } else { "" }))
        }
        E::SessionDown { session, reason } => {
            (Level::Info, format!("agent's session {session} is down: {reason}"))
        }
        E::TunnelUp { tunnel, url } => {
            (Level::Info, format!("tunnel {} is up {}", tunnel.id, url.as_deref().unwrap_or_default()))
        }
        E::TunnelDown { tunnel, .. } => (Level::Info, format!("tunnel {tunnel} is down")),
        E::AgentLost { reason, .. } => (Level::Warning, format!("lost an agent: {reason}")),
        _ => return None,
    };
    Some((EDGE.to_owned(), level, text))
}

fn passage(passage: &Passage) -> String {
    match passage {
        Passage::Unguarded => "let pass, since nothing guards the place".to_owned(),
        Passage::Preflight => "let a preflight pass".to_owned(),
        Passage::Stopped => "answered by itself".to_owned(),
        Passage::Person { identity, session } => format!("let {} pass by {session}", who(identity)),
    }
}

fn of_gate(event: &gate::Event) -> Option<(Level, String)> {
    use gate::Event as E;
    let (level, text) = match event {
        E::LoginBegan { endpoint, issuer, return_to } => {
            (Level::Info, format!("a login began at {endpoint}{return_to} and goes to {issuer}"))
        }
        E::CallbackParked { endpoint } => {
            (Level::Info, format!("the issuer's answer waits to be fetched at {endpoint}"))
        }
        E::IssuerDiscovered { issuer } => (Level::Info, format!("discovered {issuer}")),
        E::KeysRefetched { issuer } => (Level::Info, format!("fetched the keys of {issuer} again")),
        E::SignedIn { endpoint, session, identity } => {
            (Level::Info, format!("{} signed in at {endpoint}: {session} begins", who(identity)))
        }
        E::SessionEnded { session, why, .. } => (Level::Info, format!("{session} ended: {}", end(*why))),
        E::Refused { endpoint, refusal } => {
            let at = endpoint.as_ref().map(|endpoint| format!(" at {endpoint}")).unwrap_or_default();
            let text = format!("the gate refused{at}: ERR_NGROK_{}: {}", refusal.code(), refusal.title());
            (Level::Warning, text)
        }
        _ => return None,
    };
    Some((level, text))
}

fn who(identity: &gate::Identity) -> &str {
    identity.email.as_deref().unwrap_or(&identity.id)
}

fn end(why: SessionEnd) -> &'static str {
    match why {
        SessionEnd::Idle => "it was idle",
        SessionEnd::Maximum => "it reached its maximum age",
        SessionEnd::SettingsChanged => "the endpoint's settings changed",
        SessionEnd::SignedOut => "the person signed out",
        SessionEnd::Replaced => "the browser signed in anew",
        SessionEnd::Revoked => "it was revoked",
        SessionEnd::Evicted => "there were too many sessions",
        _ => "for another reason",
    }
}

fn of_org(event: &mock_idp::Event, redactor: &Redactor) -> Option<Line> {
    use mock_idp::Event as E;
    let (level, text) = match event {
        E::Logged(entry) => {
            let reason =
                entry.outcome.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let text = format!(
                "System Log: {} by {}: {:?}{reason}",
                entry.event_type.name(),
                entry.actor.alternate_id,
                entry.outcome.result
            );
            (Level::Info, text)
        }
        E::SignInRefused { login, why, .. } => {
            (Level::Warning, format!("refused to sign {login} in: {}", refusal(why)))
        }
        E::AuthorizeRefused { error, description, .. } => {
            (Level::Warning, format!("refused to authorize: {error}: {description}"))
        }
        E::TokenRefused { error, description, .. } => {
            (Level::Warning, format!("gave no tokens: {error}: {description}"))
        }
        E::CodeIssued { user, code, .. } => {
            (Level::Debug, format!("issued {} for {user}", redactor.mask("code", code.expose())))
        }
        E::CodeReused { code, revoked, .. } => {
            let code = redactor.mask("code", code.expose());
            (Level::Warning, format!("{code} came again: {revoked} access tokens revoked"))
        }
        E::RefreshTokenReused { revoked, .. } => {
            (Level::Warning, format!("a rotated refresh token came again: {revoked} access tokens revoked"))
        }
        E::KnobTurned { knob, .. } => (Level::Warning, format!("misbehaves from now on: {}", turned(knob))),
        E::Misbehaved { fault, .. } => (Level::Warning, format!("misbehaved: {}", spoilt(fault))),
        E::KnobHealed { .. } => (Level::Info, "behaves again".to_owned()),
        _ => return None,
    };
    Some((ORG.to_owned(), level, text))
}

fn refusal(why: &SignInRefusal) -> String {
    match why {
        SignInRefusal::UnknownUser => "nobody has this login".to_owned(),
        SignInRefusal::WrongPassword(_) => "wrong password".to_owned(),
        SignInRefusal::PasswordExpired(_) => "the password must be changed".to_owned(),
        SignInRefusal::NotActive(_, status) => format!("the user is {}", status.name()),
    }
}

/// A knob as the org's HTTP control writes it.
fn turned(knob: &Knob) -> String {
    serde_json::to_string(knob).unwrap_or_default()
}

/// A fault likewise.
pub(super) fn spoilt(fault: &Fault) -> String {
    serde_json::to_string(fault).unwrap_or_default()
}

fn of_agent(name: &str, event: &client::Event) -> Option<Line> {
    use client::Event as E;
    let (level, text) = match event {
        E::SessionEstablished { session, again, .. } => {
            (Level::Info, format!("session {session} established{}", if *again { " again" } else { "" }))
        }
        E::SessionLost { reason, .. } => (Level::Warning, format!("session lost: {reason}")),
        E::Reconnecting { failed, delay, .. } => {
            (Level::Info, format!("reconnects in {} ms after {failed} failed attempts", delay.as_millis()))
        }
        E::TunnelStarted { url, labels, upstream, .. } => {
            (Level::Info, format!("started tunnel {} → {upstream}", url.as_deref().unwrap_or(labels)))
        }
        E::TunnelStopped { reason, .. } => {
            (Level::Info, format!("tunnel stopped: {}", reason.as_deref().unwrap_or("given back")))
        }
        E::UpstreamUnreachable { upstream, reason, .. } => {
            (Level::Warning, format!("could not dial {upstream}: {reason}"))
        }
        E::Exchange { method, target, status, .. } => {
            let path = target.split('?').next().unwrap_or_default();
            (Level::Debug, format!("{method} {path} {status}"))
        }
        E::ConnectionClosed { at, received, sent, reason, .. } => {
            let reason = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            (Level::Debug, format!("stream {} closed, {received} bytes in, {sent} out{reason}", at.stream))
        }
        E::Commanded { command, obeyed } => {
            (Level::Info, format!("commanded to {command}; obeyed: {obeyed}"))
        }
        E::Ended { error } => (Level::Info, format!("ended: {error}")),
        E::ConnectionOpened { .. } => return None,
    };
    Some((faces::agent(name), level, text))
}

fn of_upstream(name: &str, event: &upstream::Event) -> Line {
    let text = match event {
        upstream::Event::Received(received) => format!("{} {}", received.method, received.path()),
        upstream::Event::Message { text } => {
            format!("WebSocket message of {} characters", text.chars().count())
        }
        upstream::Event::Body { path, bytes, complete } => {
            format!("read {bytes} bytes of {path}{}", if *complete { ", which is all" } else { "" })
        }
    };
    (faces::upstream(name), Level::Debug, text)
}

fn of_browser(name: &str, event: &browser::Event, redactor: &Redactor) -> Option<Line> {
    use browser::Event as E;
    let (level, text) = match event {
        E::Navigated(navigated) => (Level::Info, format!("is at {}", redactor.url(&navigated.url))),
        E::Failed(failed) => {
            let level = if failed.canceled { Level::Debug } else { Level::Warning };
            (level, format!("{} failed: {}", redactor.url(&failed.url), failed.reason))
        }
        E::Console(console) => {
            let level = match console.level {
                browser::Level::Debug => Level::Debug,
                browser::Level::Info => Level::Info,
                browser::Level::Warning => Level::Warning,
                browser::Level::Error => Level::Error,
            };
            (level, format!("console: {}", console.text))
        }
        _ => return None,
    };
    Some((name.to_owned(), level, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_gate_did_reads_as_words() {
        let endpoint = gate::Endpoint::new("https://app.tunnel.test").unwrap();
        let issuer = "https://acme.okta.test".to_owned();
        let events = [
            gate::Event::IssuerDiscovered { issuer: issuer.clone() },
            gate::Event::LoginBegan {
                endpoint: endpoint.clone(),
                issuer: issuer.clone(),
                return_to: gate::ReturnTo::root(),
            },
            gate::Event::CallbackParked { endpoint: endpoint.clone() },
            gate::Event::Refused { endpoint: Some(endpoint), refusal: gate::Refusal::OtherBrowser },
        ];
        let lines = events.iter().filter_map(of_gate).map(|(level, text)| format!("{level:?}: {text}"));
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
        Info: discovered https://acme.okta.test
        Info: a login began at https://app.tunnel.test/ and goes to https://acme.okta.test
        Info: the issuer's answer waits to be fetched at https://app.tunnel.test
        Warning: the gate refused at https://app.tunnel.test: ERR_NGROK_3122: This sign-in was begun elsewhere
        ");
    }

    #[test]
    fn a_knob_reads_as_it_is_turned_over_http() {
        let fault = Fault::IdTokenClaim { name: "aud".to_owned(), value: Some("somebody-else".into()) };
        assert_eq!(spoilt(&fault), r#"{"id_token_claim":{"name":"aud","value":"somebody-else"}}"#);
        let knob = Knob { times: std::num::NonZeroU32::new(1), ..fault.into() };
        let written = r#"{"fault":{"id_token_claim":{"name":"aud","value":"somebody-else"}},"times":1}"#;
        assert_eq!(turned(&knob), written);
    }
}
