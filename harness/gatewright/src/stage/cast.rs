//! The people of a stage: who they are, and the browsers they have.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, PoisonError};

use ground::outbound::Route;
use ground::{Outbound, Secret};
use tokio::sync::{Mutex, OnceCell, oneshot};

use super::fastpass;
use super::world::World;
use crate::browser::{Authenticator, Lease};
use crate::network::Membership;
use crate::people::{BrowserDriver, Driver, Error, Fetched, HttpDriver};
use crate::record::Event;
use crate::vocabulary::{SignInPlace, StepError};

/// What someone signs in with.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) login: String,
    pub(crate) password: Secret,
}

/// The people of a stage.
#[derive(Debug, Default)]
pub(crate) struct Cast {
    people: BTreeMap<String, Actor>,
    /// The browser of this stage, from when the first person needs one.
    lease: OnceCell<Lease>,
}

#[derive(Debug)]
struct Actor {
    source: Ipv4Addr,
    membership: OnceCell<Membership>,
    driver: Mutex<Option<Arc<dyn Driver>>>,
    /// The security key that they have at hand.
    authenticator: Authenticator,
    upload: std::sync::Mutex<Option<oneshot::Receiver<Result<Fetched, Error>>>>,
}

impl Cast {
    /// These people, each from an address of their own.
    pub(super) fn new(people: impl IntoIterator<Item = (String, Ipv4Addr)>) -> Self {
        let actor = |source| Actor {
            source,
            membership: OnceCell::new(),
            driver: Mutex::new(None),
            authenticator: Authenticator::default(),
            upload: std::sync::Mutex::new(None),
        };
        let people = people.into_iter().map(|(name, source)| (name, actor(source))).collect();
        Self { people, lease: OnceCell::new() }
    }

    /// Everybody who is there, by name.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.people.keys().map(String::as_str)
    }

    /// The browsers that are open.
    pub(super) async fn drivers(&self) -> Vec<Arc<dyn Driver>> {
        self.open().await.into_iter().map(|(_, driver)| driver).collect()
    }

    /// Who has a browser open.
    pub(super) async fn open(&self) -> Vec<(String, Arc<dyn Driver>)> {
        let mut open = Vec::new();
        for (name, actor) in &self.people {
            open.extend(actor.driver.lock().await.as_ref().map(|driver| (name.clone(), Arc::clone(driver))));
        }
        open
    }

    fn actor(&self, who: &str) -> Result<&Actor, StepError> {
        self.people.get(who).ok_or_else(|| StepError::unmet(format!("there is nobody called {who}")))
    }

    pub(super) async fn membership(&self, world: &World, who: &str) -> Result<Membership, StepError> {
        let actor = self.actor(who)?;
        let joining = || async {
            let membership = world.network.join(who, actor.source).await?;
            world.network.serve_loopback(who, fastpass::PORT, fastpass::program(world.devices(), who));
            Ok::<_, std::io::Error>(membership)
        };
        let membership = actor.membership.get_or_try_init(joining).await;
        membership
            .cloned()
            .map_err(|error| StepError::broken(format!("{who} has no way into the network: {error}")))
    }
}

impl World {
    /// A person's browser, opened if it isn't yet.
    pub(crate) async fn driver(&self, who: &str) -> Result<Arc<dyn Driver>, StepError> {
        let actor = self.cast.actor(who)?;
        let mut driver = actor.driver.lock().await;
        if let Some(driver) = &*driver {
            return Ok(Arc::clone(driver));
        }
        let membership = self.cast.membership(self, who).await?;
        let opened = self.open_browser(who, membership).await?;
        Ok(Arc::clone(driver.insert(opened)))
    }

    async fn open_browser(&self, who: &str, membership: Membership) -> Result<Arc<dyn Driver>, StepError> {
        let name: Arc<str> = who.into();
        let sink = self.log.sink(move |event| Event::Browser(Arc::clone(&name), event));
        let broken =
            |error: &dyn std::fmt::Display| StepError::broken(format!("{who} has no browser: {error}"));
        match self.run.browsers() {
            Some(browsers) => {
                let lease = self.cast.lease.get_or_try_init(|| browsers.lease()).await;
                let authenticator = self.cast.actor(who)?.authenticator.clone();
                let lease = lease.map_err(|error| broken(&error))?;
                let profile = lease
                    .profile(membership.proxy, sink, authenticator)
                    .await
                    .map_err(|error| broken(&error))?;
                Ok(Arc::new(BrowserDriver::new(profile)))
            }
            None => {
                let tls = self.trust(&[b"h2", b"http/1.1"])?;
                let outbound = Outbound::new(Route::Proxy(membership.proxy), membership.source, tls);
                Ok(Arc::new(HttpDriver::new(outbound, sink)))
            }
        }
    }

    /// A person's browser, if there is one, which is theirs no longer.
    pub(crate) async fn take_driver(&self, who: &str) -> Result<Option<Arc<dyn Driver>>, StepError> {
        Ok(self.cast.actor(who)?.driver.lock().await.take())
    }

    /// Whether people have browsers.
    pub(crate) fn has_browsers(&self) -> bool {
        self.run.browsers().is_some()
    }

    /// What a person has at hand for WebAuthn.
    ///
    /// # Errors
    /// Where people have no browsers.
    pub(crate) fn authenticator(&self, who: &str) -> Result<&Authenticator, StepError> {
        match self.has_browsers() {
            true => Ok(&self.cast.actor(who)?.authenticator),
            false => Err(StepError::unsupported(format!(
                "{who} has no browser, and a page can ask for a security key in a browser alone"
            ))),
        }
    }

    /// Where a person comes from.
    pub(crate) fn address_of(&self, who: &str) -> Result<String, StepError> {
        Ok(self.cast.actor(who)?.source.to_string())
    }

    pub(super) fn source_of(&self, who: &str) -> Result<Ipv4Addr, StepError> {
        Ok(self.cast.actor(who)?.source)
    }

    /// What a person signs in with there, if they have an account.
    pub(crate) fn credentials(&self, who: &str, place: SignInPlace) -> Option<Credentials> {
        match place {
            SignInPlace::Okta => self
                .ids
                .users
                .get(who)
                .map(|user| Credentials { login: user.login.clone(), password: user.password.clone() }),
            SignInPlace::Edge => self.ids.accounts.get(who).map(|account| Credentials {
                login: account.email.clone(),
                password: account.password.clone(),
            }),
        }
    }

    /// Lets an upload run while the scenario goes on.
    pub(crate) fn keep_upload(
        &self,
        who: &str,
        upload: impl Future<Output = Result<Fetched, Error>> + Send + 'static,
    ) -> Result<(), StepError> {
        let actor = self.cast.actor(who)?;
        let (done, outcome) = oneshot::channel();
        self.tasks.spawn(async move {
            // Nobody waits for it any more if the scenario is over.
            let _ = done.send(upload.await);
        });
        *actor.upload.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        Ok(())
    }

    /// What became of the upload that was begun.
    pub(crate) async fn uploaded(&self, who: &str) -> Result<Result<Fetched, Error>, StepError> {
        let upload = self.cast.actor(who)?.upload.lock().unwrap_or_else(PoisonError::into_inner).take();
        let upload = upload.ok_or_else(|| StepError::unmet(format!("{who} has begun no upload")))?;
        upload.await.map_err(|_| StepError::broken(format!("{who}'s upload was dropped")))
    }
}
