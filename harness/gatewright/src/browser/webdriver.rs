//! The WebDriver session of one browser: one command in one window at a time.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fantoccini::error::{CmdError, ErrorStatus};
use fantoccini::wd::{WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};
use url::{ParseError, Url};

use super::{Error, TabId};

/// How long the driver lets a page load and a script run.
pub(crate) const PAGE_DEADLINE: Duration = Duration::from_secs(15);

/// How long a command may take in all; the driver answers by [`PAGE_DEADLINE`] unless it hangs.
const COMMAND_DEADLINE: Duration = Duration::from_secs(20);

/// The session.
pub(crate) struct WebDriver {
    client: Client,
    /// The window that commands go to.
    front: Mutex<Option<TabId>>,
    /// A command was given up, so that nobody knows what the session is at.
    spent: AtomicBool,
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// The driver said so.
    Answered { command: &'static str, status: ErrorStatus, message: String },
    /// The driver did not answer.
    Failed(Error),
}

impl From<CommandError> for Error {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Answered { command, message, .. } => {
                Self::Refused { command: command.to_owned(), message }
            }
            CommandError::Failed(error) => error,
        }
    }
}

impl WebDriver {
    /// Opens a session on a driver for a browser that runs already.
    pub(crate) async fn open(driver_port: u16, debugger_address: &str) -> Result<Self, String> {
        let capabilities = json!({
            "browserName": "chrome",
            "acceptInsecureCerts": false,
            "pageLoadStrategy": "normal",
            "timeouts": { "implicit": 0, "pageLoad": PAGE_DEADLINE.as_millis(), "script": PAGE_DEADLINE.as_millis() },
            "goog:chromeOptions": { "debuggerAddress": debugger_address },
        });
        let Value::Object(capabilities) = capabilities else {
            return Err("the capabilities are no object".into());
        };
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let mut builder = ClientBuilder::new(connector);
        builder.capabilities(capabilities);
        let url = format!("http://127.0.0.1:{driver_port}");
        match tokio::time::timeout(COMMAND_DEADLINE, builder.connect(&url)).await {
            Ok(Ok(client)) => Ok(Self { client, front: Mutex::default(), spent: AtomicBool::new(false) }),
            Ok(Err(error)) => Err(format!("no WebDriver session: {}", first_line(&error.to_string()))),
            Err(_) => Err(format!("no WebDriver session within {} s", COMMAND_DEADLINE.as_secs())),
        }
    }

    /// Takes a turn in a window. Others wait for theirs until this one is dropped.
    pub(crate) async fn window(&self, tab: &TabId) -> Result<Window<'_>, CommandError> {
        let mut window = Window { driver: self, front: self.front.lock().await };
        if window.front.as_ref() != Some(tab) {
            let handle: WindowHandle = match tab.0.clone().try_into() {
                Ok(handle) => handle,
                Err(_) => return Err(CommandError::Failed(Error::Gone(format!("{tab} is no window")))),
            };
            // Whatever comes of it, the window that was in front no longer is for certain.
            *window.front = None;
            window.run("switch to a window", self.client.switch_to_window(handle)).await?;
            *window.front = Some(tab.clone());
        }
        Ok(window)
    }

    /// Whether a command was given up, which leaves the session unusable.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent.load(Ordering::Acquire)
    }
}

impl fmt::Debug for WebDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebDriver").field("spent", &self.spent).finish_non_exhaustive()
    }
}

/// A turn in one window.
pub(crate) struct Window<'a> {
    driver: &'a WebDriver,
    front: MutexGuard<'a, Option<TabId>>,
}

impl Window<'_> {
    /// The client, for making a command.
    pub(crate) fn client(&self) -> &Client {
        &self.driver.client
    }

    /// Carries a command out, with a deadline. A caller that gives up earlier does no harm: the driver finishes the
    /// command before it begins another.
    pub(crate) async fn run<T>(
        &self,
        command: &'static str,
        doing: impl Future<Output = Result<T, CmdError>> + Send,
    ) -> Result<T, CommandError> {
        if self.driver.is_spent() {
            return Err(CommandError::Failed(Error::Gone("its session was given up".into())));
        }
        match tokio::time::timeout(COMMAND_DEADLINE, doing).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(CmdError::Standard(error))) => {
                let message = first_line(&error.message).to_owned();
                Err(CommandError::Answered { command, status: error.error, message })
            }
            Ok(Err(error)) => Err(CommandError::Failed(self.spend(Error::Gone(error.to_string())))),
            Err(_) => {
                let too_slow = Error::TooSlow { command: command.to_owned(), within: COMMAND_DEADLINE };
                Err(CommandError::Failed(self.spend(too_slow)))
            }
        }
    }

    /// Opens an absolute URL.
    pub(crate) async fn go_to(&self, command: &'static str, url: Url) -> Result<(), CommandError> {
        self.run(command, self.client().issue_cmd(GoTo(url))).await.map(|_| ())
    }

    fn spend(&self, error: Error) -> Error {
        self.driver.spent.store(true, Ordering::Release);
        error
    }
}

/// Navigate To, of WebDriver. The client's own command asks for the address of the page first, to join it with a
/// relative one, which is several requests more to the browser.
#[derive(Debug)]
struct GoTo(Url);

impl WebDriverCompatibleCommand for GoTo {
    fn endpoint(&self, driver: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        driver.join(&format!("session/{}/url", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "url": self.0.as_str() }).to_string()))
    }
}

/// The driver's messages go on with its own version and a stack of addresses.
fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default().trim()
}
