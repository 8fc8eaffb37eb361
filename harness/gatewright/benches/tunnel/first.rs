//! How long it takes to the first byte of an answer.

use std::time::Instant;

use crate::Outcome;
use crate::figures::{Series, Table};
use crate::requests::Asking;
use crate::scene::Scene;
use crate::way::Way;

pub(crate) async fn measure(times: usize) -> Outcome<Table> {
    let scene = Scene::set().await?;
    let title = format!("The whole answer of 1 KB, one at a time, {times} times, ms");
    let mut table = Table::new(title, &["new, p50", "new, p99", "kept, p50", "kept, p99"]);
    for way in Way::ALL.into_iter().filter(|way| way.leads(&scene)) {
        let (mut new, mut kept) = (Series::default(), Series::default());
        let mut open = Asking::over_http1(way, &scene).await?;
        for _ in 0..times {
            let began = Instant::now();
            Asking::over_http1(way, &scene).await?.ask().await?;
            new.note(began.elapsed());
            let began = Instant::now();
            open.ask().await?;
            kept.note(began.elapsed());
        }
        let values = [(&new, 50), (&new, 99), (&kept, 50), (&kept, 99)];
        table.row(way.name(), values.map(|(series, percent)| format!("{:.2}", series.percentile(percent))));
    }
    scene.notes().into_iter().for_each(|note| table.note(note));
    scene.strike().await;
    Ok(table)
}
