//! What a person sees: by DevTools, so that nobody's waiting holds up anybody's doing.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{BrowserDriver, page};
use crate::browser::{self, Evaluated, TabId};
use crate::people::{Document, Error, Label, Reason, Tab, View};

/// How long a page may take to answer a question; it may be busy.
const ANSWER: Duration = Duration::from_secs(15);

/// Asks the page something, again and again while it goes from document to document.
pub(super) async fn ask(person: &BrowserDriver, tab: &TabId, request: &Value) -> Result<Value, Reason> {
    let expression = page::expression(request);
    loop {
        match person.profile.evaluate(tab, &expression, ANSWER).await? {
            Evaluated::Value(value) => return Ok(value),
            Evaluated::Threw(thrown) => return Err(Reason::Script(thrown)),
            // Each round is a round trip to the browser, which answers when the next document is there.
            Evaluated::Gone => {}
        }
    }
}

#[derive(Deserialize)]
struct Looked {
    href: String,
    title: String,
    text: String,
}

pub(super) async fn look(person: &BrowserDriver) -> Result<View, Error> {
    seen(person).await.map_err(|reason| reason.of("look"))
}

/// Address and page of one and the same moment: when the page went on in between, it is looked at again.
async fn seen(person: &BrowserDriver) -> Result<View, Reason> {
    let until = Instant::now() + Duration::from_secs(1);
    loop {
        let tab = person.front()?;
        let request = json!({ "operation": "look" });
        let looked = ask(person, &tab, &request).await?;
        let address = person.profile.address(&tab).await?;
        let unreadable = |error| Reason::Script(format!("its answer can't be read: {error}"));
        let Looked { href, title, text } = serde_json::from_value(looked).map_err(unreadable)?;
        // The browser's own error pages have an address that nobody sees. Where the two differ for good (a text
        // fragment), the address bar is right.
        if href == address || href.starts_with("chrome-error:") || Instant::now() >= until {
            return Ok(View { address, title, text });
        }
    }
}

/// Waits until there may be something else to be seen.
pub(super) async fn change(person: &BrowserDriver, from: Option<&View>) -> Result<(), Error> {
    let changing = async {
        let tab = person.front()?;
        if let Some(view) = from
            && person.profile.address(&tab).await? != view.address
        {
            return Ok(());
        }
        let (title, text) = (from.map(|view| &view.title), from.map(|view| &view.text));
        let request = json!({ "operation": "change", "title": title, "seen": text });
        match person.profile.evaluate(&tab, &page::expression(&request), ANSWER).await {
            Ok(_) | Err(browser::Error::Gone(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    };
    changing.await.map_err(|reason: Reason| reason.of("wait for the page to change"))
}

pub(super) async fn value_of(person: &BrowserDriver, field: &Label) -> Result<String, Error> {
    let attempted = format!("read {field}");
    let until = Instant::now() + person.patience;
    loop {
        let reading = async {
            let answer = ask(person, &person.front()?, &page::about("value", field)).await?;
            page::Answer::read(answer, "to read", field)
        };
        let reason = match reading.await {
            Ok(answer) => return Ok(answer.value.unwrap_or_default()),
            Err(reason) => reason,
        };
        let waits = matches!(reason, Reason::NothingCalled { .. } | Reason::SeveralCalled { .. });
        if !waits || tokio::time::timeout_at(until, change(person, None)).await.is_err() {
            let error = reason.of(attempted);
            return Err(match look(person).await {
                Ok(view) => error.seeing(view),
                Err(_) => error,
            });
        }
    }
}

pub(super) async fn tabs(person: &BrowserDriver) -> Result<Vec<Tab>, Error> {
    let listing = async {
        let front = person.front()?;
        let mut tabs = Vec::new();
        for tab in person.profile.tabs() {
            tabs.push(Tab { address: person.profile.address(&tab).await?, in_front: tab == front });
        }
        Ok(tabs)
    };
    listing.await.map_err(|reason: Reason| reason.of("list the tabs"))
}

pub(super) async fn screenshot(person: &BrowserDriver) -> Result<Vec<u8>, Error> {
    let taking = async {
        let window = person.profile.window(&person.front()?).await.map_err(browser::Error::from)?;
        let taken = window.run("take a screenshot", window.client().screenshot()).await;
        taken.map_err(|error| Reason::from(browser::Error::from(error)))
    };
    taking.await.map_err(|reason: Reason| reason.of("take a screenshot"))
}

pub(super) async fn document(person: &BrowserDriver) -> Result<Option<Document>, Error> {
    let telling = async {
        let mut hops = person.profile.document(&person.front()?).await?.unwrap_or_default();
        Ok(hops.pop().map(|answer| Document { redirects: hops, answer }))
    };
    telling.await.map_err(|reason: Reason| reason.of("tell how the document came"))
}
