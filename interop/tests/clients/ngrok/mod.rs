//! ngrok's own clients against the edge: the same exercises for each SDK, in a program that embeds it, in a world of its
//! own; and beside them the control API's client.

mod api;
mod certificates;
mod clients;
mod command;
mod commands;
mod edges;
mod modules;
mod oidc;
mod policies;
mod refusals;
mod relay;
mod scene;
mod sdk;
mod sessions;
mod transports;
mod upstream;
mod visitors;
mod world;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::packages::Packages;
use crate::platform::Platform;
use crate::test::Test;
use scene::Scene;
use sdk::Sdk;

/// How long an exercise may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What is going on in an exercise.
type Playing<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + 'a>>;

/// What each of some SDKs is put to.
#[derive(Clone, Copy)]
struct Exercise {
    name: &'static str,
    sdks: &'static [Sdk],
    /// What it needs beside the SDK.
    needs: &'static [Platform],
    play: for<'a> fn(&'a mut Scene) -> Playing<'a>,
}

/// The tests that all exercises come to.
pub(crate) fn tests() -> impl Iterator<Item = Test> {
    let exercises = [
        oidc::exercises(),
        edges::exercises(),
        refusals::exercises(),
        commands::exercises(),
        sessions::exercises(),
        transports::exercises(),
        modules::exercises(),
        policies::exercises(),
    ]
    .concat();
    let of_sdks =
        exercises.into_iter().flat_map(|exercise| exercise.sdks.iter().map(move |sdk| test(exercise, *sdk)));
    of_sdks.chain(api::tests()).chain(command::tests())
}

fn test(exercise: Exercise, sdk: Sdk) -> Test {
    Test {
        name: format!("ngrok/{}/{}", exercise.name, sdk.name()),
        client: sdk.client(),
        needs: exercise.needs.to_vec(),
        play: Box::new(move |packages| Box::pin(perform(exercise, sdk, packages))),
    }
}

async fn perform(exercise: Exercise, sdk: Sdk, packages: Arc<Packages>) -> Result<(), String> {
    let mut scene = Scene::set(sdk, packages).await?;
    let played = tokio::time::timeout(LIMIT, (exercise.play)(&mut scene)).await;
    played.map_err(|_| format!("the exercise was not done after {} s", LIMIT.as_secs()))??;
    scene.end().await
}
