//! ngrok's own SDKs against the edge: the same exercises for each, in a program that embeds it, in a world of its own.

mod commands;
mod oidc;
mod refusals;
mod scene;
mod sdk;
mod sessions;
mod upstream;
mod visitors;
mod world;

use std::pin::Pin;

use crate::packages::Packages;
use crate::platform::Platform;
use crate::test::Test;
use scene::Scene;
use sdk::Sdk;

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
    let exercises =
        [oidc::exercises(), refusals::exercises(), commands::exercises(), sessions::exercises()].concat();
    exercises.into_iter().flat_map(|exercise| exercise.sdks.iter().map(move |sdk| test(exercise, *sdk)))
}

fn test(exercise: Exercise, sdk: Sdk) -> Test {
    Test {
        name: format!("ngrok/{}/{}", exercise.name, sdk.name()),
        client: sdk.client(),
        needs: exercise.needs.to_vec(),
        play: Box::new(move |packages| Box::pin(async move { perform(exercise, sdk, &packages).await })),
    }
}

async fn perform(exercise: Exercise, sdk: Sdk, packages: &Packages) -> Result<(), String> {
    let mut scene = Scene::set(sdk, exercise.needs, packages).await?;
    (exercise.play)(&mut scene).await?;
    scene.end().await
}
