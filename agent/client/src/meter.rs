//! How many connections came, how often, and how long they lasted.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How many of the last durations the percentiles are taken over.
const KEPT: usize = 1024;

/// Counts per second of the last fifteen minutes.
const WINDOW: u64 = 900;

/// Counts connections. Memory is bounded whatever the traffic.
#[derive(Debug)]
pub(crate) struct Meter {
    began: Instant,
    total: u64,
    open: u64,
    /// How many came in each of the last seconds that had any, oldest first.
    arrivals: VecDeque<(u64, u64)>,
    durations: VecDeque<Duration>,
}

/// The console's connections line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Connections {
    /// All there ever were.
    pub total: u64,
    /// Those that are open.
    pub open: u64,
    /// Connections per second over the last minute.
    pub rate_1m: f64,
    /// Connections per second over the last five minutes.
    pub rate_5m: f64,
    /// Half of them lasted no longer than this many seconds.
    pub p50: f64,
    /// Nine of ten lasted no longer than this many seconds.
    pub p90: f64,
}

/// Everything that a meter tells, times in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Reading {
    pub(crate) total: u64,
    pub(crate) open: u64,
    /// A second, over the last one, five and fifteen minutes.
    pub(crate) rates: [f64; 3],
    /// Of the durations: the 50th, 90th, 95th and 99th percentile.
    pub(crate) percentiles: [f64; 4],
}

impl Meter {
    pub(crate) fn new(now: Instant) -> Self {
        Self { began: now, total: 0, open: 0, arrivals: VecDeque::new(), durations: VecDeque::new() }
    }

    pub(crate) fn opened(&mut self, now: Instant) {
        self.total += 1;
        self.open += 1;
        let second = self.second(now);
        match self.arrivals.back_mut() {
            Some((last, count)) if *last == second => *count += 1,
            _ => self.arrivals.push_back((second, 1)),
        }
        while self.arrivals.front().is_some_and(|(oldest, _)| oldest + WINDOW < second) {
            self.arrivals.pop_front();
        }
    }

    pub(crate) fn closed(&mut self, lasted: Duration) {
        self.open = self.open.saturating_sub(1);
        if self.durations.len() == KEPT {
            self.durations.pop_front();
        }
        self.durations.push_back(lasted);
    }

    pub(crate) fn read(&self, now: Instant) -> Connections {
        let Reading { total, open, rates: [rate_1m, rate_5m, _], percentiles: [p50, p90, ..] } =
            self.reading(now);
        Connections { total, open, rate_1m, rate_5m, p50, p90 }
    }

    pub(crate) fn reading(&self, now: Instant) -> Reading {
        let second = self.second(now);
        let rate = |seconds: u64| {
            let recent = self.arrivals.iter().rev().take_while(|(at, _)| at + seconds > second);
            recent.map(|(_, count)| count).sum::<u64>() as f64 / seconds as f64
        };
        let mut durations: Vec<_> = self.durations.iter().copied().collect();
        durations.sort_unstable();
        let percentile = |share: usize| {
            let at = (durations.len() * share).div_ceil(100).saturating_sub(1);
            durations.get(at).map_or(0.0, Duration::as_secs_f64)
        };
        Reading {
            total: self.total,
            open: self.open,
            rates: [rate(60), rate(300), rate(WINDOW)],
            percentiles: [percentile(50), percentile(90), percentile(95), percentile(99)],
        }
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_fade_and_totals_stay() {
        let began = Instant::now();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let mut meter = Meter::new(began);
        (0..30).for_each(|_| meter.opened(at(5)));
        meter.opened(at(10));
        let connections = meter.read(at(20));
        assert_eq!((connections.total, connections.open), (31, 31));
        assert!((connections.rate_1m - 31.0 / 60.0).abs() < 1e-9);
        assert!((connections.rate_5m - 31.0 / 300.0).abs() < 1e-9);
        assert!((meter.read(at(69)).rate_1m - 1.0 / 60.0).abs() < 1e-9);
        assert_eq!(meter.read(at(400)).rate_5m, 0.0);
    }

    #[test]
    fn percentiles_are_of_what_really_lasted() {
        let mut meter = Meter::new(Instant::now());
        assert_eq!(meter.read(Instant::now()), Connections::default());
        for seconds in 1..=10 {
            meter.opened(meter.began);
            meter.closed(Duration::from_secs(seconds));
        }
        let connections = meter.read(Instant::now());
        assert_eq!((connections.p50, connections.p90, connections.open), (5.0, 9.0, 0));
        (0..2 * KEPT).for_each(|_| meter.closed(Duration::from_secs(1)));
        assert_eq!(meter.durations.len(), KEPT);
    }
}
