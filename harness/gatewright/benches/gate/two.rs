//! Isolated logins with two at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures_util::future::try_join_all;

use crate::Outcome;
use crate::figures::{Laps, Table, Watch};
use crate::scene;

const AT_A_TIME: usize = 2;
const LOGIN: &str = "a login in all, ms";

pub(crate) async fn measure(logins: usize) -> Outcome<Table> {
    let run = scene::run(AT_A_TIME)?;
    let side_by_side = |logins: usize| {
        let left = Arc::new(AtomicUsize::new(logins));
        let people = (0..AT_A_TIME).map(|_| {
            let (run, left) = (run.clone(), Arc::clone(&left));
            tokio::spawn(async move {
                let (given, mut laps) = (scene::given(), Laps::default());
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                    .is_ok()
                {
                    let mut watch = Watch::start();
                    scene::log_in(&run, &given, &mut watch).await?;
                    watch.count(&mut laps, LOGIN);
                }
                Outcome::Ok(laps)
            })
        });
        try_join_all(people)
    };
    side_by_side(2 * AT_A_TIME).await?.into_iter().collect::<Outcome<Vec<_>>>()?;
    let began = Instant::now();
    let laps = side_by_side(logins).await?.into_iter().collect::<Outcome<Vec<_>>>()?;
    let took = began.elapsed();
    run.stop().await;
    let all = laps.into_iter().filter_map(|laps| laps.of(LOGIN)).reduce(|mut all, series| {
        all.extend(series);
        all
    });
    let mut table = Table::new(format!("Logins two at a time, {logins}"), &["median", "p95"]);
    let all = all.unwrap_or_default();
    table.row(LOGIN, [50, 95].map(|percent| format!("{:.1}", all.percentile(percent))));
    table.row("logins a minute", [format!("{:.0}", logins as f64 / took.as_secs_f64() * 60.0)]);
    Ok(table)
}
