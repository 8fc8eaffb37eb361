//! People: what someone with a browser does and sees.
//!
//! A [`Driver`] is a person's hands and eyes. [`BrowserDriver`] has a real browser profile; [`HttpDriver`] speaks HTTP
//! alone, follows redirects, keeps cookies and fills in forms, for steps that need no browser. Nothing here sleeps: a
//! person waits for what shall be seen, with a deadline, and an error tells what was awaited and what was there instead.

mod browser_driver;
mod cookie;
mod driver;
mod error;
mod exchange;
mod http_driver;
mod label;
mod sees;

pub use browser_driver::BrowserDriver;
pub use cookie::{Cookie, SameSite};
pub use driver::{Change, Document, Doing, Driver, Key, PATIENCE, Tab, View};
pub use error::{Error, Reason};
pub use exchange::{Fetch, Fetched, ServerSentEvent, Stream, Streamed, Talk, Talked, Upload};
pub use http_driver::HttpDriver;
pub use label::Label;
pub use sees::sees;
