//! Which browser people browse with.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gatewright::browser::Engine;

#[derive(Clone, Debug, Args)]
pub(crate) struct BrowserChoice {
    /// What people browse with
    #[arg(long, value_enum, default_value_t)]
    pub(crate) browser: Browser,
    /// Use this browser instead of the installed one
    #[arg(long, value_name = "FILE")]
    pub(crate) browser_path: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Browser {
    /// Chromium's headless shell: the same engine without the browser's windows, the fastest
    #[default]
    ChromiumShell,
    /// The whole Chromium
    Chromium,
    /// No browser: cookies, redirects and forms over HTTP; steps that need a browser fail
    Http,
}

impl Browser {
    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The engine that has to be installed; none when there is no browser.
    pub(crate) fn engine(self) -> Option<Engine> {
        match self {
            Self::ChromiumShell => Some(Engine::Shell),
            Self::Chromium => Some(Engine::Chromium),
            Self::Http => None,
        }
    }
}
