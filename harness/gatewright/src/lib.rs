//! Playwright for gates: proves who gets through a tunnel that is guarded by Okta single sign-on, and who doesn't.
//!
//! * [`Stage`]: one isolated world (org, edge, agents, upstreams, network, clock, people) for one test or scenario;
//! * [`vocabulary`]: what people and parts do and what is expected of them, the same words in files and in Rust;
//! * [`scenario`]: scenario files, read and checked;
//! * [`suite`]: many scenarios, run side by side, with a report;
//! * [`people`], [`browser`], [`network`], [`upstream`], [`record`], [`runner`]: what a stage is made of.
//!
//! ```no_run
//! use gatewright::given::{Given, HttpTunnel, Org, OrgApp, OrgUser, PageApp};
//! use gatewright::{SignInPlace, Stage};
//!
//! # async fn example() -> gatewright::Result {
//! let given = Given::new()
//!     .okta(Org::new().users(("mallory", OrgUser::new())).apps(("ngrok", OrgApp::new())))
//!     .upstreams(("app", PageApp::new("Hello")))
//!     .tunnels(("app", HttpTunnel::new("app").oidc("ngrok")));
//! let stage = Stage::set(&given).await?;
//! let mallory = stage.person("mallory");
//! mallory.opens("{tunnels.app}/").await?;
//! mallory.is_asked_to_sign_in_at(SignInPlace::Okta).await?;
//! mallory.signs_in().await?;
//! stage.upstream("app").saw_nothing().await?;
//! stage.strike().await?;
//! # Ok(())
//! # }
//! ```

pub mod browser;
pub mod network;
pub mod people;
mod perform;
pub mod record;
pub mod runner;
pub mod scenario;
pub mod stage;
pub mod suite;
pub mod upstream;
pub mod vocabulary;

/// The parts of a stage, for whoever runs one alone: the agent, the edge, the org, a report's model, and what they all
/// stand on.
pub mod parts {
    #[doc(no_inline)]
    pub use {client, edge, ground, mock_idp, reports};
}

pub use scenario::given;
pub use stage::{People, Run, Stage};
pub use vocabulary::*;

/// Why a test of a gate failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A step did not succeed.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The stage could not be set.
    #[error("the stage could not be set: {0}")]
    Stage(#[from] stage::SetError),
    /// This process can't run stages.
    #[error(transparent)]
    Run(#[from] stage::RunError),
}

/// What a test of a gate comes to.
pub type Result<T = ()> = std::result::Result<T, Error>;
