//! The browser's part of a login without any login: the same two pages and the form on a bare server, at the same two
//! sites, over the same network and TLS.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use gatewright::browser::{Authenticator, BrowserHost};
use gatewright::network::{self, Addresses, Network};
use gatewright::people::{BrowserDriver, Driver, PATIENCE, sees};
use gatewright::stage::{Names, Standing};
use gatewright::{People, Run};
use ground::outbound::Route;
use ground::{Authority, Outbound, Sink, Tasks};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use crate::Outcome;
use crate::figures::Watch;
use crate::scene::HELLO;

const FORM_HOST: &str = "acme.okta.test";
const APP_HOST: &str = "app.tunnel.test";

/// A server of two pages and a form, with the network that leads to it.
pub(crate) struct Site {
    address: SocketAddr,
    addresses: Addresses,
    _tasks: Tasks,
}

/// What the server answers with, by path.
type Copies = BTreeMap<&'static str, (HeaderValue, Bytes)>;

impl Site {
    /// A server with copies of the org's sign-in page and of what belongs to it.
    pub(crate) async fn copied(authority: &Authority) -> Outcome<Self> {
        let copies = Arc::new(copies().await?);
        let (listener, tasks) = (ground::serve::bind_loopback().await?, Tasks::new());
        let address = listener.local_addr()?;
        let tls =
            authority.server_config(&[b"h2", b"http/1.1"], |host| [FORM_HOST, APP_HOST].contains(&host))?;
        tasks.spawn(ground::serve::serve(listener, tls, tasks.spawner(), move |_| {
            let copies = Arc::clone(&copies);
            tower::service_fn(move |request| answer(Arc::clone(&copies), request))
        }));
        Ok(Self { address, addresses: Addresses::new(), _tasks: tasks })
    }

    /// What a person does for a login, from nothing to nothing, looks included.
    pub(crate) async fn visit(&self, browsers: &BrowserHost, watch: &mut Watch) -> Outcome {
        let network = Network::start(network::Config { evidence: Sink::forgetful() });
        for host in [FORM_HOST, APP_HOST] {
            network.serve(host, 443, self.address)?;
        }
        let alice = network.join("alice", self.addresses.draw()).await?;
        let lease = browsers.lease().await?;
        let driver = BrowserDriver::new(
            lease.profile(alice.proxy, Sink::forgetful(), Authenticator::default()).await?,
        );
        driver.open(&format!("https://{FORM_HOST}{SIGN_IN}")).await?;
        watch.lap("fresh profile, page opened");
        sees(&driver, "the form", PATIENCE, |view| view.text.contains("Username")).await?;
        watch.lap("form seen");
        driver.look().await?;
        driver.fill(&"Username".into(), "alice@acme.test").await?;
        driver.fill(&"Password".into(), "correct horse battery staple").await?;
        driver.click(&"Sign In".into()).await?;
        watch.lap("two fields filled, button clicked, redirected once");
        sees(&driver, "the page", PATIENCE, |view| view.text.contains(HELLO)).await?;
        watch.lap("page seen");
        driver.close().await?;
        drop((driver, lease));
        network.stop().await;
        watch.lap("torn down");
        Ok(())
    }
}

const SIGN_IN: &str = "/login/login.htm";
const APP: &str = "/reports";
const APP_URL: &str = "https://app.tunnel.test/reports";

async fn copies() -> Outcome<Copies> {
    let run = Run::start(People::Http, 1)?;
    let standing = Standing::set(&run, &Names::IN_THE_NETWORK).await?;
    let card = standing.card();
    let tls = run.authority().client_config(&[b"http/1.1"])?;
    let outbound = Outbound::new(Route::Proxy(card.proxy.parse()?), Ipv4Addr::LOCALHOST, tls);
    let mut copies = Copies::new();
    for path in [SIGN_IN, "/assets/org.css", "/assets/org.svg"] {
        let request = Request::get(format!("{}{path}", card.okta.issuer)).body(Bytes::new())?;
        let (head, body) = outbound.send(request).await?.into_parts();
        match head.headers.get(CONTENT_TYPE).filter(|_| head.status == StatusCode::OK) {
            Some(content_type) => copies.insert(path, (content_type.clone(), body)),
            None => return Err(format!("the org answers {path} with {}", head.status).into()),
        };
    }
    standing.strike().await;
    let app = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{HELLO}</title>\
         <link rel=\"icon\" href=\"data:,\"><h1>{HELLO}</h1></html>"
    );
    copies.insert(APP, (HeaderValue::from_static("text/html; charset=utf-8"), app.into()));
    Ok(copies)
}

async fn answer(
    copies: Arc<Copies>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut answer = Response::new(Full::default());
    if request.method() == Method::POST {
        // A body that breaks off is the browser's own affair.
        let _ = request.into_body().collect().await;
        *answer.status_mut() = StatusCode::SEE_OTHER;
        answer.headers_mut().insert(LOCATION, HeaderValue::from_static(APP_URL));
    } else if let Some((content_type, body)) = copies.get(request.uri().path()) {
        *answer.body_mut() = Full::new(body.clone());
        answer.headers_mut().insert(CONTENT_TYPE, content_type.clone());
    } else {
        *answer.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(answer)
}
