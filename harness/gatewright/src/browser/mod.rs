//! The browsers of a run: where they are found, how they are kept, and what they tell.
//!
//! A [`BrowserHost`] keeps warm browsers on a thread of its own. A scenario [leases](BrowserHost::lease) one and opens
//! a [`Profile`] in it for each person: off the record, with the person's own proxy. What happens in a profile comes out
//! as [`Event`]s. Actions go through WebDriver, as any user of a browser would have it; what WebDriver can't do (events,
//! profiles, typing at once) goes through the browser's own DevTools protocol.
//!
//! Trust is real: the run's authority is in a certificate database in the browser's own home, and no flag turns any
//! verification off. The processes end with the run, whatever ends the run.

mod authenticator;
mod capture;
mod cdp;
mod error;
mod event;
mod flags;
mod host;
mod installation;
mod keeper;
mod profile;
mod targets;
mod webdriver;
mod worker;

pub use authenticator::{Authenticator, StoredCredential};
pub use error::Error;
pub use event::{
    Console, Event, Failed, Frame, Hop, Kind, Level, Navigated, Request, RequestId, Response, TabId,
    WebSocket, WebSocketDoing,
};
pub use host::{BrowserHost, Config, Lease};
pub use installation::{Engine, InstallError, Installation, InstallationError, Program, Version};
pub use profile::Profile;

pub(crate) use capture::{Attempt, LastWord};
pub(crate) use profile::Evaluated;
pub(crate) use webdriver::{CommandError, PAGE_DEADLINE};
