//! A test of one client, and how it goes into the list of tests.

use std::fs;
use std::pin::Pin;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::packages::Packages;
use crate::platform::Platform;

/// What is going on in a test.
pub(crate) type Play = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// A client: its package, and what that is written for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) package: &'static str,
    pub(crate) platform: Platform,
}

/// A test of one client.
pub(crate) struct Test {
    /// Its name in the list of tests.
    pub(crate) name: String,
    pub(crate) client: Client,
    /// What it needs beside the client's own platform.
    pub(crate) needs: Vec<Platform>,
    pub(crate) play: Box<dyn FnOnce(Arc<Packages>) -> Play + Send>,
}

impl Test {
    /// It says which client it is about, or why it is skipped.
    pub(crate) fn trial(self, runtime: &Arc<Runtime>, packages: &Arc<Packages>) -> Trial {
        let Self { name, client, needs, play } = self;
        let lacking = [client.platform].into_iter().chain(needs).find_map(Platform::lacking);
        let kind = match &lacking {
            None => format!("{} {} {}", client.platform.registry(), client.package, client.version()),
            Some(reason) => format!("skipped: {reason}"),
        };
        let (runtime, packages, ignored) = (Arc::clone(runtime), Arc::clone(packages), lacking.is_some());
        let run = move || match lacking {
            None => runtime.block_on(play(packages)).map_err(Failed::from),
            Some(reason) => Err(reason.into()),
        };
        Trial::test(name, run).with_kind(kind).with_ignored_flag(ignored)
    }
}

impl Client {
    /// Its version, as the lock file has it.
    pub(crate) fn version(self) -> String {
        let lock = self.platform.lock();
        let lock = fs::read_to_string(&lock).unwrap_or_default();
        let version = match self.platform {
            Platform::Node | Platform::Browser => {
                let lock: Value = serde_json::from_str(&lock).unwrap_or_default();
                let package = &lock["packages"][format!("node_modules/{}", self.package)];
                package["version"].as_str().map(str::to_owned)
            }
            Platform::Python(_) => {
                let pin = format!("{}==", self.package);
                lock.lines().find_map(|line| line.strip_prefix(&pin).map(str::to_owned))
            }
            Platform::Rust => {
                let package = format!("name = \"{}\"", self.package);
                let mut lines = lock.lines().skip_while(|line| *line != package);
                let version = lines.nth(1).and_then(|line| line.strip_prefix("version = "));
                version.map(|version| version.trim_matches('"').to_owned())
            }
            Platform::Go => {
                let module = format!("{} v", self.package);
                lock.lines().find_map(|line| {
                    let (_, version) = line.split_once(&module)?;
                    version.split_whitespace().next().map(str::to_owned)
                })
            }
        };
        version.unwrap_or_else(|| "that no lock file names".to_owned())
    }

    /// Whether what ran is this client in this version.
    pub(crate) fn is(self, package: &str, version: &str) -> Result<(), String> {
        if (package, version) == (self.package, &self.version()) {
            return Ok(());
        }
        Err(format!("{package} {version} ran, not {} {}", self.package, self.version()))
    }
}
