//! One browser with its driver, ready to work.

use std::path::PathBuf;
use std::sync::Arc;

use ground::Tasks;
use serde_json::json;
use tokio::sync::Mutex;

use super::cdp::{self, Cdp};
use super::flags::Manner;
use super::keeper::Kept;
use super::targets::{Owner, Targets};
use super::webdriver::WebDriver;
use super::{Error, Installation};

/// One browser, its driver, one WebDriver session and one DevTools connection. Dropping it ends the processes, without
/// waiting.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) cdp: Cdp,
    pub(crate) targets: Arc<Targets>,
    pub(crate) driver: WebDriver,
    pub(crate) folder: PathBuf,
    kept: Mutex<Option<Kept>>,
    /// Carries the DevTools connection and reads what the processes write.
    _tasks: Tasks,
}

impl Worker {
    /// Starts one. `whole_browser` records all of it, when it is one person's. Runs on the host's runtime, where its
    /// connections live.
    pub(crate) async fn start(
        installation: &Installation,
        manner: &Manner,
        authority_pem: &str,
        whole_browser: Option<Owner>,
    ) -> Result<Self, Error> {
        let tasks = Tasks::new();
        let kept = Kept::start(installation, manner, authority_pem, &tasks).await?;
        let address = debugger_address(&kept.devtools)
            .ok_or_else(|| kept.not_started(format!("{} is no DevTools address", kept.devtools)))?;
        let session = async {
            let session = WebDriver::open(kept.driver_port, address).await;
            session.map_err(|reason| kept.not_started(reason))
        };
        // Both at once: the driver takes its time.
        let (driver, socket) = tokio::try_join!(session, cdp::open(&kept.devtools))?;

        let (cdp, calls) = Cdp::new();
        let targets = Arc::new(Targets::new(cdp.clone(), whole_browser, tasks.spawner()));
        let listener = Arc::clone(&targets);
        tasks.spawn(cdp::run(socket, calls, move |heard| listener.hear(heard)));
        cdp.call(None, "Target.setAutoAttach", Targets::wish()).await?;
        let folder = kept.folder.clone();
        Ok(Self { cdp, targets, driver, folder, kept: Mutex::new(Some(kept)), _tasks: tasks })
    }

    /// Ends every profile in it; whether it can be used again.
    pub(crate) async fn clear(&self) -> bool {
        for context in self.targets.contexts() {
            self.targets.forget(&context);
            // It may be gone already.
            let _ = self
                .cdp
                .call(None, "Target.disposeBrowserContext", json!({ "browserContextId": context }))
                .await;
        }
        !self.driver.is_spent() && self.cdp.call(None, "Browser.getVersion", json!({})).await.is_ok()
    }

    /// Ends the processes and waits until they and their folder are gone.
    pub(crate) async fn end(&self) {
        if let Some(kept) = self.kept.lock().await.take() {
            kept.end().await;
        }
    }
}

/// `127.0.0.1:41563` of `ws://127.0.0.1:41563/devtools/browser/5d2f…`
fn debugger_address(devtools: &str) -> Option<&str> {
    devtools.strip_prefix("ws://")?.split('/').next()
}
