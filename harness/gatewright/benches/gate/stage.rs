//! Setting and striking a stage that nobody visits.

use gatewright::{People, Run, Stage};

use crate::Outcome;
use crate::figures::{Laps, Table, Watch};
use crate::scene;

pub(crate) async fn measure(rounds: usize) -> Outcome<Table> {
    let (run, given, mut laps) = (Run::start(People::Http, 1)?, scene::given(), Laps::default());
    for round in 0..=rounds {
        let mut watch = Watch::start();
        let stage = Stage::set_in(&run, &given).await?;
        watch.lap("set: org, edge, upstream, agent with its tunnel");
        stage.strike().await?;
        watch.lap("struck");
        if round > 0 {
            watch.count(&mut laps, "both");
        }
    }
    let mut table = Table::new(format!("A stage alone, {rounds}, ms"), &["median", "p95"]);
    table.laps(&laps);
    Ok(table)
}
