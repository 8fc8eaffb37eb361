//! Waiting for what shall be seen.

use std::time::Duration;

use super::{Change, Driver, Error, Reason, View};

/// Waits until what is to be seen `holds`, for `within` at most, and gives that view. `awaited` names it in the error:
/// `the text "Hello"`. Between two looks it waits for the page to change.
pub async fn sees(
    driver: &dyn Driver,
    awaited: &str,
    within: Duration,
    holds: impl Fn(&View) -> bool + Send,
) -> Result<View, Error> {
    let awaited = awaited.to_owned();
    let mut last = None;
    let watching = async {
        loop {
            let view = driver.look().await?;
            if holds(&view) {
                return Ok(Some(view));
            }
            match driver.change(last.insert(view)).await? {
                Change::Possible => {}
                Change::Never => return Ok(None),
            }
        }
    };
    let reason = match tokio::time::timeout(within, watching).await {
        Ok(Ok(Some(view))) => return Ok(view),
        Ok(Ok(None)) => Reason::NotThere { awaited },
        Ok(Err(error)) => return Err(error),
        Err(_) => Reason::NotSeen { awaited, within },
    };
    let error = reason.of("look");
    Err(match last {
        Some(view) => error.seeing(view),
        None => error,
    })
}
