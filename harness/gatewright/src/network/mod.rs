//! A stage's own network.
//!
//! Every person and every part reaches names through a forward proxy of their own (`CONNECT`, RFC 9110, 9.3.6), which
//! is also where names are answered, traffic is witnessed and connections are broken on request. What the stage does
//! not serve is refused, and the refusal is evidence. Plain HTTP goes to the member's own machine alone. TLS is never opened here: the two ends have it between them.

mod addresses;
mod event;
mod loopback;
mod names;
mod proxy;
mod stage_network;
#[cfg(test)]
mod tests;
mod tunnel;

pub use addresses::Addresses;
pub use event::{Asker, Closed, Connected, Ending, Event, Refusal, Refused};
pub use loopback::Program;
pub use names::{InvalidPattern, Pattern, Ports};
pub use stage_network::{Config, Cut, Membership, Network, ServeError};
