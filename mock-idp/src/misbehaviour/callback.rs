//! The authorization response: its parameters, and the status that sends the browser there.

use http::StatusCode;

use super::fault::{Fault, Point, status};
use super::knob::Occasion;
use super::turned::Misbehaviour;

impl Misbehaviour {
    /// Spoils what the relying party is told by the browser. The status is the one to redirect with, if it is another.
    pub(crate) fn spoil_callback(
        &self,
        parameters: &mut Vec<(String, String)>,
        occasion: &Occasion<'_>,
    ) -> Option<StatusCode> {
        let mut redirect = None;
        self.pass(Point::Callback, occasion, |fault| match fault {
            Fault::CallbackParameter { name, value: Some(value) } => {
                match parameters.iter_mut().find(|(known, _)| known == name) {
                    Some((_, given)) => given.clone_from(value),
                    None => parameters.push((name.clone(), value.clone())),
                }
                true
            }
            Fault::CallbackParameter { name, value: None } => {
                let before = parameters.len();
                parameters.retain(|(known, _)| known != name);
                parameters.len() < before
            }
            Fault::CallbackDoubled { name } => {
                let again = parameters.iter().find(|(known, _)| known == name).cloned();
                parameters.extend(again.clone());
                again.is_some()
            }
            Fault::CallbackStatus(code) => {
                redirect = Some(status(*code));
                true
            }
            _ => false,
        });
        redirect
    }
}
