//! Okta's own clients against the org, each exercise as tests of its own: once with an org that is as it should be, and
//! once for each way of doing wrong that the client has to notice.

mod exercises;
mod org;
mod scene;
mod sign_in;

use serde_json::{Value, json};

use crate::browser::{self, Browser};
use crate::packages::Packages;
use crate::script::{Said, Script};
use crate::test::Test;
use exercises::{Exercise, Misbehaviour};
use scene::Scene;

/// The tests that all exercises come to.
pub(crate) fn tests() -> impl Iterator<Item = Test> {
    exercises::all().into_iter().flat_map(tests_of)
}

fn tests_of(exercise: Exercise) -> impl Iterator<Item = Test> {
    let misbehaviours = exercise.misbehaviours.clone().into_iter().map(Some);
    std::iter::once(None).chain(misbehaviours).map(move |misbehaviour| {
        let name = match &misbehaviour {
            None => format!("okta/{}/works", exercise.name),
            Some(misbehaviour) => format!("okta/{}/notices/{}", exercise.name, misbehaviour.name),
        };
        let exercise = exercise.clone();
        Test {
            name,
            client: exercise.client,
            needs: vec![],
            play: Box::new(|packages| {
                Box::pin(async move { perform(&exercise, misbehaviour, &packages).await })
            }),
        }
    })
}

async fn perform(
    exercise: &Exercise,
    misbehaviour: Option<Misbehaviour>,
    packages: &Packages,
) -> Result<(), String> {
    let packages = packages.of(exercise.client.platform).await?;
    let pages = exercise.pages;
    let mut scene = Scene::set(&pages.map(|pages| pages.arguments(&packages)).unwrap_or_default()).await?;
    let browser = match pages {
        None => None,
        Some(pages) => {
            let browser = Browser::trusting(scene.org.authority()).await?;
            scene.description["client"] = exercise.client.package.into();
            scene.description["browser"] = browser.description();
            scene.description["pages"] = pages.name().into();
            if misbehaviour.is_none() {
                scene.description["screenshots"] = json!(browser::screenshots(exercise.name)?);
            }
            Some(browser)
        }
    };
    if let Some(misbehaviour) = &misbehaviour {
        scene.org.misbehaves(&misbehaviour.fault).await?;
    }
    let script = Script { client: exercise.client, name: exercise.script };
    let said = script.play(&packages, scene.org.authority(), &scene.description).await;
    drop(browser);
    let described = scene.description.clone();
    scene.org.end().await?;
    match (said?, misbehaviour) {
        (Said::Seen(seen), None) => missing(&(exercise.expects)(&described, &seen), &seen, "seen"),
        (Said::Refused(refusal), None) => Err(format!("the client refused a correct org: {refusal}")),
        (Said::Refused(refusal), Some(misbehaviour)) if refusal.contains(misbehaviour.refusal) => Ok(()),
        (Said::Refused(refusal), Some(misbehaviour)) => {
            Err(format!("the client was to say {:?}, and said: {refusal}", misbehaviour.refusal))
        }
        (Said::Seen(seen), Some(_)) => Err(format!("the client noticed nothing: {seen}")),
    }
}

/// Whether everything that is expected was seen. What was seen besides, nobody minds.
fn missing(expected: &Value, seen: &Value, at: &str) -> Result<(), String> {
    match (expected, seen) {
        (Value::Object(expected), Value::Object(seen)) => {
            expected.iter().try_for_each(|(name, value)| missing(value, &seen[name], &format!("{at}.{name}")))
        }
        (expected, seen) if expected == seen => Ok(()),
        (expected, seen) => Err(format!("{at} was to be {expected}, and is {seen}")),
    }
}
