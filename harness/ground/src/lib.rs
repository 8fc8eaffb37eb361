//! What every part of a Gatewright world stands on, and nothing more:
//!
//! * [`clock`]: stage time, which a scenario moves;
//! * [`secret`] and [`redaction`]: values that stay out of sight;
//! * [`authority`]: the run's own certificate authority;
//! * [`serve`] and [`outbound`]: HTTP over TLS, in and out, bounded;
//! * [`evidence`]: where each part says what it saw;
//! * [`tasks`]: an owner for everything that runs;
//! * [`random`]: unguessable identifiers.

pub mod authority;
pub mod clock;
pub mod evidence;
pub mod outbound;
pub mod random;
pub mod redaction;
pub mod secret;
pub mod serve;
pub mod tasks;

pub use authority::Authority;
pub use clock::Clock;
pub use evidence::{Connection, Sink};
pub use outbound::Outbound;
pub use secret::Secret;
pub use tasks::{Spawner, Tasks};
