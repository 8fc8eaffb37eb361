//! Everything that a stage's parts saw, in the order in which they said it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ground::evidence::{Activity, Stamped};
use ground::{Clock, Sink};
use tokio::sync::watch;

use crate::{browser, network, upstream};

/// What some part of the stage saw.
#[derive(Clone, Debug)]
pub enum Event {
    /// The stage's network.
    Network(network::Event),
    /// The edge, its gate included.
    Edge(edge::Event),
    /// The org.
    Org(mock_idp::Event),
    /// An agent, by name.
    Agent(Arc<str>, client::Event),
    /// An upstream, by name.
    Upstream(Arc<str>, upstream::Event),
    /// A person's browser, by the person's name.
    Browser(Arc<str>, browser::Event),
    /// An agent's process, by the agent's name.
    Printed(Arc<str>, Printed),
}

/// A line that a process has printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// The line, without its end.
    pub line: String,
}

/// A stage's evidence. Clones are the same log.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
}

struct Shared {
    events: Mutex<Vec<Stamped<Event>>>,
    arrivals: watch::Sender<usize>,
    clock: Clock,
    activity: Activity,
    began: Instant,
}

impl Log {
    /// An empty log whose events are stamped by `clock`.
    pub fn new(clock: Clock) -> Self {
        let shared = Shared {
            events: Mutex::default(),
            arrivals: watch::Sender::new(0),
            clock,
            activity: Activity::default(),
            began: Instant::now(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A sink for one part, whose events `wrap` tells apart from the others'.
    pub fn sink<E: 'static>(&self, wrap: impl Fn(E) -> Event + Send + Sync + 'static) -> Sink<E> {
        let shared = Arc::clone(&self.shared);
        Sink::new(self.shared.clock.clone(), self.shared.activity.clone(), move |stamped: Stamped<E>| {
            let Stamped { at, stage_time, event } = stamped;
            let mut events = shared.events.lock().unwrap_or_else(PoisonError::into_inner);
            events.push(Stamped { at, stage_time, event: wrap(event) });
            let count = events.len();
            drop(events);
            shared.arrivals.send_if_modified(|seen| {
                let newer = count > *seen;
                *seen = count.max(*seen);
                newer
            });
        })
    }

    /// When the log began: what `…_ms` in a report counts from.
    pub fn began(&self) -> Instant {
        self.shared.began
    }

    /// How many requests are in flight anywhere in the stage.
    pub fn activity(&self) -> &Activity {
        &self.shared.activity
    }

    /// Looks at all events so far.
    pub fn read<T>(&self, look: impl FnOnce(&[Stamped<Event>]) -> T) -> T {
        look(&self.shared.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the events, and again whenever there are more, until `look` finds what it seeks; the deadline's answer
    /// is what `look` found last instead. Nobody can log while it looks, so it asks no part of the stage.
    pub async fn until<T, N>(
        &self,
        deadline: Duration,
        mut look: impl FnMut(&[Stamped<Event>]) -> Result<T, N>,
    ) -> Result<T, N> {
        self.until_so(deadline, || self.read(&mut look)).await
    }

    /// Asks, and again whenever there are more events, until `ask` gets what it seeks; the deadline's answer is what it
    /// got last instead.
    pub async fn until_so<T, N>(
        &self,
        deadline: Duration,
        mut ask: impl FnMut() -> Result<T, N>,
    ) -> Result<T, N> {
        let mut arrivals = self.shared.arrivals.subscribe();
        let end = tokio::time::Instant::now() + deadline;
        loop {
            arrivals.mark_unchanged();
            let found = ask();
            if found.is_ok() || tokio::time::timeout_at(end, arrivals.changed()).await.is_err() {
                return found;
            }
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log of {} events", self.read(<[_]>::len))
    }
}
