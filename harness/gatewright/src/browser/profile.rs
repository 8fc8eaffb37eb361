//! One person's profile: off the record, behind a proxy of the person's own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::capture::{Attempt, LastWord, Loaded, Recorder};
use super::cdp::{self, SessionId};
use super::flags::NO_BYPASS;
use super::targets::Owner;
use super::webdriver::{CommandError, Window};
use super::worker::Worker;
use super::{Error, Hop, TabId};

/// A profile with its tabs, cookies and storage. It ends when it is closed or dropped, or when its lease does.
#[derive(Debug)]
pub struct Profile {
    worker: Arc<Worker>,
    /// The browser context that it is; none if the whole browser is one person's.
    context: Option<String>,
    recorder: Arc<Recorder>,
}

/// What came of an expression.
#[derive(Debug)]
pub(crate) enum Evaluated {
    /// Its value, as JSON.
    Value(Value),
    /// It threw this.
    Threw(String),
    /// The document went away meanwhile.
    Gone,
}

impl Profile {
    /// A new profile in a browser that is shared.
    pub(super) async fn in_context(
        worker: Arc<Worker>,
        proxy: SocketAddr,
        owner: Owner,
    ) -> Result<Self, Error> {
        let wish = json!({
            "proxyServer": format!("http://{proxy}"), "proxyBypassList": NO_BYPASS, "disposeOnDetach": true,
        });
        let created = worker.cdp.call(None, "Target.createBrowserContext", wish).await?;
        let context = text(&created, "browserContextId");
        let recorder = Arc::clone(&owner.recorder);
        worker.targets.record(&context, owner);
        let no_downloads = json!({ "behavior": "deny", "browserContextId": context });
        worker.cdp.send(None, "Browser.setDownloadBehavior", no_downloads);
        let profile = Self { worker, context: Some(context), recorder };
        profile.open_tab().await?;
        Ok(profile)
    }

    /// A browser that is one person's as a whole.
    pub(super) async fn whole(worker: Arc<Worker>, recorder: Arc<Recorder>) -> Result<Self, Error> {
        let profile = Self { worker, context: None, recorder };
        profile.await_tab(|tabs| tabs.first().cloned()).await?;
        Ok(profile)
    }

    /// The open tabs, oldest first.
    pub fn tabs(&self) -> Vec<TabId> {
        self.recorder.tabs()
    }

    /// Opens an empty tab.
    pub async fn open_tab(&self) -> Result<TabId, Error> {
        let Some(context) = &self.context else { return self.open_tab_by_page().await };
        let wish = json!({ "url": "about:blank", "browserContextId": context });
        let created = self.worker.cdp.call(None, "Target.createTarget", wish).await?;
        let id = TabId(text(&created, "targetId"));
        self.await_tab(|tabs| tabs.contains(&id).then(|| id.clone())).await
    }

    /// A page's own new window stays off the record; DevTools' new target would not.
    async fn open_tab_by_page(&self) -> Result<TabId, Error> {
        let before = self.tabs();
        let first = before.first().ok_or_else(|| Error::Gone("its last tab is closed".into()))?;
        let open = "void window.open('about:blank', '_blank', 'noopener')";
        let wish = json!({ "expression": open, "userGesture": true });
        self.call(first, "Runtime.evaluate", wish).await?;
        self.await_tab(|tabs| tabs.iter().find(|tab| !before.contains(tab)).cloned()).await
    }

    async fn await_tab(&self, found: impl Fn(&[TabId]) -> Option<TabId>) -> Result<TabId, Error> {
        let there = self.recorder.wait_for(|recorder| found(&recorder.tabs()));
        let too_slow = |_| Error::TooSlow { command: "open a tab".into(), within: cdp::DEADLINE };
        tokio::time::timeout(cdp::DEADLINE, there).await.map_err(too_slow)
    }

    /// The address in a tab's address bar.
    pub async fn address(&self, tab: &TabId) -> Result<String, Error> {
        let until = Instant::now() + cdp::DEADLINE;
        loop {
            let history = match self.call(tab, "Page.getNavigationHistory", json!({})).await {
                // Between two documents; each try is a round trip to the browser.
                Err(Error::Refused { message, .. })
                    if tells_of_a_navigation(&message) && Instant::now() < until =>
                {
                    continue;
                }
                answer => answer?,
            };
            let current = history["currentIndex"].as_u64().and_then(|index| usize::try_from(index).ok());
            return Ok(current.map(|index| text(&history["entries"][index], "url")).unwrap_or_default());
        }
    }

    /// Waits until nothing of this profile's is in flight; streams and sockets do not count.
    pub async fn idle(&self) {
        self.recorder.activity().idle().await;
    }

    /// Ends the profile and waits until it is gone.
    pub async fn close(&self) -> Result<(), Error> {
        match &self.context {
            None => self.worker.end().await,
            Some(context) => {
                let wish = json!({ "browserContextId": context });
                let disposed = self.worker.cdp.call(None, "Target.disposeBrowserContext", wish).await;
                self.worker.targets.forget(context);
                disposed?;
            }
        }
        Ok(())
    }

    /// Calls a DevTools method in a tab.
    pub(crate) async fn call(
        &self,
        tab: &TabId,
        method: &'static str,
        params: Value,
    ) -> Result<Value, Error> {
        self.worker.cdp.call(Some(&self.session(tab)?), method, params).await
    }

    /// Evaluates an expression in a tab's page, waiting for its promise if it gives one.
    pub(crate) async fn evaluate(
        &self,
        tab: &TabId,
        expression: &str,
        within: Duration,
    ) -> Result<Evaluated, Error> {
        let wish = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let session = self.session(tab)?;
        let cdp = &self.worker.cdp;
        match cdp.call_within(within, Some(&session), "Runtime.evaluate", wish).await {
            Ok(answer) => Ok(match answer["exceptionDetails"]["exception"]["description"].as_str() {
                Some(thrown) => Evaluated::Threw(thrown.lines().next().unwrap_or_default().to_owned()),
                None if answer["exceptionDetails"].is_object() => {
                    Evaluated::Threw(text(&answer["exceptionDetails"], "text"))
                }
                None => Evaluated::Value(answer["result"]["value"].clone()),
            }),
            Err(Error::Refused { message, .. }) if tells_of_a_navigation(&message) => Ok(Evaluated::Gone),
            Err(error) => Err(error),
        }
    }

    /// Takes a turn in a tab by WebDriver.
    pub(crate) async fn window(&self, tab: &TabId) -> Result<Window<'_>, CommandError> {
        self.worker.driver.window(tab).await
    }

    /// How the document in a tab came, once that is known; nothing if not over the network.
    pub(crate) async fn document(&self, tab: &TabId) -> Result<Option<Vec<Hop>>, Error> {
        let known = self.recorder.wait_for(|recorder| match recorder.loaded(tab) {
            Loaded::Coming => None,
            Loaded::Otherwise => Some(None),
            Loaded::By(hops) => Some(Some(hops)),
        });
        let too_slow =
            |_| Error::TooSlow { command: "tell how the document came".into(), within: cdp::DEADLINE };
        tokio::time::timeout(cdp::DEADLINE, known).await.map_err(too_slow)
    }

    /// What came of the last try to load a document in a tab.
    pub(crate) fn attempt(&self, tab: &TabId) -> Attempt {
        self.recorder.attempt(tab)
    }

    /// Before the next try: the last one no longer counts.
    pub(crate) fn forget_attempt(&self, tab: &TabId) {
        self.recorder.forget_attempt(tab);
    }

    /// Before something is done that may lead elsewhere: what the page has wished for so far no longer counts.
    pub(crate) fn forget_wish(&self, tab: &TabId) {
        self.recorder.forget_wish(tab);
    }

    /// Waits until a tab is where the last thing that was done in it leads to; at once if that is nowhere. Whether it got
    /// there within `within`, real time.
    pub(crate) async fn arrive(&self, tab: &TabId, within: Duration) -> Result<bool, Error> {
        // A page tells of where it wishes to go before it answers this; WebDriver may not have heard of it.
        match self.evaluate(tab, "0", within).await {
            Ok(_) => {}
            // It led to the end of the tab.
            Err(Error::Gone(_)) => return Ok(true),
            Err(Error::TooSlow { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        let there = self.recorder.wait_for(|recorder| (!recorder.is_underway(tab)).then_some(()));
        Ok(tokio::time::timeout(within, there).await.is_ok())
    }

    /// What came of the last request for this URL that was not for a tab's document.
    pub(crate) fn last_word(&self, url: &str) -> LastWord {
        self.recorder.last_word(url)
    }

    fn session(&self, tab: &TabId) -> Result<SessionId, Error> {
        self.recorder.session(tab).ok_or_else(|| Error::Gone("the tab is closed".into()))
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        if let Some(context) = &self.context {
            self.worker.targets.forget(context);
            self.worker.cdp.send(
                None,
                "Target.disposeBrowserContext",
                json!({ "browserContextId": context }),
            );
        }
    }
}

fn text(of: &Value, member: &str) -> String {
    of[member].as_str().unwrap_or_default().to_owned()
}

/// The several ways in which DevTools say that the document went away under a script.
fn tells_of_a_navigation(message: &str) -> bool {
    const PHRASES: [&str; 5] = [
        "Cannot find context",
        "Cannot find default execution context",
        "Not attached to an active page",
        "context was destroyed",
        "navigated or closed",
    ];
    PHRASES.iter().any(|phrase| message.contains(phrase))
}
