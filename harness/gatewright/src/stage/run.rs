//! What all stages of a process share.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ground::Authority;
use mock_idp::KeyPool;
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::RunError;
use crate::browser::{self, BrowserHost, Engine, Installation};
use crate::network::Addresses;

/// What people browse with.
#[derive(Clone, Debug)]
pub enum People {
    /// Nothing: cookies, redirects and forms over HTTP.
    Http,
    /// A real browser each, in a profile of their own.
    Browser {
        /// The browser, its driver, and what makes it trust the run's authority.
        installation: Installation,
        /// Show the windows.
        headed: bool,
        /// A new browser in incognito mode for each person, instead of a profile in a warm one.
        fresh: bool,
    },
}

/// What all stages of a process share: an authority, browsers, a stock of signing keys and one of source addresses.
/// Clones are the same run; everything ends with the last.
#[derive(Clone, Debug)]
pub struct Run {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    authority: Authority,
    keys: KeyPool,
    addresses: Addresses,
    browsers: Option<BrowserHost>,
    command: Option<PathBuf>,
    /// Made when the first file is asked for.
    folder: OnceLock<TempDir>,
}

/// The run of the tests in this process, which share its browsers. Their processes end with this one, whatever ends it.
static OF_THIS_PROCESS: Mutex<Option<Run>> = Mutex::const_new(None);

impl Run {
    /// A run in which at most `scenarios` are on stage at once. Browsers start when the first person needs one.
    pub fn start(people: People, scenarios: usize) -> Result<Self, RunError> {
        let authority = Authority::new()?;
        let keys = KeyPool::of_this_user()?;
        let browsers = match people {
            People::Http => None,
            People::Browser { installation, headed, fresh } => Some(BrowserHost::start(browser::Config {
                installation,
                authority_pem: authority.certificate_pem(),
                workers: scenarios,
                headed,
                fresh,
            })?),
        };
        let command = own_command();
        let shared = Shared {
            authority,
            keys,
            addresses: Addresses::new(),
            browsers,
            command,
            folder: OnceLock::new(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The run that the tests of this process share: Chromium's headless shell as it is installed.
    pub async fn of_this_process() -> Result<Self, RunError> {
        let mut of_this_process = OF_THIS_PROCESS.lock().await;
        if let Some(run) = &*of_this_process {
            return Ok(run.clone());
        }
        let installation = Installation::find(Engine::Shell, None)?;
        let people = People::Browser { installation, headed: false, fresh: false };
        let scenarios = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(of_this_process.insert(Self::start(people, scenarios)?).clone())
    }

    /// Ends the run that the tests of this process share, for a test program that knows when its last test is over.
    pub async fn stop_of_this_process() {
        if let Some(run) = OF_THIS_PROCESS.lock().await.take() {
            run.stop().await;
        }
    }

    /// Ends the browsers and waits until they are gone, if this is the last clone.
    pub async fn stop(self) {
        if let Some(Shared { browsers: Some(browsers), .. }) = Arc::into_inner(self.shared) {
            browsers.stop().await;
        }
    }

    /// The run's authority.
    pub fn authority(&self) -> &Authority {
        &self.shared.authority
    }

    /// The file with the authority's certificate, PEM. It is written when it is first asked for, and goes with the run.
    pub fn trust_file(&self) -> io::Result<PathBuf> {
        let folder = match self.shared.folder.get() {
            Some(folder) => folder,
            None => {
                let folder = tempfile::Builder::new().prefix("gatewright-").tempdir()?;
                std::fs::write(folder.path().join(TRUST), self.shared.authority.certificate_pem())?;
                // Whoever was first has written the same.
                self.shared.folder.get_or_init(|| folder)
            }
        };
        Ok(folder.path().join(TRUST))
    }

    pub(super) fn keys(&self) -> &KeyPool {
        &self.shared.keys
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.shared.addresses
    }

    pub(super) fn browsers(&self) -> Option<&BrowserHost> {
        self.shared.browsers.as_ref()
    }

    /// The `gatewright` command that agents are started with.
    pub(super) fn command(&self) -> Option<&Path> {
        self.shared.command.as_deref()
    }
}

const TRUST: &str = "authority.pem";

/// This program if it is the command; the command beside this program or its folder if this is a test.
fn own_command() -> Option<PathBuf> {
    const NAME: &str = "gatewright";
    let program = std::env::current_exe().ok()?;
    if program.file_stem().is_some_and(|stem| stem == NAME) {
        return Some(program);
    }
    let folders = program.ancestors().skip(1).take(2);
    folders.map(|folder| folder.join(NAME)).find(|command| command.is_file())
}
