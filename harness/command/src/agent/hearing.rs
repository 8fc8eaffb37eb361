//! What the agent says, on its way to whoever shows it.

use gatewright::parts::client::Event;
use gatewright::parts::ground::evidence::{Activity, Stamped};
use gatewright::parts::ground::{Clock, Sink};
use tokio::sync::mpsc::{self, Receiver};

/// How many events may wait to be shown. Whoever reads slower than that misses some, and the agent waits for nobody.
const WAITING: usize = 4096;

/// The listener's end.
pub(crate) struct Hearing {
    events: Receiver<Stamped<Event>>,
}

impl Hearing {
    /// A sink for an agent, and what listens to it.
    pub(crate) fn new() -> (Sink<Event>, Self) {
        let (said, events) = mpsc::channel(WAITING);
        let sink = Sink::new(Clock::new(), Activity::default(), move |event| {
            // When there is no room left, the event is left out.
            let _ = said.try_send(event);
        });
        (sink, Self { events })
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Option<Stamped<Event>> {
        self.events.recv().await
    }

    /// An event that is there already.
    pub(crate) fn heard_already(&mut self) -> Option<Stamped<Event>> {
        self.events.try_recv().ok()
    }
}
