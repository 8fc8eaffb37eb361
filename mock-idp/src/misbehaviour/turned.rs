//! The knobs of one org.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ground::{Clock, Sink};

use super::fault::{Fault, Point};
use super::knob::{Knob, KnobError, KnobId, MOST_KNOBS, Occasion};
use crate::Event;
use crate::model::Model;

/// What one org does wrong. Clones are the same knobs.
#[derive(Clone, Debug)]
pub struct Misbehaviour {
    turned: Arc<Mutex<Turned>>,
    model: Model,
    clock: Clock,
    sink: Sink<Event>,
}

#[derive(Debug, Default)]
struct Turned {
    next: u64,
    /// In the order of turning; `times` counts down.
    knobs: Vec<(KnobId, Knob)>,
}

impl Misbehaviour {
    pub(crate) fn new(model: Model, clock: Clock, sink: Sink<Event>) -> Self {
        Self { turned: Arc::default(), model, clock, sink }
    }

    /// From now on the org does this wrong.
    ///
    /// # Errors
    /// When the knob names what doesn't exist or is out of bounds, or a hundred are turned already.
    pub fn turn(&self, knob: impl Into<Knob>) -> Result<KnobId, KnobError> {
        let knob = knob.into();
        knob.check()?;
        if let Some(user) = knob.user.as_ref().filter(|user| self.model.user(user).is_none()) {
            return Err(KnobError::NoSuchUser(user.clone()));
        }
        if let Some(app) = knob.app.as_ref().filter(|app| self.model.app(app).is_none()) {
            return Err(KnobError::NoSuchApp(app.clone()));
        }
        let now = self.clock.now();
        if let Some(until) = knob.until.filter(|until| *until <= now) {
            return Err(KnobError::Past { until, now });
        }
        let mut turned = self.turned();
        if turned.knobs.len() >= MOST_KNOBS {
            return Err(KnobError::TooMany);
        }
        let id = KnobId(turned.next);
        turned.next += 1;
        turned.knobs.push((id, knob.clone()));
        self.sink.emit(Event::KnobTurned { id, knob });
        Ok(id)
    }

    /// The org does this right again. False when it did already.
    pub fn heal(&self, id: KnobId) -> bool {
        let mut turned = self.turned();
        let before = turned.knobs.len();
        turned.knobs.retain(|(known, _)| *known != id);
        let healed = turned.knobs.len() < before;
        if healed {
            self.sink.emit(Event::KnobHealed { id });
        }
        healed
    }

    /// The org does everything right again.
    pub fn heal_all(&self) {
        for (id, _) in self.turned().knobs.drain(..) {
            self.sink.emit(Event::KnobHealed { id });
        }
    }

    /// The knobs that are turned, in the order in which they were; `times` is how often each will work yet.
    pub fn knobs(&self) -> Vec<(KnobId, Knob)> {
        self.turned().knobs.clone()
    }

    /// Whether any fault works at this point, for whomever.
    pub(super) fn works_at(&self, point: Point) -> bool {
        self.turned().knobs.iter().any(|(_, knob)| knob.fault.point() == point)
    }

    /// Lets each fault of this point do its work, in the order of turning. `apply` says whether it found any to do,
    /// which is then counted and told; it must not come back here.
    pub(super) fn pass(&self, point: Point, occasion: &Occasion<'_>, mut apply: impl FnMut(&Fault) -> bool) {
        self.turned().knobs.retain_mut(|(id, knob)| {
            if !knob.works(point, occasion) || !apply(&knob.fault) {
                return true;
            }
            let request = occasion.request.to_owned();
            self.sink.emit(Event::Misbehaved { request, id: *id, fault: knob.fault.clone() });
            let Some(times) = knob.times else { return true };
            knob.times = NonZeroU32::new(times.get() - 1);
            if knob.times.is_none() {
                self.sink.emit(Event::KnobHealed { id: *id });
            }
            knob.times.is_some()
        });
    }

    /// The knobs whose time has not come.
    fn turned(&self) -> MutexGuard<'_, Turned> {
        let mut turned = self.turned.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        turned.knobs.retain(|(id, knob)| {
            let lasts = knob.until.is_none_or(|until| until > now);
            if !lasts {
                self.sink.emit(Event::KnobHealed { id: *id });
            }
            lasts
        });
        turned
    }
}
