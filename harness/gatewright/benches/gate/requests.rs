//! Requests through edge and agent with a session, beside the same requests straight to the upstream.

use std::time::Instant;

use futures_util::future::try_join_all;
use http_body_util::BodyExt;

use crate::Outcome;
use crate::figures::{Series, Table};
use crate::guarded::{Connection, Guarded, Way};

const SIDE_BY_SIDE: [usize; 2] = [1, 16];

pub(crate) async fn measure(requests: usize) -> Outcome<Table> {
    let guarded = Guarded::set().await?;
    let title = format!("Requests, HTTP/1.1, {requests} on each connection");
    let mut table = Table::new(title, &["a second", "p50 ms", "p99 ms"]);
    for connections in SIDE_BY_SIDE {
        for way in Way::BOTH {
            let opening = (0..connections).map(|_| guarded.connect(way));
            let mut open = try_join_all(opening).await?;
            // What is opened on first use is open now.
            try_join_all(open.iter_mut().map(|connection| ask(connection, 10))).await?;
            let began = Instant::now();
            let asking = open
                .into_iter()
                .map(|mut connection| tokio::spawn(async move { ask(&mut connection, requests).await }));
            let mut all = Series::default();
            for series in try_join_all(asking).await? {
                all.extend(series?);
            }
            let rate = (connections * requests) as f64 / began.elapsed().as_secs_f64();
            let name = format!("{connections} at once, {}", way.name());
            let [p50, p99] = [50, 99].map(|percent| format!("{:.2}", all.percentile(percent)));
            table.row(name, [format!("{rate:.0}"), p50, p99]);
        }
    }
    guarded.strike().await;
    Ok(table)
}

async fn ask(connection: &mut Connection, requests: usize) -> Outcome<Series> {
    let mut series = Series::default();
    for _ in 0..requests {
        let began = Instant::now();
        connection.send("/").await?.into_body().collect().await?;
        series.note(began.elapsed());
    }
    Ok(series)
}
