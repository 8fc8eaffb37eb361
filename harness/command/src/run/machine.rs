//! The machine that a run runs on: whether people have what they browse with.

use gatewright::People;
use gatewright::browser::{Engine, Installation};
use gatewright::parts::reports;

use crate::cli;
use crate::doctor::installed;
use crate::failure::Failure;

/// A machine that lacks nothing.
pub(super) struct Machine {
    browser: cli::Browser,
    /// None where there is no browser.
    installation: Option<Installation>,
}

impl Machine {
    /// Finds what the run needs, and installs it where it is missing and that is for us to do.
    pub(super) fn ready(args: &cli::Run) -> Result<Self, Failure> {
        let browser = args.browser.browser;
        if args.headed && browser != cli::Browser::Chromium {
            return Err(Failure::usage("--headed shows windows, which only --browser chromium has"));
        }
        let installation = match browser.engine() {
            Some(engine) => Some(installed(engine, args.browser.browser_path.as_deref())?),
            None => None,
        };
        Ok(Self { browser, installation })
    }

    /// What people browse with.
    pub(super) fn people(&self, headed: bool) -> People {
        match &self.installation {
            None => People::Http,
            Some(installation) => People::Browser {
                installation: installation.clone(),
                headed,
                // Whoever asks for the whole browser wants it as a person has it: a new one in incognito mode.
                fresh: installation.engine == Engine::Chromium,
            },
        }
    }

    /// The same, as a report has it.
    pub(super) fn browser(&self) -> reports::Browser {
        let version = self.installation.as_ref().map(|found| found.browser.version.to_string());
        reports::Browser { name: self.browser.name(), version }
    }
}
