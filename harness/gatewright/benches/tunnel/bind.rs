//! How long it takes to bind a tunnel, and to give it back.

use client::HttpTunnel;

use crate::Outcome;
use crate::figures::{Laps, Table, Watch};
use crate::scene::Scene;

pub(crate) async fn measure(times: usize) -> Outcome<Table> {
    let (scene, mut laps) = (Scene::set().await?, Laps::default());
    let address: client::Upstream = scene.upstream.address().to_string().parse()?;
    for _ in 0..times {
        let mut watch = Watch::start();
        let tunnel = scene.agent.bind(HttpTunnel::new(address.clone())).await?;
        watch.lap("bound");
        tunnel.close().await?;
        watch.lap("given back");
        watch.count(&mut laps, "both");
    }
    let mut table = Table::new(format!("A tunnel, {times} times, ms"), &["median", "p95"]);
    table.laps(&laps);
    scene.strike().await;
    Ok(table)
}
