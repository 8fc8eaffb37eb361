//! Keeping and searching the entries.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::event::LogEvent;
use crate::model::Page;

/// More than a scenario ever logs; the oldest make room.
const CAPACITY: usize = 20_000;

#[derive(Debug, Default)]
pub(crate) struct SystemLog {
    entries: VecDeque<Arc<LogEvent>>,
    /// How many entries have made room, so that a position stays the same entry's.
    forgotten: usize,
}

/// Which entries of the System Log; all of them by default.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// Not before this moment.
    pub since: Option<DateTime<Utc>>,
    /// Before this moment.
    pub until: Option<DateTime<Utc>>,
    /// Of exactly these types; all when empty.
    pub event_types: Vec<String>,
    /// With all these words, in any letter case, somewhere in actor, targets, type, message or reason.
    pub words: Vec<String>,
    /// The latest first instead of the oldest.
    pub descending: bool,
    /// The position of the page before.
    pub after: Option<String>,
    /// How many at most.
    pub limit: Option<usize>,
}

impl SystemLog {
    pub(crate) fn append(&mut self, event: Arc<LogEvent>) {
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
            self.forgotten += 1;
        }
        self.entries.push_back(event);
    }

    /// `next` is always a position from which the same query goes on, even if there is nothing yet: that is how a
    /// System Log is followed.
    pub(crate) fn query(&self, query: &LogQuery, also: impl Fn(&LogEvent) -> bool) -> Page<Arc<LogEvent>> {
        let after = query.after.as_ref().and_then(|after| after.parse::<usize>().ok());
        let limit = query.limit.unwrap_or(usize::MAX);
        let positions = self.forgotten..self.forgotten + self.entries.len();
        let chosen = |position: &usize| {
            let event = &self.entries[position - self.forgotten];
            query.matches(event) && also(event)
        };
        let positions: Vec<usize> = if query.descending {
            let behind = |position: &usize| after.is_none_or(|after| *position < after);
            positions.rev().filter(behind).filter(chosen).take(limit).collect()
        } else {
            let behind = |position: &usize| after.is_none_or(|after| *position > after);
            positions.filter(behind).filter(chosen).take(limit).collect()
        };
        // Whoever found nothing has seen everything so far.
        let seen = (self.forgotten + self.entries.len()).checked_sub(1);
        let next = positions.last().copied().or(after).or(seen.filter(|_| !query.descending));
        let items = positions.iter().map(|position| Arc::clone(&self.entries[position - self.forgotten]));
        Page { items: items.collect(), next: next.map(|position| position.to_string()) }
    }
}

impl LogQuery {
    fn matches(&self, event: &LogEvent) -> bool {
        self.since.is_none_or(|since| event.published >= since)
            && self.until.is_none_or(|until| event.published < until)
            && (self.event_types.is_empty()
                || self.event_types.iter().any(|name| name == event.event_type.name()))
            && self.words.iter().all(|word| mentions(event, &word.to_lowercase()))
    }
}

fn mentions(event: &LogEvent, word: &str) -> bool {
    let parties = std::iter::once(&event.actor).chain(&event.target);
    let names = parties.flat_map(|party| [&party.id, &party.alternate_id, &party.display_name]);
    let texts = names.map(String::as_str).chain([event.event_type.name(), event.display_message]);
    texts.chain(event.outcome.reason.as_deref()).any(|text| text.to_lowercase().contains(word))
}
