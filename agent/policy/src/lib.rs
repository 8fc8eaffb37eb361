//! What an endpoint asks of its traffic, decided without I/O: traffic policies, their expressions, and the decision of
//! each of their actions. The modules of binds and routes are made of the same actions, so that there is one pipeline.
//!
//! * [`TrafficPolicy::parse`] reads what an agent, the API or a configuration file brings, or says what is wrong with
//!   it and where ([`PolicyError`]). A policy that was read asks for nothing that isn't enforced.
//! * A [`Rule`] [applies](Rule::applies) when its [`Expression`]s hold for the [`Facts`] at hand. What fails to be
//!   evaluated refuses the exchange.
//! * Each action, in [`action`], decides about a request, an answer or a connection: it lets it pass, changes it, or
//!   refuses it with a [`Denial`]. What it found it leaves in [`Results`] for later rules.
//!
//! The edge walks the rules, does the I/O that actions need (it reads bodies, fetches keys, signs people in, forwards),
//! and gives the actions their time: all of them read stage time, as an argument.

pub mod action;
mod denial;
mod error;
mod expression;
pub mod facts;
mod policy;
mod reading;

pub use denial::{Denial, Reply};
pub use error::{ModuleError, Place, PolicyError, code};
pub use expression::{EvaluationError, Expression, ExpressionError, Template};
pub use facts::{ActionResult, Facts, Results};
pub use policy::{Phase, RequestAction, ResponseAction, Rule, TcpAction, TrafficPolicy};
