//! What the org does wrong on demand, so that a relying party can show that it notices.
//!
//! A [`Knob`] is a [`Fault`], for whom it is, and how long it lasts. Knobs compose in the order in which they were
//! turned. Each fault works at one point of an answer; what it spoils there is said in
//! [`Event::Misbehaved`](crate::Event::Misbehaved), beside the request.
//!
//! * `fault`, `names`: what can go wrong, and the lists of what exists;
//! * `knob`: for whom and how long;
//! * `turned`: the knobs of one org;
//! * `id_token`, `document`, `callback`, `answer`: what each fault does, by the point at which it does it;
//! * `endpoint`, `asker`: what was asked, and on whose behalf.

mod answer;
mod asker;
mod callback;
mod document;
mod endpoint;
mod fault;
mod id_token;
mod knob;
pub mod names;
#[cfg(test)]
mod tests;
mod turned;

pub use endpoint::Endpoint;
pub use fault::{Fault, KeySet, Kid, Signature};
pub use knob::{Knob, KnobError, KnobId};
pub use turned::Misbehaviour;

pub(crate) use answer::answer;
pub(crate) use knob::Occasion;
