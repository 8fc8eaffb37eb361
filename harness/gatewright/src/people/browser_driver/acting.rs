//! What a person does: by WebDriver, but for typing.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::ErrorStatus;
use fantoccini::key;
use serde_json::json;
use tokio::time::Instant;
use url::Url;

use super::{BrowserDriver, page, reading};
use crate::browser::{self, Attempt, CommandError, TabId};
use crate::people::{Error, Key, Label, Reason};

pub(super) async fn open(person: &BrowserDriver, url: &str) -> Result<(), Error> {
    let attempted = format!("open {url}");
    let url = match Url::parse(url) {
        Ok(url) => url,
        Err(error) => {
            return Err(Reason::Invalid(format!("`{url}` is no absolute URL: {error}")).of(attempted));
        }
    };
    navigate(person, Going::To(url)).await.map_err(|reason| reason.of(attempted))
}

pub(super) async fn reload(person: &BrowserDriver) -> Result<(), Error> {
    navigate(person, Going::Again).await.map_err(|reason| reason.of("reload"))
}

pub(super) async fn back(person: &BrowserDriver) -> Result<(), Error> {
    navigate(person, Going::Back).await.map_err(|reason| reason.of("go back"))
}

/// Where to.
enum Going {
    To(Url),
    Again,
    Back,
}

/// Goes there, and looks at what came of it: the driver calls a page that tells of a bad certificate a success.
async fn navigate(person: &BrowserDriver, going: Going) -> Result<(), Reason> {
    let tab = person.front()?;
    let outcome = {
        let window = person.profile.window(&tab).await.map_err(browser::Error::from)?;
        person.profile.forget_attempt(&tab);
        match going {
            Going::To(url) => window.go_to("open an address", url).await,
            Going::Again => window.run("reload", window.client().refresh()).await,
            Going::Back => window.run("go back", window.client().back()).await,
        }
    };
    // The browser answers this after it has told of what it did before.
    let address = person.profile.address(&tab).await?;
    if let Attempt::Failed(failed) = person.profile.attempt(&tab) {
        return Err(Reason::NotLoaded { url: failed.url, reason: failed.reason });
    }
    outcome.map_err(|error| not_loaded(address, error))
}

fn not_loaded(url: String, error: CommandError) -> Reason {
    match error {
        CommandError::Answered { status: ErrorStatus::Timeout, .. } => {
            Reason::NotLoaded { url, reason: "it does not come to an end of loading".into() }
        }
        CommandError::Answered { message, .. } if message.contains("net::") => {
            let reason = message[message.find("net::").unwrap_or_default()..].to_owned();
            Reason::NotLoaded { url, reason }
        }
        error => browser::Error::from(error).into(),
    }
}

pub(super) async fn click(person: &BrowserDriver, what: &Label) -> Result<(), Error> {
    let attempted = format!("click {what}");
    by_element(person, &attempted, "to click", what, &page::about("click", what)).await
}

pub(super) async fn select(person: &BrowserDriver, field: &Label, option: &str) -> Result<(), Error> {
    let attempted = format!("select \"{option}\" in {field}");
    let mut request = page::about("select", field);
    request["option"] = option.into();
    by_element(person, &attempted, "to choose in", field, &request).await.map_err(|mut error| {
        if let Reason::NoOption { option: asked, .. } = &mut error.reason {
            option.clone_into(asked);
        }
        error
    })
}

/// Asks the page for an element and clicks it, until that can be done.
async fn by_element(
    person: &BrowserDriver,
    attempted: &str,
    what: &'static str,
    label: &Label,
    request: &serde_json::Value,
) -> Result<(), Error> {
    let until = Instant::now() + person.patience;
    loop {
        match try_element(person, what, label, request).await {
            Ok(()) => return Ok(()),
            Err(reason) => not_yet(person, until, attempted, reason).await?,
        }
    }
}

async fn try_element(
    person: &BrowserDriver,
    what: &'static str,
    label: &Label,
    request: &serde_json::Value,
) -> Result<(), Reason> {
    let tab = person.front()?;
    let window = person.profile.window(&tab).await.map_err(browser::Error::from)?;
    let found =
        window.run("look for it", window.client().execute(&page::body(), vec![request.clone()])).await;
    let answer = page::Answer::read(found.map_err(|error| script(error, label))?, what, label)?;
    let Some(element) = answer.element() else { return Ok(()) };
    let element = Element::from_element_id(window.client().clone(), element.into());
    person.profile.forget_wish(&tab);
    let clicked = window.run("click", element.click()).await;
    drop(window);
    clicked.or_else(|error| refused_click(person, &tab, label, error))?;
    arrive(person, &tab).await
}

/// Waits for the page that follows, if one does.
async fn arrive(person: &BrowserDriver, tab: &TabId) -> Result<(), Reason> {
    match person.profile.arrive(tab, browser::PAGE_DEADLINE).await? {
        true => Ok(()),
        false => Err(too_slow()),
    }
}

fn too_slow() -> Reason {
    let (url, reason) = ("what it leads to".into(), "it does not come to an end of loading".into());
    Reason::NotLoaded { url, reason }
}

/// A script that the driver could not run: the page is on its way elsewhere.
fn script(error: CommandError, label: &Label) -> Reason {
    match error {
        CommandError::Answered { status: ErrorStatus::JavascriptError, message, .. } => {
            Reason::Script(message)
        }
        CommandError::Answered {
            status: ErrorStatus::Timeout | ErrorStatus::UnknownError, message, ..
        } => Reason::NotUsable {
            label: label.clone(),
            how: format!("on a page that is going away ({message})"),
        },
        error => browser::Error::from(error).into(),
    }
}

fn refused_click(
    person: &BrowserDriver,
    tab: &TabId,
    label: &Label,
    error: CommandError,
) -> Result<(), Reason> {
    let not_usable = |how: String| Err(Reason::NotUsable { label: label.clone(), how });
    match error {
        CommandError::Answered { status, message, .. } => match status {
            ErrorStatus::ElementClickIntercepted => not_usable(format!("covered ({message})")),
            ErrorStatus::ElementNotInteractable => not_usable("not to be clicked at".into()),
            ErrorStatus::StaleElementReference | ErrorStatus::NoSuchElement => {
                not_usable("replaced by the page all the time".into())
            }
            // The click closed the tab.
            _ if !person.profile.tabs().contains(tab) => Ok(()),
            ErrorStatus::NoSuchWindow => Ok(()),
            ErrorStatus::Timeout => Err(too_slow()),
            // Between being found and being clicked, in the driver's words for one of its own requests to the browser.
            _ if message.contains("does not belong to the document") => {
                not_usable("replaced by the page all the time".into())
            }
            _ => Err(browser::Error::Refused { command: format!("a click on {label}"), message }.into()),
        },
        error => Err(browser::Error::from(error).into()),
    }
}

/// Waits for the page to change if there is time left and waiting can help; else this is the error.
async fn not_yet(
    person: &BrowserDriver,
    until: Instant,
    attempted: &str,
    reason: Reason,
) -> Result<(), Error> {
    let may_pass = matches!(
        reason,
        Reason::NothingCalled { .. }
            | Reason::SeveralCalled { .. }
            | Reason::NotUsable { .. }
            | Reason::NoOption { .. }
            | Reason::NotTaken
    );
    if may_pass && tokio::time::timeout_at(until, reading::change(person, None)).await.is_ok() {
        return Ok(());
    }
    let error = reason.of(attempted);
    Err(match reading::look(person).await {
        Ok(view) => error.seeing(view),
        Err(_) => error,
    })
}

pub(super) async fn fill(person: &BrowserDriver, field: &Label, value: &str) -> Result<(), Error> {
    let attempted = format!("fill in {field}");
    let until = Instant::now() + person.patience;
    loop {
        match try_fill(person, field, value).await {
            Ok(()) => return Ok(()),
            Err(reason) => not_yet(person, until, &attempted, reason).await?,
        }
    }
}

async fn try_fill(person: &BrowserDriver, field: &Label, value: &str) -> Result<(), Reason> {
    let tab = person.front()?;
    let mut request = page::about("fill", field);
    request["value"] = value.into();
    let answer = page::Answer::read(reading::ask(person, &tab, &request).await?, "to fill in", field)?;
    if answer.typing {
        // At once, as a paste or a password manager does it: 4 ms a character is what single keys cost.
        person.profile.call(&tab, "Input.insertText", json!({ "text": value })).await?;
    }
    request["operation"] = "took".into();
    match reading::ask(person, &tab, &request).await?.as_bool() {
        Some(false) => Err(Reason::NotTaken),
        _ => Ok(()),
    }
}

pub(super) async fn press(person: &BrowserDriver, key: Key) -> Result<(), Error> {
    let attempted = format!("press {key}");
    let value = character(key);
    let strokes =
        KeyActions::new("keyboard".into()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
    let pressing = async {
        let tab = person.front()?;
        let window = person.profile.window(&tab).await.map_err(browser::Error::from)?;
        person.profile.forget_wish(&tab);
        let pressed = window.run("press a key", window.client().perform_actions(strokes)).await;
        drop(window);
        pressed.map_err(browser::Error::from)?;
        arrive(person, &tab).await
    };
    pressing.await.map_err(|reason: Reason| reason.of(attempted))
}

fn character(key: Key) -> char {
    match key {
        Key::Enter => key::Key::Enter.into(),
        Key::Tab => key::Key::Tab.into(),
        Key::Escape => key::Key::Escape.into(),
        Key::Backspace => key::Key::Backspace.into(),
        Key::Delete => key::Key::Delete.into(),
        Key::ArrowUp => key::Key::Up.into(),
        Key::ArrowDown => key::Key::Down.into(),
        Key::ArrowLeft => key::Key::Left.into(),
        Key::ArrowRight => key::Key::Right.into(),
        Key::Home => key::Key::Home.into(),
        Key::End => key::Key::End.into(),
        Key::PageUp => key::Key::PageUp.into(),
        Key::PageDown => key::Key::PageDown.into(),
        Key::Character(character) => character,
    }
}

pub(super) async fn open_tab(person: &BrowserDriver) -> Result<(), Error> {
    let tab = person.profile.open_tab().await.map_err(|error| Reason::from(error).of("open a tab"))?;
    person.bring_to_front(tab);
    Ok(())
}

pub(super) async fn switch_tab(person: &BrowserDriver, place: usize) -> Result<(), Error> {
    let attempted = format!("switch to tab {}", place + 1);
    let tabs = person.profile.tabs();
    let Some(tab) = tabs.get(place) else {
        return Err(Reason::Invalid(format!("there are {} tabs", tabs.len())).of(attempted));
    };
    let brought = person.profile.call(tab, "Page.bringToFront", json!({})).await;
    brought.map_err(|error| Reason::from(error).of(attempted))?;
    person.bring_to_front(tab.clone());
    Ok(())
}
