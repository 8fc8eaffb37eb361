//! What the tests have in common: the run's authority and browsers, a site in a network, people.

use std::net::Ipv4Addr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use gatewright::browser::{self, Authenticator, BrowserHost, Engine, Installation, Lease};
use gatewright::network::{self, Addresses, Membership, Network};
use gatewright::people::{BrowserDriver, Driver, Error, View, sees};
use ground::evidence::Activity;
use ground::{Authority, Clock, Sink, Tasks};

/// What all tests of this process share, as the tests of one run do.
struct House {
    authority: Authority,
    browsers: BrowserHost,
    addresses: Addresses,
}

static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let authority = Authority::new().unwrap();
    let browsers = browsers(authority.certificate_pem(), Engine::Shell, 2, false);
    House { authority, browsers, addresses: Addresses::new() }
});

pub(crate) fn browsers(authority_pem: String, engine: Engine, workers: usize, fresh: bool) -> BrowserHost {
    let installation = Installation::find(engine, None).unwrap();
    let config = browser::Config { installation, authority_pem, workers, headed: false, fresh };
    BrowserHost::start(config).unwrap()
}

/// A site, a network that leads to it, and a browser for those who come.
pub(crate) struct Scene {
    pub(crate) network: Network,
    pub(crate) tasks: Tasks,
    pub(crate) clock: Clock,
    pub(crate) activity: Activity,
    pub(crate) seen_by_network: Arc<Mutex<Vec<network::Event>>>,
    lease: Option<Lease>,
}

/// Someone with a browser.
pub(crate) struct Person {
    pub(crate) driver: BrowserDriver,
    pub(crate) membership: Membership,
    pub(crate) events: Arc<Mutex<Vec<browser::Event>>>,
}

pub(crate) fn collecting<E: Clone + Send + 'static>(
    clock: &Clock,
    activity: &Activity,
) -> (Sink<E>, Arc<Mutex<Vec<E>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&events);
    let sink = Sink::new(clock.clone(), activity.clone(), move |stamped| {
        listener.lock().unwrap_or_else(PoisonError::into_inner).push(stamped.event);
    });
    (sink, events)
}

impl Scene {
    /// With a browser from the host that all share.
    pub(crate) async fn new() -> Self {
        Self { lease: Some(HOUSE.browsers.lease().await.unwrap()), ..Self::without_browser().await }
    }

    /// With a browser from this host.
    pub(crate) async fn with(browsers: &BrowserHost) -> Self {
        Self { lease: Some(browsers.lease().await.unwrap()), ..Self::without_browser().await }
    }

    pub(crate) async fn without_browser() -> Self {
        let (clock, activity, tasks) = (Clock::new(), Activity::default(), Tasks::new());
        let (evidence, seen_by_network) = collecting(&clock, &activity);
        let network = Network::start(network::Config { evidence });
        let address = super::site::start(&HOUSE.authority, &tasks).await;
        network.serve("*.tunnel.test", 443, address).unwrap();
        network.serve("*.okta.test", 443, address).unwrap();
        Self { network, tasks, clock, activity, seen_by_network, lease: None }
    }

    /// Gives the browser back.
    pub(crate) fn give_back(&mut self) {
        self.lease = None;
    }

    pub(crate) fn authority(&self) -> &'static Authority {
        &HOUSE.authority
    }

    pub(crate) fn source(&self) -> Ipv4Addr {
        HOUSE.addresses.draw()
    }

    pub(crate) async fn person(&self, who: &str) -> Person {
        self.person_with(who, Authenticator::default()).await
    }

    /// Someone with this at hand for WebAuthn.
    pub(crate) async fn person_with(&self, who: &str, authenticator: Authenticator) -> Person {
        let membership = self.network.join(who, self.source()).await.unwrap();
        let (evidence, events) = collecting(&self.clock, &self.activity);
        let lease = self.lease.as_ref().expect("the scene has a browser");
        let profile = lease.profile(membership.proxy, evidence, authenticator).await.unwrap();
        Person { driver: BrowserDriver::new(profile), membership, events }
    }

    pub(crate) fn refused_hosts(&self) -> Vec<String> {
        let seen = self.seen_by_network.lock().unwrap();
        let refused = seen.iter().filter_map(|event| match event {
            network::Event::Refused(refused) => Some(refused.host.clone()),
            _ => None,
        });
        refused.collect()
    }
}

/// Waits until this text is to be seen.
pub(crate) async fn sees_text(driver: &dyn Driver, text: &str) -> Result<View, Error> {
    sees(driver, &format!("the text \"{text}\""), driver.patience(), |view| view.text.contains(text)).await
}
