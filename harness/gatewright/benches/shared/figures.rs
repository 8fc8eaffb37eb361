//! Times, and the tables that they are printed in.

use std::fmt;
use std::time::{Duration, Instant};

/// Times of one and the same thing.
#[derive(Default)]
pub(crate) struct Series {
    times: Vec<Duration>,
}

impl Series {
    pub(crate) fn note(&mut self, time: Duration) {
        self.times.push(time);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.times.extend(other.times);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// The time that so many in a hundred don't exceed, in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        let rank = (times.len() * percent).div_ceil(100).max(1);
        times.get(rank - 1).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }
}

/// Series by what they are of, in the order in which they were first noted.
#[derive(Default)]
pub(crate) struct Laps {
    series: Vec<(&'static str, Series)>,
}

impl Laps {
    fn note(&mut self, name: &'static str, time: Duration) {
        match self.series.iter_mut().find(|(known, _)| *known == name) {
            Some((_, series)) => series.note(time),
            None => self.series.push((name, Series { times: vec![time] })),
        }
    }

    /// One of the series.
    pub(crate) fn of(self, name: &str) -> Option<Series> {
        self.series.into_iter().find(|(known, _)| *known == name).map(|(_, series)| series)
    }

    /// The median of a series, in milliseconds.
    pub(crate) fn median(&self, name: &str) -> f64 {
        self.series
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(f64::NAN, |(_, series)| series.percentile(50))
    }
}

/// Times one round, lap by lap.
pub(crate) struct Watch {
    began: Instant,
    last: Instant,
    laps: Vec<(&'static str, Duration)>,
}

impl Watch {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self { began: now, last: now, laps: Vec::new() }
    }

    pub(crate) fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        self.laps.push((name, now - self.last));
        self.last = now;
    }

    /// The round is over and counts: its laps, and all of it under this name.
    pub(crate) fn count(self, laps: &mut Laps, all: &'static str) {
        self.laps.into_iter().for_each(|(name, time)| laps.note(name, time));
        laps.note(all, self.last - self.began);
    }
}

/// Rows of one width under a title.
pub(crate) struct Table {
    title: String,
    heads: Vec<&'static str>,
    rows: Vec<(String, Vec<String>)>,
    notes: Vec<String>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>, heads: &[&'static str]) -> Self {
        Self { title: title.into(), heads: heads.to_vec(), rows: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn row(&mut self, name: impl Into<String>, values: impl IntoIterator<Item = String>) {
        self.rows.push((name.into(), values.into_iter().collect()));
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// A row for each series: median and 95th percentile.
    pub(crate) fn laps(&mut self, laps: &Laps) {
        for (name, series) in &laps.series {
            self.row(*name, [50, 95].map(|percent| format!("{:.1}", series.percentile(percent))));
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<52}", self.title)?;
        self.heads.iter().try_for_each(|head| write!(f, "{head:>12}"))?;
        writeln!(f)?;
        for (name, values) in &self.rows {
            write!(f, "  {name:<50}")?;
            values.iter().try_for_each(|value| write!(f, "{value:>12}"))?;
            writeln!(f)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  ({note})"))
    }
}
