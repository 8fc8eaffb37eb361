//! What a person can do.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use http::StatusCode;

use super::{Cookie, Error, Fetch, Fetched, Label, Stream, Streamed, Talk, Talked, Upload};
use crate::browser::Hop;

/// How long a person waits for something to appear, unless told otherwise. Real time.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Something that a person is doing.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A person's hands and eyes, in one profile of their own. What acts on a page acts on the tab in front. What needs
/// something on the page waits for it to appear, up to the driver's patience. A driver that can't do something says
/// [`Unsupported`](super::Reason::Unsupported).
pub trait Driver: Send + Sync + fmt::Debug {
    /// What this driver is, for reports: `browser` or `http`.
    fn kind(&self) -> &'static str;

    /// How long it waits for something to appear.
    fn patience(&self) -> Duration;

    /// Types an address into the address bar, and waits until the page has loaded. Whatever the answer's status, an
    /// answer is a success; no answer, or an untrusted one, is [`NotLoaded`](super::Reason::NotLoaded).
    fn open<'a>(&'a self, url: &'a str) -> Doing<'a, ()>;

    /// What is there to be seen, now: the real address bar, the title, the visible text.
    fn look(&self) -> Doing<'_, View>;

    /// Waits until there may be something else to be seen than `from`. It may come back early, and it comes back within
    /// a second even when nothing changes; [`sees`](super::sees()) is built on it. Where nothing ever
    /// changes by itself it says so at once.
    fn change<'a>(&'a self, from: &'a View) -> Doing<'a, Change>;

    /// Clicks what is called `what`: a link, else a button, else a tab (or menu item), else a summary, else a radio
    /// button or checkbox. Waits for the page that the click leads to, if it leads to one.
    fn click<'a>(&'a self, what: &'a Label) -> Doing<'a, ()>;

    /// Replaces the content of a field by typing.
    fn fill<'a>(&'a self, field: &'a Label, value: &'a str) -> Doing<'a, ()>;

    /// Chooses an option of a drop-down field by its text.
    fn select<'a>(&'a self, field: &'a Label, option: &'a str) -> Doing<'a, ()>;

    /// What stands in a field, or beside a label (a definition list, a table row): for copying.
    fn value_of<'a>(&'a self, field: &'a Label) -> Doing<'a, String>;

    /// Presses a key where the focus is.
    fn press(&self, key: Key) -> Doing<'_, ()>;

    /// Reloads the page.
    fn reload(&self) -> Doing<'_, ()>;

    /// Goes back one page.
    fn back(&self) -> Doing<'_, ()>;

    /// The tabs, oldest first.
    fn tabs(&self) -> Doing<'_, Vec<Tab>>;

    /// Opens an empty tab and brings it to the front.
    fn open_tab(&self) -> Doing<'_, ()>;

    /// Brings a tab to the front, by its place in [`tabs`](Driver::tabs), from 0.
    fn switch_tab(&self, place: usize) -> Doing<'_, ()>;

    /// A picture of what is to be seen, as PNG.
    fn screenshot(&self) -> Doing<'_, Vec<u8>>;

    /// How the document in the tab came here; nothing if it did not come over the network (`about:blank`).
    fn document(&self) -> Doing<'_, Option<Document>>;

    /// The cookies that would go along to `url`, HttpOnly ones included.
    fn cookies<'a>(&'a self, url: &'a str) -> Doing<'a, Vec<Cookie>>;

    /// Plants a cookie for `url`, as someone who has the profile in their hands can.
    fn set_cookie<'a>(&'a self, url: &'a str, cookie: &'a Cookie) -> Doing<'a, ()>;

    /// Deletes the cookies of that name that would go along to `url`.
    fn delete_cookie<'a>(&'a self, url: &'a str, name: &'a str) -> Doing<'a, ()>;

    /// Lets the page fetch something.
    fn fetch<'a>(&'a self, what: &'a Fetch) -> Doing<'a, Fetched>;

    /// Lets the page talk over a WebSocket.
    fn talk<'a>(&'a self, talk: &'a Talk) -> Doing<'a, Talked>;

    /// Lets the page open a WebSocket, `wss:`, and keep it open, in the place of the one that it had open before.
    fn hold_socket<'a>(&'a self, url: &'a str) -> Doing<'a, Talked>;

    /// Waits until the WebSocket that the page holds open is closed, and gives code and reason (RFC 6455, 7.1.5); a page
    /// that never held one is [`Invalid`](super::Reason::Invalid).
    fn lose_socket(&self) -> Doing<'_, (u16, String)>;

    /// Lets the page listen to server-sent events.
    fn stream<'a>(&'a self, stream: &'a Stream) -> Doing<'a, Streamed>;

    /// Lets the page send a large body.
    fn upload<'a>(&'a self, upload: &'a Upload) -> Doing<'a, Fetched>;

    /// Lets the page ask for a credential of this relying party (WebAuthn), and gives the name of the exception by which
    /// the browser refuses, if it does.
    fn ask_for_credential<'a>(&'a self, party: &'a str) -> Doing<'a, Option<String>>;

    /// Waits until no request of this person's is in flight; streams and sockets do not count.
    fn idle(&self) -> Doing<'_, ()>;

    /// Ends the profile with all that is in it. Dropping the driver does the same without waiting.
    fn close(&self) -> Doing<'_, ()>;
}

/// What is there to be seen.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The address in the address bar.
    pub address: String,
    /// The page's title.
    pub title: String,
    /// The visible text.
    pub text: String,
}

impl View {
    /// The beginning of the text, white space put together, at most 300 characters.
    pub fn excerpt(&self) -> String {
        const LENGTH: usize = 300;
        let text = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        match text.char_indices().nth(LENGTH) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the address is {}", self.address)?;
        if !self.title.is_empty() {
            write!(f, ", the title \"{}\"", self.title)?;
        }
        match self.excerpt().as_str() {
            "" => f.write_str(", and there is no text"),
            text => write!(f, ", and the text reads: {text}"),
        }
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "View({self})")
    }
}

/// Whether it is worth looking again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "where nothing ever changes, looking again would go on for ever"]
pub enum Change {
    /// There may be something else to be seen now.
    Possible,
    /// Nothing there changes by itself.
    Never,
}

/// An open tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// The address in its address bar.
    pub address: String,
    /// Whether it is the one in front.
    pub in_front: bool,
}

/// How a document came: the redirects, and the answer that it is.
#[derive(Clone, Debug)]
pub struct Document {
    /// What was asked and answered on the way, in order.
    pub redirects: Vec<Hop>,
    /// The answer that is the document.
    pub answer: Hop,
}

impl Document {
    /// The status of the answer that is the document.
    pub fn status(&self) -> StatusCode {
        self.answer.status
    }

    /// Every hop, the document's own last.
    pub fn hops(&self) -> impl Iterator<Item = &Hop> {
        self.redirects.iter().chain([&self.answer])
    }
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Enter.
    Enter,
    /// Tab.
    Tab,
    /// Escape.
    Escape,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Arrow up.
    ArrowUp,
    /// Arrow down.
    ArrowDown,
    /// Arrow left.
    ArrowLeft,
    /// Arrow right.
    ArrowRight,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A key that types this character.
    Character(char),
}

/// The keys that have names, as the DOM names them (UI Events, 5.3: `KeyboardEvent.key`).
pub(super) const NAMED_KEYS: [(&str, Key); 13] = [
    ("Enter", Key::Enter),
    ("Tab", Key::Tab),
    ("Escape", Key::Escape),
    ("Backspace", Key::Backspace),
    ("Delete", Key::Delete),
    ("ArrowUp", Key::ArrowUp),
    ("ArrowDown", Key::ArrowDown),
    ("ArrowLeft", Key::ArrowLeft),
    ("ArrowRight", Key::ArrowRight),
    ("Home", Key::Home),
    ("End", Key::End),
    ("PageUp", Key::PageUp),
    ("PageDown", Key::PageDown),
];

impl FromStr for Key {
    type Err = String;

    /// `Enter`, `ArrowDown`, …, or the character that the key types.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, key)) = NAMED_KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Ok(*key);
        }
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) if !character.is_control() => Ok(Self::Character(character)),
            _ => {
                let names = NAMED_KEYS.map(|(name, _)| name).join(", ");
                Err(format!("`{text}` is no key: {names}, or one character"))
            }
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(character) => write!(f, "{character}"),
            named => {
                let name = NAMED_KEYS.iter().find(|(_, key)| key == named).map_or("", |(name, _)| name);
                f.write_str(name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_by_name_or_character_and_shown_alike() {
        for text in ["Enter", "ArrowDown", "a", "é"] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
        }
        assert_eq!("escape".parse(), Ok(Key::Escape));
        let error = "Retrun".parse::<Key>().unwrap_err();
        assert!(error.starts_with("`Retrun` is no key: Enter, Tab, "), "{error}");
        "\n".parse::<Key>().unwrap_err();
    }

    #[test]
    fn a_view_tells_in_one_line_what_is_there() {
        let view = View { address: "https://a.test/".into(), title: "A".into(), text: "one\n\n  two".into() };
        assert_eq!(
            view.to_string(),
            "the address is https://a.test/, the title \"A\", and the text reads: one two"
        );
        let long = View { text: "é".repeat(400), ..View::default() };
        assert_eq!(long.excerpt().chars().count(), 301);
        assert_eq!(
            View { address: "about:blank".into(), ..View::default() }.to_string(),
            "the address is about:blank, and there is no text"
        );
    }
}
