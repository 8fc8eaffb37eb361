//! What failed, with everything that is needed to understand it, in one place.

use askama::Template;

use super::difference::{Stretch, compared};
use super::scenario::{Picture, parts};
use crate::model::{Failure, LogEntry, Scenario, Source};
use crate::text::{duration, failing_step};

/// How many of a part's last events are shown.
const LAST_EVENTS: usize = 5;

#[derive(Template)]
#[template(path = "failure.html")]
pub(super) struct FailurePanel<'a> {
    failure: &'a Failure,
    source: Source,
    place: Option<String>,
    expected: Vec<Stretch<'a>>,
    actual: Vec<Stretch<'a>>,
    hops: Vec<HopRow<'a>>,
    person: &'a str,
    picture: Option<Picture<'a>>,
    last_events: Vec<LastEvents<'a>>,
}

struct HopRow<'a> {
    url: &'a str,
    status: String,
    class: &'static str,
}

struct LastEvents<'a> {
    part: &'a str,
    events: Vec<(String, &'a LogEntry)>,
}

impl<'a> FailurePanel<'a> {
    /// The panel of a scenario that failed. It takes the failing step's last screenshot out of `pictures`.
    pub(super) fn of(scenario: &'a Scenario, pictures: &mut Vec<Picture<'a>>) -> Option<Self> {
        let failure = scenario.failure()?;
        let step = failure.step.and_then(|index| scenario.steps.get(index));
        let [expected, actual] = compared(&failure.expected, &failure.actual);
        let picture = failure.step.and_then(|index| {
            let place = pictures.iter().rposition(|picture| picture.screenshot.step == Some(index))?;
            Some(pictures.remove(place))
        });
        let chain = failure.redirects.as_ref();
        let hops = chain.into_iter().flat_map(|chain| &chain.hops);
        Some(Self {
            failure,
            source: Source {
                file: scenario.source.file.clone(),
                line: step.map_or(scenario.source.line, |step| step.line),
            },
            place: failing_step(scenario),
            expected,
            actual,
            hops: hops
                .map(|hop| HopRow {
                    url: &hop.url,
                    status: hop.status.map_or("–".to_owned(), |status| status.to_string()),
                    class: status_class(hop.status),
                })
                .collect(),
            person: chain.map_or("", |chain| &chain.person),
            picture,
            last_events: last_events(scenario, step.and_then(|step| step.span).map(|span| span.end_ms())),
        })
    }
}

/// The last events of each part until the failing step's end; all of the scenario's when no step is to blame.
fn last_events(scenario: &Scenario, until: Option<u64>) -> Vec<LastEvents<'_>> {
    let of_part = |part| {
        let said = scenario.logs.iter().filter(|entry| entry.part == part);
        let before: Vec<_> = said.filter(|entry| until.is_none_or(|until| entry.at_ms <= until)).collect();
        let last = &before[before.len().saturating_sub(LAST_EVENTS)..];
        LastEvents { part, events: last.iter().map(|entry| (duration(entry.at_ms), *entry)).collect() }
    };
    parts(scenario).into_iter().map(of_part).filter(|last| !last.events.is_empty()).collect()
}

/// How a status is coloured.
pub(super) fn status_class(status: Option<u16>) -> &'static str {
    match status {
        Some(100..=299) => "fine",
        Some(300..=399) => "moved",
        Some(400..=499) => "refused",
        Some(_) => "broken",
        None => "silent",
    }
}
