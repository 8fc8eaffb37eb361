//! A profile's tabs, each with the pages it went through.

use bytes::Bytes;
use ground::{Outbound, Sink};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use url::Url;

use super::exchange::{Arrived, Asked, Asker};
use super::form;
use super::jar::Jar;
use super::page::Page;
use crate::browser::{Event, Hop, Kind, Navigated, RequestId, TabId};
use crate::people::{Document, Label, Reason, Tab, View};

/// A profile: its cookies and tabs.
#[derive(Debug)]
pub(super) struct State {
    pub(super) jar: Jar,
    tabs: Vec<OpenTab>,
    front: usize,
    requests: u64,
    opened: u64,
}

#[derive(Debug)]
struct OpenTab {
    id: TabId,
    /// Where it has been; the last one is what is there.
    visits: Vec<Visit>,
}

#[derive(Debug)]
struct Visit {
    asked: Asked,
    page: Page,
    hops: Vec<Hop>,
}

const MOST_VISITS: usize = 50;

/// What a click leads to: a request, and whether it goes to a tab of its own.
type Leads = Option<(Asked, bool)>;

impl State {
    pub(super) fn new(evidence: &Sink<Event>) -> Self {
        let mut state = Self::closed();
        state.open_tab(evidence);
        state
    }

    /// Without anything.
    pub(super) fn closed() -> Self {
        Self { jar: Jar::default(), tabs: Vec::new(), front: 0, requests: 0, opened: 0 }
    }

    pub(super) fn open_tab(&mut self, evidence: &Sink<Event>) {
        self.opened += 1;
        let id = TabId(format!("tab-{}", self.opened));
        evidence.emit(Event::TabOpened { tab: id.clone(), opener: None });
        self.tabs.push(OpenTab { id, visits: Vec::new() });
        self.front = self.tabs.len() - 1;
    }

    pub(super) fn place(&self) -> usize {
        self.front
    }

    /// Whether there is such a tab.
    pub(super) fn switch_to(&mut self, place: usize) -> bool {
        let there = place < self.tabs.len();
        if there {
            self.front = place;
        }
        there
    }

    pub(super) fn tabs(&self) -> Vec<Tab> {
        let address = |tab: &OpenTab| match tab.visits.last() {
            Some(visit) => visit.page.url.to_string(),
            None => BLANK.into(),
        };
        let tabs = self.tabs.iter().enumerate();
        tabs.map(|(place, tab)| Tab { address: address(tab), in_front: place == self.front }).collect()
    }

    pub(super) fn view(&self) -> View {
        match self.visit() {
            Some(visit) => visit.page.view(),
            None => View { address: BLANK.into(), ..View::default() },
        }
    }

    pub(super) fn page_url(&self) -> Option<Url> {
        self.visit().map(|visit| visit.page.url.clone())
    }

    pub(super) fn document(&self) -> Option<Document> {
        let (answer, redirects) = self.visit()?.hops.split_last()?;
        Some(Document { redirects: redirects.to_vec(), answer: answer.clone() })
    }

    pub(super) fn last_asked(&self) -> Option<Asked> {
        self.visit().map(|visit| visit.asked.clone())
    }

    pub(super) fn fill(&mut self, field: &Label, value: &str) -> Result<(), Reason> {
        let page = self.page("to fill in", field)?;
        let id = page.field(field)?;
        if page.fill(id, value) { Ok(()) } else { Err(Reason::NotTaken) }
    }

    pub(super) fn select(&mut self, field: &Label, option: &str) -> Result<(), Reason> {
        let page = self.page("to choose in", field)?;
        let id = page.drop_down(field)?;
        page.choose(id, option)
    }

    pub(super) fn value_of(&mut self, field: &Label) -> Result<String, Reason> {
        self.page("to read", field)?.value_of(field)
    }

    /// Clicks; what has to be asked for then.
    pub(super) fn click(&mut self, what: &Label) -> Result<Leads, Reason> {
        let page = self.page("to click", what)?;
        let id = page.clickable(what)?;
        match (page.dom.name(id), page.input_kind(id)) {
            ("a" | "area", _) if page.dom.has(id, "href") => {
                let href = page.dom.attribute(id, "href").unwrap_or_default().trim().to_owned();
                let new_tab = page.dom.attribute(id, "target") == Some("_blank");
                Ok(follow(page, &href)?.map(|asked| (asked, new_tab)))
            }
            ("summary", _) => {
                page.unfold(id);
                Ok(None)
            }
            (_, Some("radio" | "checkbox")) => {
                page.toggle(id);
                Ok(None)
            }
            _ if page.dom.attribute(id, "type") == Some("reset") => {
                if let Some(form) = form::form_of(page, id) {
                    page.reset(form);
                }
                Ok(None)
            }
            _ => match form::submission(page, id)? {
                Some(submission) => Ok(Some((submitted(page, submission), false))),
                // A button that sends nothing is there for a script.
                None => Err(Reason::Unsupported { driver: "http" }),
            },
        }
    }

    /// Goes somewhere in the tab in front.
    pub(super) async fn go(
        &mut self,
        outbound: &Outbound,
        evidence: &Sink<Event>,
        asked: Asked,
    ) -> Result<(), Reason> {
        if let Some(visit) = self.load(outbound, evidence, asked).await? {
            let Some(tab) = self.tabs.get_mut(self.front) else { return Err(gone()) };
            if tab.visits.len() == MOST_VISITS {
                tab.visits.remove(0);
            }
            tab.visits.push(visit);
        }
        Ok(())
    }

    /// Asks for the page in front again.
    pub(super) async fn again(
        &mut self,
        outbound: &Outbound,
        evidence: &Sink<Event>,
        asked: Asked,
    ) -> Result<(), Reason> {
        if let Some(visit) = self.load(outbound, evidence, asked).await?
            && let Some(place) = self.tabs.get_mut(self.front).and_then(|tab| tab.visits.last_mut())
        {
            *place = visit;
        }
        Ok(())
    }

    /// Shows the page before, as it was left.
    pub(super) fn back(&mut self, evidence: &Sink<Event>) {
        let Some(tab) = self.tabs.get_mut(self.front).filter(|tab| tab.visits.len() > 1) else { return };
        tab.visits.pop();
        if let Some(visit) = tab.visits.last() {
            evidence.emit(navigated(&tab.id, &visit.page.url));
        }
    }

    /// Loads a page; nothing if the answer is none to show (RFC 9110, 15.3.5 and 15.3.6).
    async fn load(
        &mut self,
        outbound: &Outbound,
        evidence: &Sink<Event>,
        asked: Asked,
    ) -> Result<Option<Visit>, Reason> {
        if self.tabs.is_empty() {
            return Err(gone());
        }
        let Arrived { asked, hops, body } = self.asker(outbound, evidence).ask(asked).await?;
        let answer = hops.last().ok_or_else(|| Reason::Invalid("the answer has no head".into()))?;
        if matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT) {
            return Ok(None);
        }
        let kind =
            answer.response_headers.get(CONTENT_TYPE).map(|kind| String::from_utf8_lossy(kind.as_bytes()));
        let is_html = kind.is_none_or(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"));
        let text = String::from_utf8_lossy(&body);
        let url = asked.url.clone();
        let page = if is_html { Page::html(url, &text) } else { Page::text(url, &text) };
        if let Some(tab) = self.tabs.get(self.front) {
            evidence.emit(navigated(&tab.id, &page.url));
        }
        Ok(Some(Visit { asked, page, hops }))
    }

    /// To ask for something from the tab in front.
    pub(super) fn asker<'a>(&'a mut self, outbound: &'a Outbound, evidence: &'a Sink<Event>) -> Asker<'a> {
        self.requests += 1;
        let id = RequestId(format!("request-{}", self.requests));
        let tab = self.tabs.get(self.front).map_or_else(|| TabId("none".into()), |tab| tab.id.clone());
        Asker { outbound, evidence, jar: &mut self.jar, tab, id }
    }

    fn visit(&self) -> Option<&Visit> {
        self.tabs.get(self.front)?.visits.last()
    }

    fn page(&mut self, what: &'static str, label: &Label) -> Result<&mut Page, Reason> {
        let visit = self.tabs.get_mut(self.front).and_then(|tab| tab.visits.last_mut());
        let nothing = || Reason::NothingCalled { what, label: label.clone(), choices: Vec::new() };
        visit.map(|visit| &mut visit.page).ok_or_else(nothing)
    }
}

const BLANK: &str = "about:blank";

fn gone() -> Reason {
    Reason::Invalid("the profile is closed".into())
}

fn navigated(tab: &TabId, url: &Url) -> Event {
    Event::Navigated(Navigated {
        tab: tab.clone(),
        url: url.to_string(),
        new_document: true,
        error_page: false,
    })
}

/// What following a link asks for; nothing if it only goes elsewhere in the page.
fn follow(page: &mut Page, href: &str) -> Result<Option<Asked>, Reason> {
    let invalid = |error| Reason::Invalid(format!("the link leads to `{href}`: {error}"));
    let url = page.base().join(href).map_err(invalid)?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(Reason::Unsupported { driver: "http" });
    }
    if href.contains('#') && url[..url::Position::AfterQuery] == page.url[..url::Position::AfterQuery] {
        page.url = url;
        return Ok(None);
    }
    Ok(Some(Asked { initiator: Some(page.url.clone()), ..Asked::by_person(url) }))
}

fn submitted(page: &Page, submission: form::Submission) -> Asked {
    let form::Submission { method, url, body } = submission;
    let mut headers = HeaderMap::new();
    if body.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    }
    let (body, initiator) = (body.map(Bytes::from), Some(page.url.clone()));
    Asked { method, url, body, headers, initiator, kind: Kind::Document }
}
