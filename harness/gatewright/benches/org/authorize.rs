//! A person with a session, sent to the org and back with a code, which is redeemed.

use gatewright::parts::mock_idp::model::Cause;
use tokio::runtime::Handle;

use crate::figures::{Laps, Table, Watch};
use crate::scene::{self, Scene};
use crate::{Effort, Outcome};

pub(crate) async fn measure(effort: Effort, threads: &Handle) -> Outcome<Table> {
    let scene = Scene::set_with_keys(threads).await?;
    let (user, app) = (scene::user(scene.model(), 0)?, scene::web_app(scene.model())?);
    scene.model().assign_user(&app.id, &user.id, &Cause::system())?;
    let mut client = scene.client_of(&user).await?.authorized(&scene::basic(&app)?)?;
    let (path, mut laps) = (scene::authorize_path(&app), Laps::default());
    for round in 0..effort.authorizations + effort.authorizations / 10 {
        let mut watch = Watch::start();
        let code = client.code(&path).await?;
        watch.lap("authorize, with a session, to the callback with a code");
        client.post_form(scene::TOKEN, &scene::redeeming(&code)).await?;
        watch.lap("the code redeemed for two signed tokens");
        if round >= effort.authorizations / 10 {
            watch.count(&mut laps, "both");
        }
    }
    scene.strike().await;
    let title = format!("One after another, {}, ms", effort.authorizations);
    let mut table = Table::new(title, &["median", "p95"]);
    table.laps(&laps);
    Ok(table)
}
