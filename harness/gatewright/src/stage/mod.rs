//! Stages: one isolated world for each scenario.
//!
//! * [`Run`]: what all stages of a process share: the authority, the browsers, a stock of keys and addresses;
//! * [`Stage`]: a world that is set from a [`Given`](crate::scenario::Given) and taken down at its end;
//! * `set`, `agents`, `cast`, `values`: how it is set, who runs in it, who visits it, and what its values are;
//! * `policies`, `devices`, `fastpass`: what the org is told about signing in, and what people prove themselves with.

mod agents;
mod cast;
mod devices;
mod error;
mod fastpass;
mod handle;
mod names;
mod policies;
mod process;
mod run;
mod set;
mod shots;
mod standing;
mod values;
mod world;

pub use error::{RunError, SetError};
pub use handle::{Ending, Stage};
pub use names::Names;
pub use run::{People, Run};
pub use shots::Shot;
pub use standing::{Card, EdgeCard, Login, OktaCard, Standing, UserCard};

pub(crate) use devices::StandIn;
pub(crate) use process::{Launch, Process};
pub(crate) use world::{Redirect, World};
