//! A person with a real browser.

mod acting;
mod network;
mod page;
mod reading;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{
    Change, Cookie, Document, Doing, Driver, Fetch, Fetched, Key, Label, PATIENCE, Stream, Streamed, Tab,
    Talk, Talked, Upload, View,
};
use crate::browser::{Error, Profile, TabId};

/// A person with a real browser: a profile, and one of its tabs in front.
#[derive(Debug)]
pub struct BrowserDriver {
    profile: Profile,
    front: Mutex<Option<TabId>>,
    patience: Duration,
}

impl BrowserDriver {
    /// A person in this profile, with [`PATIENCE`].
    pub fn new(profile: Profile) -> Self {
        Self { profile, front: Mutex::default(), patience: PATIENCE }
    }

    /// The same, with another patience.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The tab in front; if the page has closed it, the latest one.
    fn front(&self) -> Result<TabId, Error> {
        let tabs = self.profile.tabs();
        let mut front = self.front.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tab) = front.as_ref().filter(|tab| tabs.contains(tab)) {
            return Ok(tab.clone());
        }
        let latest = tabs.last().ok_or_else(|| Error::Gone("the last tab is closed".into()))?;
        Ok(front.insert(latest.clone()).clone())
    }

    fn bring_to_front(&self, tab: TabId) {
        *self.front.lock().unwrap_or_else(PoisonError::into_inner) = Some(tab);
    }
}

impl Driver for BrowserDriver {
    fn kind(&self) -> &'static str {
        "browser"
    }

    fn patience(&self) -> Duration {
        self.patience
    }

    fn open<'a>(&'a self, url: &'a str) -> Doing<'a, ()> {
        Box::pin(acting::open(self, url))
    }

    fn look(&self) -> Doing<'_, View> {
        Box::pin(reading::look(self))
    }

    fn change<'a>(&'a self, from: &'a View) -> Doing<'a, Change> {
        Box::pin(async { reading::change(self, Some(from)).await.map(|()| Change::Possible) })
    }

    fn click<'a>(&'a self, what: &'a Label) -> Doing<'a, ()> {
        Box::pin(acting::click(self, what))
    }

    fn fill<'a>(&'a self, field: &'a Label, value: &'a str) -> Doing<'a, ()> {
        Box::pin(acting::fill(self, field, value))
    }

    fn select<'a>(&'a self, field: &'a Label, option: &'a str) -> Doing<'a, ()> {
        Box::pin(acting::select(self, field, option))
    }

    fn value_of<'a>(&'a self, field: &'a Label) -> Doing<'a, String> {
        Box::pin(reading::value_of(self, field))
    }

    fn press(&self, key: Key) -> Doing<'_, ()> {
        Box::pin(acting::press(self, key))
    }

    fn reload(&self) -> Doing<'_, ()> {
        Box::pin(acting::reload(self))
    }

    fn back(&self) -> Doing<'_, ()> {
        Box::pin(acting::back(self))
    }

    fn tabs(&self) -> Doing<'_, Vec<Tab>> {
        Box::pin(reading::tabs(self))
    }

    fn open_tab(&self) -> Doing<'_, ()> {
        Box::pin(acting::open_tab(self))
    }

    fn switch_tab(&self, place: usize) -> Doing<'_, ()> {
        Box::pin(acting::switch_tab(self, place))
    }

    fn screenshot(&self) -> Doing<'_, Vec<u8>> {
        Box::pin(reading::screenshot(self))
    }

    fn document(&self) -> Doing<'_, Option<Document>> {
        Box::pin(reading::document(self))
    }

    fn cookies<'a>(&'a self, url: &'a str) -> Doing<'a, Vec<Cookie>> {
        Box::pin(network::cookies(self, url))
    }

    fn set_cookie<'a>(&'a self, url: &'a str, cookie: &'a Cookie) -> Doing<'a, ()> {
        Box::pin(network::set_cookie(self, url, cookie))
    }

    fn delete_cookie<'a>(&'a self, url: &'a str, name: &'a str) -> Doing<'a, ()> {
        Box::pin(network::delete_cookie(self, url, name))
    }

    fn fetch<'a>(&'a self, what: &'a Fetch) -> Doing<'a, Fetched> {
        Box::pin(network::fetch(self, what))
    }

    fn talk<'a>(&'a self, talk: &'a Talk) -> Doing<'a, Talked> {
        Box::pin(network::talk(self, talk))
    }

    fn hold_socket<'a>(&'a self, url: &'a str) -> Doing<'a, Talked> {
        Box::pin(network::hold_socket(self, url))
    }

    fn lose_socket(&self) -> Doing<'_, (u16, String)> {
        Box::pin(network::lose_socket(self))
    }

    fn stream<'a>(&'a self, stream: &'a Stream) -> Doing<'a, Streamed> {
        Box::pin(network::stream(self, stream))
    }

    fn upload<'a>(&'a self, upload: &'a Upload) -> Doing<'a, Fetched> {
        Box::pin(network::upload(self, upload))
    }

    fn ask_for_credential<'a>(&'a self, party: &'a str) -> Doing<'a, Option<String>> {
        Box::pin(network::ask_for_credential(self, party))
    }

    fn idle(&self) -> Doing<'_, ()> {
        Box::pin(async {
            self.profile.idle().await;
            Ok(())
        })
    }

    fn close(&self) -> Doing<'_, ()> {
        Box::pin(async { self.profile.close().await.map_err(|error| super::Reason::from(error).of("close")) })
    }
}
