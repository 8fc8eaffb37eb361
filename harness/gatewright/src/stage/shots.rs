//! Screenshots.

use std::time::Instant;

use super::world::World;
use crate::vocabulary::StepError;

/// A picture of what a person's browser showed.
#[derive(Clone, Debug)]
pub struct Shot {
    /// Whose browser.
    pub person: String,
    /// What the scenario says about it.
    pub caption: Option<String>,
    /// When.
    pub at: Instant,
    /// The picture.
    pub png: Vec<u8>,
}

impl World {
    pub(crate) async fn takes_a_screenshot(&self, who: &str, caption: &str) -> Result<(), StepError> {
        let driver = self.driver(who).await?;
        let png = driver.screenshot().await.map_err(|error| self.not_done(who, error))?;
        self.keep_shot(Shot {
            person: who.to_owned(),
            caption: Some(caption.to_owned()),
            at: Instant::now(),
            png,
        });
        Ok(())
    }

    /// A picture of each browser that is open and can show one.
    pub(crate) async fn shoot_everybody(&self) {
        for (person, driver) in self.cast.open().await {
            if let Ok(png) = driver.screenshot().await {
                self.keep_shot(Shot { person, caption: None, at: Instant::now(), png });
            }
        }
    }

    pub(super) fn take_shots(&self) -> Vec<Shot> {
        std::mem::take(&mut *self.shots.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn keep_shot(&self, shot: Shot) {
        self.shots.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(shot);
    }
}
