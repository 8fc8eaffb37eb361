//! A person without a browser: HTTP alone, with cookies, redirects, links and forms.

mod dom;
mod exchange;
mod finding;
mod form;
mod jar;
mod page;
mod tabs;

use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use ground::{Outbound, Sink};
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Mutex;
use url::Url;

use self::exchange::{Arrived, Asked, Lost};
use self::jar::Asking;
use self::tabs::State;
use super::{
    Change, Cookie, Document, Doing, Driver, Error, Fetch, Fetched, Key, Label, PATIENCE, Reason, Stream,
    Streamed, Tab, Talk, Talked, Upload, View,
};
use crate::browser::{Event, Kind};

/// A person without a browser: sends what a browser would send, keeps cookies as a browser would, reads HTML as it
/// came, and runs no scripts. Its requests are limited as those of [`Outbound`] are: 1 MiB of answer, ten seconds.
#[derive(Debug)]
pub struct HttpDriver {
    outbound: Outbound,
    evidence: Sink<Event>,
    state: Mutex<State>,
}

impl HttpDriver {
    /// A person who goes by `outbound` (with the member's proxy and source address) and tells what they do as a browser
    /// would tell it.
    pub fn new(outbound: Outbound, evidence: Sink<Event>) -> Self {
        let state = Mutex::new(State::new(&evidence));
        Self { outbound, evidence, state }
    }

    async fn open_url(&self, url: &str) -> Result<(), Reason> {
        let url =
            url.parse().map_err(|error| Reason::Invalid(format!("`{url}` is no absolute URL: {error}")))?;
        self.state.lock().await.go(&self.outbound, &self.evidence, Asked::by_person(url)).await
    }

    async fn click_on(&self, what: &Label) -> Result<(), Reason> {
        let mut state = self.state.lock().await;
        match state.click(what)? {
            None => Ok(()),
            Some((asked, false)) => state.go(&self.outbound, &self.evidence, asked).await,
            Some((asked, true)) => {
                // It opens beside the page, as a browser's tab would.
                let place = state.place();
                state.open_tab(&self.evidence);
                let gone = state.go(&self.outbound, &self.evidence, asked).await;
                state.switch_to(place);
                gone
            }
        }
    }

    async fn fetched(&self, what: &Fetch) -> Result<Fetched, Reason> {
        let mut state = self.state.lock().await;
        let page =
            state.page_url().ok_or_else(|| Reason::Invalid("there is no page to fetch from".into()))?;
        let invalid = |what: String| Reason::Invalid(what);
        let url =
            page.join(&what.url).map_err(|error| invalid(format!("`{}` is no URL: {error}", what.url)))?;
        if url.origin() != page.origin() {
            return Err(Reason::Unsupported { driver: "http" });
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &what.headers {
            let name: HeaderName = name.parse().map_err(|_| invalid(format!("`{name}` is no header")))?;
            let value = value.parse().map_err(|_| invalid(format!("`{name}` can't have that value")))?;
            headers.insert(name, value);
        }
        if what.body.is_some() && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
        }
        let body = what.body.clone().map(Bytes::from);
        let asked = Asked {
            method: what.method.clone(),
            url,
            body,
            headers,
            initiator: Some(page),
            kind: Kind::Fetch,
        };
        Ok(match state.asker(&self.outbound, &self.evidence).ask(asked).await {
            Ok(Arrived { asked, hops, body }) => {
                let answer = hops.into_iter().next_back();
                Fetched::Answer {
                    status: answer.as_ref().map(|hop| hop.status),
                    headers: answer.map(|hop| hop.response_headers).unwrap_or_default(),
                    body: String::from_utf8_lossy(&body).into_owned(),
                    url: asked.url.into(),
                }
            }
            Err((_, lost)) => Fetched::NetworkError { reason: lost.to_string() },
        })
    }

    /// An error, with what is to be seen.
    async fn explain<T>(&self, attempted: String, outcome: Result<T, Reason>) -> Result<T, Error> {
        match outcome {
            Ok(value) => Ok(value),
            Err(reason) => Err(reason.of(attempted).seeing(self.state.lock().await.view())),
        }
    }

    fn unsupported<T: Send>(&self, attempted: String) -> Doing<'_, T> {
        Box::pin(async move { Err(Reason::Unsupported { driver: "http" }.of(attempted)) })
    }
}

impl Asked {
    /// What someone typed into the address bar.
    fn by_person(url: Url) -> Self {
        let (method, headers) = (Method::GET, HeaderMap::new());
        Self { method, url, body: None, headers, initiator: None, kind: Kind::Document }
    }
}

impl From<(Url, Lost)> for Reason {
    fn from((url, lost): (Url, Lost)) -> Self {
        Self::NotLoaded { url: url.into(), reason: lost.to_string() }
    }
}

fn parse(url: &str) -> Result<Url, Reason> {
    url.parse().map_err(|error| Reason::Invalid(format!("`{url}` is no absolute URL: {error}")))
}

impl Driver for HttpDriver {
    fn kind(&self) -> &'static str {
        "http"
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn open<'a>(&'a self, url: &'a str) -> Doing<'a, ()> {
        Box::pin(async move { self.explain(format!("open {url}"), self.open_url(url).await).await })
    }

    fn look(&self) -> Doing<'_, View> {
        Box::pin(async { Ok(self.state.lock().await.view()) })
    }

    fn change<'a>(&'a self, _: &'a View) -> Doing<'a, Change> {
        // There are no scripts that could change it.
        Box::pin(async { Ok(Change::Never) })
    }

    fn click<'a>(&'a self, what: &'a Label) -> Doing<'a, ()> {
        Box::pin(async move { self.explain(format!("click {what}"), self.click_on(what).await).await })
    }

    fn fill<'a>(&'a self, field: &'a Label, value: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let outcome = self.state.lock().await.fill(field, value);
            self.explain(format!("fill in {field}"), outcome).await
        })
    }

    fn select<'a>(&'a self, field: &'a Label, option: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let outcome = self.state.lock().await.select(field, option);
            self.explain(format!("select \"{option}\" in {field}"), outcome).await
        })
    }

    fn value_of<'a>(&'a self, field: &'a Label) -> Doing<'a, String> {
        Box::pin(async move {
            let outcome = self.state.lock().await.value_of(field);
            self.explain(format!("read {field}"), outcome).await
        })
    }

    fn press(&self, key: Key) -> Doing<'_, ()> {
        self.unsupported(format!("press {key}"))
    }

    fn reload(&self) -> Doing<'_, ()> {
        Box::pin(async {
            let mut state = self.state.lock().await;
            let outcome = match state.last_asked() {
                Some(asked) => state.again(&self.outbound, &self.evidence, asked).await,
                None => Ok(()),
            };
            drop(state);
            self.explain("reload".into(), outcome).await
        })
    }

    fn back(&self) -> Doing<'_, ()> {
        Box::pin(async {
            self.state.lock().await.back(&self.evidence);
            Ok(())
        })
    }

    fn tabs(&self) -> Doing<'_, Vec<Tab>> {
        Box::pin(async { Ok(self.state.lock().await.tabs()) })
    }

    fn open_tab(&self) -> Doing<'_, ()> {
        Box::pin(async {
            self.state.lock().await.open_tab(&self.evidence);
            Ok(())
        })
    }

    fn switch_tab(&self, place: usize) -> Doing<'_, ()> {
        Box::pin(async move {
            let mut state = self.state.lock().await;
            match state.switch_to(place) {
                true => Ok(()),
                false => {
                    let reason = Reason::Invalid(format!("there are {} tabs", state.tabs().len()));
                    Err(reason.of(format!("switch to tab {}", place + 1)))
                }
            }
        })
    }

    fn screenshot(&self) -> Doing<'_, Vec<u8>> {
        self.unsupported("take a screenshot".into())
    }

    fn document(&self) -> Doing<'_, Option<Document>> {
        Box::pin(async { Ok(self.state.lock().await.document()) })
    }

    fn cookies<'a>(&'a self, url: &'a str) -> Doing<'a, Vec<Cookie>> {
        Box::pin(async move {
            let url = parse(url).map_err(|reason| reason.of(format!("read the cookies for {url}")))?;
            let state = self.state.lock().await;
            Ok(state.jar.cookies_for(&url, Asking::SameSite, Utc::now()).into_iter().cloned().collect())
        })
    }

    fn set_cookie<'a>(&'a self, url: &'a str, cookie: &'a Cookie) -> Doing<'a, ()> {
        Box::pin(async move {
            match self.state.lock().await.jar.plant(cookie.clone(), Utc::now()) {
                true => Ok(()),
                false => Err(Reason::Invalid("no browser takes such a cookie".into())
                    .of(format!("plant the cookie {} for {url}", cookie.name))),
            }
        })
    }

    fn delete_cookie<'a>(&'a self, url: &'a str, name: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let parsed =
                parse(url).map_err(|reason| reason.of(format!("delete the cookie {name} for {url}")))?;
            self.state.lock().await.jar.delete(&parsed, name);
            Ok(())
        })
    }

    fn fetch<'a>(&'a self, what: &'a Fetch) -> Doing<'a, Fetched> {
        Box::pin(async move {
            self.explain(format!("fetch {} {}", what.method, what.url), self.fetched(what).await).await
        })
    }

    fn talk<'a>(&'a self, talk: &'a Talk) -> Doing<'a, Talked> {
        self.unsupported(format!("talk to {}", talk.url))
    }

    fn hold_socket<'a>(&'a self, url: &'a str) -> Doing<'a, Talked> {
        self.unsupported(format!("open a WebSocket at {url}"))
    }

    fn lose_socket(&self) -> Doing<'_, (u16, String)> {
        self.unsupported("wait for the end of a WebSocket".into())
    }

    fn stream<'a>(&'a self, stream: &'a Stream) -> Doing<'a, Streamed> {
        self.unsupported(format!("listen to {}", stream.url))
    }

    fn upload<'a>(&'a self, upload: &'a Upload) -> Doing<'a, Fetched> {
        self.unsupported(format!("upload {} MiB to {}", upload.mebibytes, upload.url))
    }

    fn ask_for_credential<'a>(&'a self, party: &'a str) -> Doing<'a, Option<String>> {
        self.unsupported(format!("ask for a credential of {party}"))
    }

    fn idle(&self) -> Doing<'_, ()> {
        // Whatever was asked for has been awaited.
        Box::pin(async { Ok(()) })
    }

    fn close(&self) -> Doing<'_, ()> {
        Box::pin(async {
            *self.state.lock().await = State::closed();
            Ok(())
        })
    }
}
