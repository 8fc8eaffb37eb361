//! `on_tcp_connect`: when a connection comes in, before anything is read from it.

use policy::{Denial, Phase, TcpAction};

use super::Traffic;
use super::scene::{Place, Scene, named};

impl Traffic {
    /// Whether a connection may come in.
    pub(crate) fn connect(&self, scene: &mut Scene<'_>) -> Result<(), Denial> {
        for (index, rule) in self.policy.on_tcp_connect.iter().enumerate() {
            let name = named(rule, Phase::TcpConnect, index);
            let place = Place { phase: Phase::TcpConnect, rule: Some(&name) };
            let applies = rule.applies(&scene.facts(None, None));
            if !applies.inspect_err(|denial| scene.denied(place, "expressions", denial))? {
                continue;
            }
            for action in &rule.actions {
                let word = word(action);
                let result = match action {
                    TcpAction::Deny(action) => Err(action.denial()),
                    TcpAction::RestrictIps(action) => action.decide(scene.client.peer.ip()).map(Some),
                    TcpAction::Log(action) => Ok(Some(action.entry(&scene.facts(None, None)))),
                    // Binds are refused that ask for it, see `Modules::compile`.
                    TcpAction::ForwardInternal(_) => Ok(None),
                };
                let result = result.inspect_err(|denial| scene.denied(place, word, denial))?;
                scene.passed(place, word, result);
            }
        }
        Ok(())
    }
}

fn word(action: &TcpAction) -> &'static str {
    match action {
        TcpAction::Deny(_) => "deny",
        TcpAction::RestrictIps(_) => "restrict-ips",
        TcpAction::Log(_) => "log",
        TcpAction::ForwardInternal(_) => "forward-internal",
    }
}
