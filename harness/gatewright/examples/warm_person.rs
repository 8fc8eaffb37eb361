//! How long one isolated person takes in a warm browser: a profile of their own, a page opened, a form filled in and
//! sent, the answer seen, a screenshot taken, all torn down. Prints the median and the 95th percentile of each step.
//!
//! `cargo run --release -p gatewright --example warm_person [ROUNDS] [chromium-shell|chromium]`
#![expect(clippy::print_stdout, reason = "an example that measures has nothing but its figures to give")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gatewright::browser::{self, Authenticator, BrowserHost, Engine, Installation};
use gatewright::network::{self, Addresses, Network};
use gatewright::people::{BrowserDriver, Driver, PATIENCE, sees};
use ground::{Authority, Sink, Tasks};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

const FORM: &str = "<!doctype html><title>Sign in</title><h1>Sign in</h1><form method=post>\
    <label>Name <input name=name></label><label>Password <input type=password name=password></label>\
    <button>Sign in</button></form>";

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = Response::builder();
    let page = match (request.method(), request.uri().path()) {
        (&Method::POST, _) => {
            let _ = request.into_body().collect().await;
            answer.status(303).header("location", "/app").body(Full::default())
        }
        (_, "/app") => answer.header("content-type", "text/html").body(Full::from("<title>App</title>Hello")),
        _ => answer.header("content-type", "text/html").body(Full::from(FORM)),
    };
    Ok(page.unwrap_or_default())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().map_or(Ok(30), |rounds| rounds.parse())?;
    let engine: Engine = arguments.next().map_or(Ok(Engine::Shell), |engine| engine.parse())?;

    let (authority, tasks, addresses) = (Authority::new()?, Tasks::new(), Addresses::new());
    let listener = ground::serve::bind_loopback().await?;
    let site = listener.local_addr()?;
    let tls = authority.server_config(&[b"h2", b"http/1.1"], |host| host.ends_with(".tunnel.test"))?;
    tasks.spawn(ground::serve::serve(listener, tls, tasks.spawner(), |_| tower::service_fn(answer)));
    let config = browser::Config {
        installation: Installation::find(engine, None)?,
        authority_pem: authority.certificate_pem(),
        workers: 1,
        headed: false,
        fresh: false,
    };
    let browsers = BrowserHost::start(config)?;
    let mut laps = Laps::default();
    let began = Instant::now();
    drop(browsers.lease().await?);
    laps.note("(once) browser and driver started", began.elapsed());

    // The first round warms up and does not count.
    for round in 0..=rounds {
        let mut lap = Lap::new(&mut laps, round > 0);
        let network = Network::start(network::Config { evidence: Sink::forgetful() });
        network.serve("app.tunnel.test", 443, site)?;
        let alice = network.join("alice", addresses.draw()).await?;
        lap.done("network");
        let lease = browsers.lease().await?;
        let driver = BrowserDriver::new(
            lease.profile(alice.proxy, Sink::forgetful(), Authenticator::default()).await?,
        );
        lap.done("profile");
        driver.open("https://app.tunnel.test/").await?;
        lap.done("open");
        driver.fill(&"Name".into(), "alice@acme.test").await?;
        driver.fill(&"Password".into(), "correct horse battery staple").await?;
        lap.done("fill in two fields");
        driver.click(&"Sign in".into()).await?;
        lap.done("click, post and redirect");
        sees(&driver, "the app", PATIENCE, |view| view.text.contains("Hello")).await?;
        lap.done("see");
        driver.close().await?;
        drop((driver, lease));
        network.stop().await;
        lap.done("close");
        lap.total("all without screenshot");
    }
    for round in 0..=rounds.min(10) {
        let network = Network::start(network::Config { evidence: Sink::forgetful() });
        network.serve("app.tunnel.test", 443, site)?;
        let alice = network.join("alice", addresses.draw()).await?;
        let lease = browsers.lease().await?;
        let driver = BrowserDriver::new(
            lease.profile(alice.proxy, Sink::forgetful(), Authenticator::default()).await?,
        );
        driver.open("https://app.tunnel.test/").await?;
        let mut lap = Lap::new(&mut laps, round > 0);
        driver.screenshot().await?;
        lap.done("screenshot");
    }
    browsers.stop().await;
    laps.print();
    Ok(())
}

#[derive(Default)]
struct Laps {
    times: BTreeMap<&'static str, Vec<Duration>>,
    order: Vec<&'static str>,
}

impl Laps {
    fn note(&mut self, name: &'static str, time: Duration) {
        if !self.order.contains(&name) {
            self.order.push(name);
        }
        self.times.entry(name).or_default().push(time);
    }

    fn print(mut self) {
        println!("{:<36} {:>10} {:>10}", "milliseconds", "median", "p95");
        for name in self.order {
            let times = self.times.entry(name).or_default();
            times.sort_unstable();
            let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
            println!("{name:<36} {:>10.1} {:>10.1}", at(50), at(95));
        }
    }
}

struct Lap<'a> {
    laps: &'a mut Laps,
    counts: bool,
    began: Instant,
    last: Instant,
}

impl<'a> Lap<'a> {
    fn new(laps: &'a mut Laps, counts: bool) -> Self {
        let now = Instant::now();
        Self { laps, counts, began: now, last: now }
    }

    fn done(&mut self, name: &'static str) {
        let now = Instant::now();
        if self.counts {
            self.laps.note(name, now - self.last);
        }
        self.last = now;
    }

    fn total(&mut self, name: &'static str) {
        if self.counts {
            self.laps.note(name, self.began.elapsed());
        }
    }
}
