//! The owner of a run's browsers.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ground::Sink;
use ground::evidence::Activity;
use tokio::runtime::{self, Handle};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::capture::Recorder;
use super::flags::Manner;
use super::installation::is_root;
use super::targets::Owner;
use super::worker::Worker;
use super::{Authenticator, Engine, Error, Event, Installation, Profile};

/// What a host needs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The browser and its driver.
    pub installation: Installation,
    /// The certificate of the authority that the browsers trust, PEM.
    pub authority_pem: String,
    /// How many browsers may run at once, at least one. Two saturate two cores.
    pub workers: usize,
    /// Show the windows; needs a display.
    pub headed: bool,
    /// A new browser in incognito mode for each person, instead of a profile in a warm one: a second or two each.
    pub fresh: bool,
}

/// Owns the browsers of a run, on a thread with a runtime of its own, so that callers on any runtime can share it.
/// Browsers start when they are first needed. They end when this is dropped or stopped, and at the latest with the
/// process, whatever ends it.
#[derive(Debug)]
pub struct BrowserHost {
    shared: Arc<Shared>,
    slots: Arc<Semaphore>,
    /// Dropping it ends the thread.
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    config: Config,
    /// The host's runtime, where every connection to a browser lives.
    runtime: Handle,
    idle: Mutex<Vec<Arc<Worker>>>,
    /// The browsers that are on their way back from a lease.
    returning: Activity,
}

/// One browser, for one scenario at a time. Dropping it ends the profiles in it and gives the browser back.
#[derive(Debug)]
pub struct Lease {
    shared: Arc<Shared>,
    /// None where each person has a browser of their own.
    worker: Option<Arc<Worker>>,
    slot: Option<OwnedSemaphorePermit>,
}

impl BrowserHost {
    /// A host whose browsers are not started yet.
    pub fn start(config: Config) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::NotStarted {
            reason: format!("the browsers' own thread could not be made: {error}"),
            output: String::new(),
        };
        if config.headed && config.installation.engine == Engine::Shell {
            let reason = "the headless shell has no windows to show; take the full browser (chromium)".into();
            return Err(Error::NotStarted { reason, output: String::new() });
        }
        let has_display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
        if config.headed && !has_display {
            let reason =
                "there is no display to show it on: neither DISPLAY nor WAYLAND_DISPLAY is set".into();
            return Err(Error::NotStarted { reason, output: String::new() });
        }
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("browsers".into())
            .spawn(move || {
                // An error means that the host was dropped, which ends it as well.
                let _ = runtime.block_on(stopped);
            })
            .map_err(failed)?;
        let slots = Arc::new(Semaphore::new(config.workers.max(1)));
        let shared = Arc::new(Shared {
            config,
            runtime: handle,
            idle: Mutex::default(),
            returning: Activity::default(),
        });
        Ok(Self { shared, slots, stop, thread })
    }

    /// Waits for a browser that nobody uses, starting one if need be.
    pub async fn lease(&self) -> Result<Lease, Error> {
        let stopped = |_| Error::Gone("the run's browsers have been stopped".into());
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(stopped)?;
        let worker = match self.shared.config.fresh {
            true => None,
            false => Some(match self.shared.take_idle() {
                Some(worker) => worker,
                None => self.shared.start_worker(None, None).await?,
            }),
        };
        Ok(Lease { shared: Arc::clone(&self.shared), worker, slot: Some(slot) })
    }

    /// Ends the browsers and waits until their processes are gone. Those that are still leased end with their lease.
    pub async fn stop(self) {
        self.slots.close();
        self.shared.returning.idle().await;
        while let Some(worker) = self.shared.take_idle() {
            worker.end().await;
        }
        // The thread may have ended already.
        let _ = self.stop.send(());
        let _ = tokio::task::spawn_blocking(move || self.thread.join()).await;
    }
}

impl Shared {
    fn take_idle(&self) -> Option<Arc<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn start_worker(
        self: &Arc<Self>,
        incognito_behind: Option<SocketAddr>,
        whole_browser: Option<Owner>,
    ) -> Result<Arc<Worker>, Error> {
        let shared = Arc::clone(self);
        let starting = self.runtime.spawn(async move {
            let Config { installation, authority_pem, headed, .. } = &shared.config;
            let manner =
                Manner { engine: installation.engine, headed: *headed, root: is_root(), incognito_behind };
            Worker::start(installation, &manner, authority_pem, whole_browser).await
        });
        match starting.await {
            Ok(started) => started.map(Arc::new),
            Err(_) => Err(Error::Gone("the run's browsers have been stopped".into())),
        }
    }
}

impl Lease {
    /// The folder that holds all that the browser keeps; gone when the browser is. None where each person has a browser
    /// of their own.
    pub fn folder(&self) -> Option<&Path> {
        self.worker.as_ref().map(|worker| worker.folder.as_path())
    }

    /// A new profile for one person: off the record, with no cookies, everything it asks for going through `proxy`.
    /// What happens in it goes to `evidence`; `authenticator` is what its owner has at hand for WebAuthn.
    pub async fn profile(
        &self,
        proxy: SocketAddr,
        evidence: Sink<Event>,
        authenticator: Authenticator,
    ) -> Result<Profile, Error> {
        let owner = Owner { recorder: Recorder::new(evidence), authenticator };
        match &self.worker {
            Some(worker) => Profile::in_context(Arc::clone(worker), proxy, owner).await,
            None => {
                let recorder = Arc::clone(&owner.recorder);
                let worker = self.shared.start_worker(Some(proxy), Some(owner)).await?;
                Profile::whole(worker, recorder).await
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (Some(worker), slot) = (self.worker.take(), self.slot.take()) else { return };
        let (shared, returning) = (Arc::clone(&self.shared), self.shared.returning.busy());
        // Where the host is gone, the browser goes with the task that is dropped.
        self.shared.runtime.spawn(async move {
            if worker.clear().await {
                shared.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
            } else {
                worker.end().await;
            }
            drop((returning, slot));
        });
    }
}
