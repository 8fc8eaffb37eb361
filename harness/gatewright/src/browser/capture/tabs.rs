//! The tabs of a profile, and how their documents came.

use std::collections::VecDeque;

use crate::browser::cdp::SessionId;
use crate::browser::event::{Failed, Hop, RequestId, TabId};

/// A tab with the documents that it had.
pub(super) struct Tab {
    pub(super) id: TabId,
    pub(super) session: SessionId,
    /// The document that is there.
    pub(super) document: Option<RequestId>,
    /// The document that was asked for last.
    pub(super) attempt: Option<RequestId>,
    /// Whether it is on its way to another document.
    pub(super) way: Way,
    /// How documents came, the latest at the back; older ones may come back by the back button.
    records: VecDeque<Record>,
}

/// How far a tab is on its way from document to document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is where it is.
    Arrived,
    /// The page has asked to go elsewhere.
    Asked,
    /// The browser is loading.
    Underway,
}

impl Way {
    /// What comes of an event of DevTools' `Page` domain about the tab's own frame.
    pub(super) fn after(self, event: &str) -> Self {
        match (self, event) {
            (_, "frameRequestedNavigation") => Self::Asked,
            (_, "frameStartedNavigating" | "frameStartedLoading") => Self::Underway,
            (Self::Asked, "frameNavigated") => Self::Underway,
            // The end of what was loading before the page asked is not the end of what it asked for.
            (Self::Underway, "frameStoppedLoading") => Self::Arrived,
            (way, _) => way,
        }
    }
}

/// How one document came.
pub(super) struct Record {
    id: RequestId,
    hops: Vec<Hop>,
    /// The last hop is the document, not a redirect.
    complete: bool,
    pub(super) failure: Option<Failed>,
}

const MAX_RECORDS: usize = 64;

/// How the document in a tab came there.
#[derive(Clone, Debug)]
pub(crate) enum Loaded {
    /// Not over the network.
    Otherwise,
    /// It is not known in full yet.
    Coming,
    /// By these hops.
    By(Vec<Hop>),
}

/// What came of the last try to load a document in a tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// There was none, or it goes on, or there was an answer.
    Fine,
    /// It failed.
    Failed(Failed),
}

impl Tab {
    pub(super) fn new(id: TabId, session: SessionId) -> Self {
        Self { id, session, document: None, attempt: None, way: Way::Arrived, records: VecDeque::new() }
    }

    /// How the document that is there came.
    pub(super) fn loaded(&self) -> Loaded {
        let record = self.document.as_ref().and_then(|document| self.known(document));
        match record {
            Some(record) if record.complete => Loaded::By(record.hops.clone()),
            None | Some(Record { failure: Some(_), .. }) => Loaded::Otherwise,
            Some(_) => Loaded::Coming,
        }
    }

    /// What came of the last try to load a document.
    pub(super) fn last_attempt(&self) -> Attempt {
        match self.attempt.as_ref().and_then(|attempt| self.known(attempt)) {
            // An answer that is not shown (a download, 204) is given up by the browser, and an answer all the same.
            Some(Record { complete: true, failure: Some(failure), .. }) if failure.canceled => Attempt::Fine,
            Some(Record { failure: Some(failure), .. }) => Attempt::Failed(failure.clone()),
            Some(_) | None => Attempt::Fine,
        }
    }

    fn known(&self, id: &RequestId) -> Option<&Record> {
        self.records.iter().find(|record| record.id == *id)
    }

    /// The record of a document, a new one if there is none.
    pub(super) fn record(&mut self, id: &RequestId) -> &mut Record {
        let place = match self.records.iter().position(|record| record.id == *id) {
            Some(place) => place,
            None => {
                if self.records.len() == MAX_RECORDS {
                    self.records.pop_front();
                }
                let record = Record { id: id.clone(), hops: Vec::new(), complete: false, failure: None };
                self.records.push_back(record);
                self.records.len() - 1
            }
        };
        &mut self.records[place]
    }
}

impl Record {
    /// Takes note of a hop on its way.
    pub(super) fn take(&mut self, hop: &Hop) {
        self.complete = !(hop.status.is_redirection() && hop.response_headers.contains_key("location"));
        self.hops.push(hop.clone());
    }
}
