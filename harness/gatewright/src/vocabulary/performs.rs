//! The border between what is said and who does it.

use std::fmt;

use futures_util::future::BoxFuture;

use super::steps::Step;

/// Whoever can perform a step: a stage.
///
/// Every face of the vocabulary ends here: a plan's steps are handed over one after the other, and each method of
/// [`Person`](super::Person), [`Okta`](super::Okta) and the others makes one [`Step`] and hands it over.
///
/// ```text
/// impl Performs for StageInner {
///     fn perform<'a>(&'a self, step: &'a Step) -> BoxFuture<'a, Result<(), StepError>> {
///         Box::pin(async move {
///             match step {
///                 Step::Person(name, step) => self.person(name)?.perform(step).await,
///                 Step::Clock(ClockStep::Advances(by)) => Ok(self.clock.advance(*by)),
///                 …
///             }
///         })
///     }
/// }
/// // …and the handles: Person::new("alice", Arc::clone(&inner) as Arc<dyn Performs>)
/// ```
///
/// A name or a template may come from Rust code that no reader has checked, so a performer answers an unknown name
/// with [`StepError::unmet`] and lets [`Template::fill`](super::Template::fill) report what it cannot fill.
/// A step may be dropped at any await point: the deadline passed, or the run was interrupted.
pub trait Performs: Send + Sync {
    /// Performs one step to its end, waiting for what it expects.
    fn perform<'a>(&'a self, step: &'a Step) -> BoxFuture<'a, Result<(), StepError>>;
}

/// What kind of end a step came to when it didn't succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// What was expected did not come true, or what the step acts on isn't there. The scenario failed.
    Unmet,
    /// The target or the driver can't do this, which says nothing about it. The scenario is not applicable.
    Unsupported,
    /// Something of the harness or of the machine gave way. The scenario failed, but not by the target's fault.
    Broken,
    /// The scenario's deadline passed during this step.
    OutOfTime,
    /// The run was interrupted during this step.
    Interrupted,
}

/// Why a step did not succeed, in words that a person reads in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepError {
    /// What kind of end it was.
    pub fault: Fault,
    /// What was attempted and what happened, as a lower-case fragment: "the page did not show the text".
    pub what: String,
    /// What was expected.
    pub expected: Option<String>,
    /// What there was instead.
    pub actual: Option<String>,
    /// What to do about it.
    pub advice: Option<String>,
}

impl StepError {
    /// An error with nothing but its description.
    pub fn new(fault: Fault, what: impl Into<String>) -> Self {
        Self { fault, what: what.into(), expected: None, actual: None, advice: None }
    }

    /// An expectation that did not come true.
    pub fn unmet(what: impl Into<String>) -> Self {
        Self::new(Fault::Unmet, what)
    }

    /// Something that the target or the driver can't do.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::new(Fault::Unsupported, what)
    }

    /// Something of the harness that gave way.
    pub fn broken(what: impl Into<String>) -> Self {
        Self::new(Fault::Broken, what)
    }

    /// Adds what was expected and what there was instead.
    pub fn compared(mut self, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.actual = Some(actual.into());
        self
    }

    /// Adds what to do about it.
    pub fn advised(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        for (label, text) in [("expected", &self.expected), ("actual", &self.actual), ("help", &self.advice)]
        {
            if let Some(text) = text {
                write!(f, "\n  {label}: {}", text.replace('\n', "\n    "))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for StepError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_expected_and_what_there_was() {
        let error = StepError::unmet("the address bar did not show the app")
            .compared("https://app.tunnel.test/", "https://acme.okta.test/login")
            .advised("is alice assigned to the app?");
        insta::assert_snapshot!(error, @r"
        the address bar did not show the app
          expected: https://app.tunnel.test/
          actual: https://acme.okta.test/login
          help: is alice assigned to the app?
        ");
    }
}
