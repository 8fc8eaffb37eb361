//! What the system says of time and memory that are used up (Linux; elsewhere it says nothing).

use std::fs;
use std::time::{Duration, Instant};

/// The processor time that the threads of this name have used.
pub(crate) fn of_threads(name: &str) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    for task in fs::read_dir("/proc/self/task").ok()? {
        let task = task.ok()?.path();
        let called = fs::read_to_string(task.join("comm")).unwrap_or_default();
        if called.trim_end() == name {
            // A thread may end in between.
            sum += ran(&fs::read_to_string(task.join("schedstat")).unwrap_or_default()).unwrap_or_default();
        }
    }
    Some(sum)
}

/// The processor time that the calling thread has used.
pub(crate) fn of_this_thread() -> Option<Duration> {
    ran(&fs::read_to_string("/proc/thread-self/schedstat").ok()?)
}

/// Waits until the threads of this name have nothing to do.
pub(crate) async fn still(name: &str) {
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    let mut before = None;
    loop {
        looks.tick().await;
        let now = of_threads(name);
        if now.is_none() || now == before {
            return;
        }
        before = now;
    }
}

fn ran(schedstat: &str) -> Option<Duration> {
    schedstat.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// This process's memory, in KiB.
pub(crate) fn resident() -> Option<u64> {
    resident_of("self")
}

/// The memory of the process with this number, in KiB.
pub(crate) fn resident_of(process: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// How much processor time had been used at a moment.
pub(crate) struct Used {
    at: Instant,
    by_all: Duration,
    by_this: Duration,
}

impl Used {
    pub(crate) fn until_now() -> Option<Self> {
        let all = fs::read_to_string("/proc/stat").ok()?;
        // user, nice, system; then idle and iowait, which nobody uses; irq, softirq, steal: proc(5).
        let all: Vec<u64> =
            all.lines().next()?.split_whitespace().skip(1).filter_map(|it| it.parse().ok()).collect();
        let own = fs::read_to_string("/proc/self/stat").ok()?;
        // The name in parentheses may hold anything; utime, stime and those of children are the 14th and on.
        let own = own
            .rsplit_once(')')?
            .1
            .split_whitespace()
            .skip(11)
            .take(4)
            .filter_map(|it| it.parse::<u64>().ok());
        let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|place| all.get(*place)).sum();
        Some(Self { at: Instant::now(), by_all: ticks(busy), by_this: ticks(own.sum()) })
    }

    /// The share of the machine's time that other programs have used since then.
    pub(crate) fn by_others_since(&self) -> Option<f64> {
        let now = Self::until_now()?;
        let others = (now.by_all - self.by_all).saturating_sub(now.by_this - self.by_this);
        let whole = (now.at - self.at).as_secs_f64() * crate::cores().get() as f64;
        Some(others.as_secs_f64() / whole)
    }
}

/// Linux counts in hundredths of a second here, whatever its own clock does.
fn ticks(count: u64) -> Duration {
    Duration::from_millis(count * 10)
}
