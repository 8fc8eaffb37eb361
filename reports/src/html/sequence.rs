//! The sequence drawing: who spoke to whom, from top to bottom, in bands of steps. Everything is placed here, so that
//! the template only draws.

use std::collections::HashMap;

use askama::Template;

use super::anchor::Anchors;
use crate::model::{Message, MessageKind, Outcome, Participant, ParticipantKind, Scenario};
use crate::text::{duration, one_line, shortened};

/// Room for times, at the left.
const GUTTER: u32 = 72;
/// As wide as the page, as long as the columns stay within their bounds.
const WIDTH: u32 = 1118;
const COLUMN: std::ops::RangeInclusive<u32> = 128..=260;
const HEAD: u32 = 52;
const BAND: u32 = 32;
const ROW: u32 = 40;
/// The width of a character of a label in hundredths: 0.6 of 11.5 pixels, as monospaced fonts have it, and a little air.
const CHARACTER: u32 = 705;

#[derive(Template)]
#[template(path = "sequence.html")]
pub(super) struct Sequence {
    width: u32,
    /// Whether it is wider than the page, so that it has to scroll.
    wide: bool,
    height: u32,
    head: u32,
    gutter: u32,
    columns: Vec<Column>,
    bands: Vec<Band>,
}

/// A participant's column.
struct Column {
    x: u32,
    left: u32,
    width: u32,
    label: String,
    full: String,
    kind: ParticipantKind,
}

/// A step's heading with the ground under its arrows.
struct Band {
    top: u32,
    height: u32,
    text: String,
    full: String,
    outcome: Option<Outcome>,
    odd: bool,
    lifelines: String,
    arrows: Vec<Arrow>,
}

/// A message.
struct Arrow {
    top: u32,
    line: u32,
    kind: MessageKind,
    at: String,
    label: String,
    label_x: u32,
    /// `start` or `end`: where the label lies from `label_x`.
    anchor: &'static str,
    full: String,
    /// The link to its exchange.
    link: Option<String>,
    shaft: String,
    tip: String,
}

impl Sequence {
    /// The drawing of a scenario; none when nobody spoke.
    pub(super) fn of(scenario: &Scenario, anchors: &Anchors<'_>) -> Option<Self> {
        if scenario.messages.is_empty() {
            return None;
        }
        let columns = columns(scenario);
        let width = columns.values().map(|column| column.left + column.width).max().unwrap_or(0).max(WIDTH);
        let mut placing =
            Placing { scenario, anchors, columns: &columns, width, y: 0, bands: Vec::new(), next_step: 0 };
        placing.place();
        let Placing { y: height, bands, .. } = placing;
        let mut columns: Vec<_> = columns.into_values().collect();
        columns.sort_by_key(|column| column.x);
        let mut sequence =
            Self { width, wide: width > WIDTH, height, head: HEAD, gutter: GUTTER, columns, bands };
        sequence.draw_lifelines();
        Some(sequence)
    }
}

impl Sequence {
    /// From below each band's heading to its end: lines through a heading would be hard to read.
    fn draw_lifelines(&mut self) {
        for band in &mut self.bands {
            let (from, to) = (band.top + BAND, band.top + band.height);
            if from < to {
                band.lifelines =
                    self.columns.iter().map(|column| format!("M{} {from}V{to}", column.x)).collect();
            }
        }
    }
}

/// The columns by their participants' ids. Who speaks without being listed gets one at the right.
fn columns(scenario: &Scenario) -> HashMap<&str, Column> {
    let mut ids: Vec<(&str, Option<&Participant>)> = Vec::new();
    let listed = scenario.participants.iter().map(|participant| (participant.id.as_str(), Some(participant)));
    let speaking = scenario.messages.iter().flat_map(|message| [&message.from, &message.to]);
    let speaks = |id: &str| scenario.messages.iter().any(|message| message.from == id || message.to == id);
    for (id, participant) in listed.filter(|(id, _)| speaks(id)).chain(speaking.map(|id| (id.as_str(), None)))
    {
        if !ids.iter().any(|(known, _)| *known == id) {
            ids.push((id, participant));
        }
    }
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX).max(1);
    let width = ((WIDTH - GUTTER) / count).clamp(*COLUMN.start(), *COLUMN.end());
    let place = |(index, (id, participant)): (u32, (_, Option<&Participant>))| {
        let full = participant.map_or_else(|| one_line(id), |it| one_line(&it.label));
        let left = GUTTER.saturating_add(index.saturating_mul(width));
        let column = Column {
            x: left + width / 2,
            left,
            width,
            label: fitted(&full, width - 28),
            full,
            kind: participant.map_or(ParticipantKind::Other, |it| it.kind),
        };
        (id, column)
    };
    (0..).zip(ids).map(place).collect()
}

fn fitted(text: &str, pixels: u32) -> String {
    shortened(text, (pixels * 100 / CHARACTER) as usize).into_owned()
}

struct Placing<'a> {
    scenario: &'a Scenario,
    anchors: &'a Anchors<'a>,
    columns: &'a HashMap<&'a str, Column>,
    width: u32,
    y: u32,
    bands: Vec<Band>,
    next_step: usize,
}

impl Placing<'_> {
    fn place(&mut self) {
        let mut current = None;
        for message in &self.scenario.messages {
            if current != Some(message.step) {
                current = Some(message.step);
                // Steps in which nobody spoke have a heading too, so that the drawing tells the whole story.
                self.bands_until(message.step.unwrap_or(self.next_step));
                self.band(message.step);
            }
            self.arrow(message);
        }
        self.bands_until(self.scenario.steps.iter().take_while(|step| step.span.is_some()).count());
    }

    fn bands_until(&mut self, step: usize) {
        while self.next_step < step.min(self.scenario.steps.len()) {
            self.band(Some(self.next_step));
        }
    }

    fn band(&mut self, step: Option<usize>) {
        let found = step.and_then(|index| self.scenario.steps.get(index));
        let full = match (step, found) {
            (Some(index), Some(step)) => format!("{}. {}", index + 1, one_line(&step.text)),
            _ if self.next_step == 0 => "before the steps".to_owned(),
            _ => "outside the steps".to_owned(),
        };
        if let (Some(index), Some(_)) = (step, found) {
            self.next_step = self.next_step.max(index + 1);
        }
        self.bands.push(Band {
            top: self.y,
            height: BAND,
            text: shortened(&full, 130).into_owned(),
            full,
            outcome: found.map(|step| step.outcome.into()),
            odd: self.bands.len() % 2 == 1,
            lifelines: String::new(),
            arrows: Vec::new(),
        });
        self.y += BAND;
    }

    fn arrow(&mut self, message: &Message) {
        let column = |id: &str| self.columns.get(id);
        let (Some(from), Some(to), Some(band)) =
            (column(&message.from), column(&message.to), self.bands.last_mut())
        else {
            return;
        };
        let line = self.y + 26;
        let label = one_line(&message.label);
        let (anchor, label_x, room) = label_place(from.x, to.x, self.width, &label);
        let (shaft, tip) = strokes(from.x, to.x, line, message.kind);
        band.arrows.push(Arrow {
            top: self.y,
            line,
            kind: message.kind,
            at: duration(message.at_ms),
            label_x,
            anchor,
            full: format!("{} to {}, {}: {label}", from.full, to.full, kind_in_words(message.kind)),
            label: fitted(&label, room),
            link: message.exchange.as_deref().and_then(|id| self.anchors.exchange(id)),
            shaft,
            tip,
        });
        self.y += ROW;
        band.height = self.y - band.top;
    }
}

/// Which way a label lies, from where, and how much room it has there. It may run over the lifelines beside its arrow,
/// so it lies on the side that has more room when its own isn't enough.
fn label_place(from: u32, to: u32, width: u32, label: &str) -> (&'static str, u32, u32) {
    let (left, right) = (from.min(to), from.max(to));
    let (rightwards, leftwards) = (width.saturating_sub(left + 16), right.saturating_sub(GUTTER + 16));
    let needed = label.chars().count().saturating_mul(CHARACTER as usize) / 100;
    if needed <= rightwards as usize || rightwards >= leftwards {
        ("start", left + 9, rightwards)
    } else {
        ("end", right - 9, leftwards)
    }
}

fn kind_in_words(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Request => "request",
        MessageKind::Answer => "answer",
        MessageKind::Tunnel => "through the tunnel",
        MessageKind::Refused => "refused",
    }
}

/// The paths of an arrow's shaft and of its tip, at the height `y`.
fn strokes(from: u32, to: u32, y: u32, kind: MessageKind) -> (String, String) {
    if from == to {
        let (top, out) = (y - 8, from + 34);
        let shaft = format!("M{from} {top}H{out}V{y}H{}", from + 3);
        return (shaft, tip(from + 2, y, false, kind));
    }
    let rightwards = to > from;
    let end = if rightwards { to - 3 } else { to + 3 };
    let shaft = match kind {
        // Two lines: something is inside.
        MessageKind::Tunnel => format!("M{from} {}H{end}M{from} {}H{end}", y - 2, y + 2),
        _ => format!("M{from} {y}H{end}"),
    };
    (shaft, tip(end, y, rightwards, kind))
}

fn tip(x: u32, y: u32, rightwards: bool, kind: MessageKind) -> String {
    let back = |by: u32| if rightwards { x - by } else { x + by };
    match kind {
        MessageKind::Refused => {
            let (near, far) = (back(3), back(13));
            format!("M{near} {}L{far} {}M{near} {}L{far} {}", y - 5, y + 5, y + 5, y - 5)
        }
        MessageKind::Answer => format!("M{} {}L{x} {y}L{} {}", back(8), y - 5, back(8), y + 5),
        MessageKind::Request | MessageKind::Tunnel => {
            format!("M{} {}L{x} {y}L{} {}Z", back(9), y - 5, back(9), y + 5)
        }
    }
}
