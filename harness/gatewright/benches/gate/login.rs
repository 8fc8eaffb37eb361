//! One isolated login, and the same work in the same browser without one.

use gatewright::browser::{self, BrowserHost};

use crate::Outcome;
use crate::bare::Site;
use crate::figures::{Laps, Table, Watch};
use crate::scene;

const WARMING: usize = 2;
const LOGIN: &str = "a login in all";
const BARE: &str = "the same pages without a login in all";

pub(crate) async fn measure(rounds: usize) -> Outcome<Table> {
    let (run, given) = (scene::run(1)?, scene::given());
    let site = Site::copied(run.authority()).await?;
    let browsers = BrowserHost::start(browser::Config {
        installation: scene::installation()?,
        authority_pem: run.authority().certificate_pem(),
        workers: 1,
        headed: false,
        fresh: false,
    })?;
    let (mut logins, mut visits) = (Laps::default(), Laps::default());
    // In turns, so that whatever else the machine does falls on both; the first rounds warm up and don't count.
    for round in 0..rounds + WARMING {
        let mut login = Watch::start();
        scene::log_in(&run, &given, &mut login).await?;
        let mut visit = Watch::start();
        site.visit(&browsers, &mut visit).await?;
        if round >= WARMING {
            login.count(&mut logins, LOGIN);
            visit.count(&mut visits, BARE);
        }
    }
    browsers.stop().await;
    run.stop().await;
    let title = format!("Logins one at a time, {rounds} of each kind, ms");
    let mut table = Table::new(title, &["median", "p95"]);
    table.laps(&logins);
    table.laps(&visits);
    table.row("login / pages without", [format!("{:.2}", logins.median(LOGIN) / visits.median(BARE))]);
    table.note(
        "warm browser, fresh off-the-record profile each; no screenshot at the end, which is 60 ms more",
    );
    Ok(table)
}
