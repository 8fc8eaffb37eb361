//! Okta's own clients against the org, each exercise as tests of its own: once with an org that is as it should be, and
//! once for each way of doing wrong that the client has to notice.

mod browser;
mod command;
mod exercises;
mod org;
mod packages;
mod platform;
mod scene;
mod script;
mod sign_in;

use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use browser::Browser;
use exercises::{Exercise, Misbehaviour};
use packages::Packages;
use scene::Scene;
use script::Said;

fn main() {
    let arguments = Arguments::from_args();
    let runtime = Arc::new(Runtime::new().expect("a runtime for the tests"));
    let packages = Arc::new(Packages::default());
    let trials = exercises::all().into_iter().flat_map(|exercise| {
        let (runtime, packages) = (Arc::clone(&runtime), Arc::clone(&packages));
        trials_of(&exercise, move |exercise, misbehaviour| {
            runtime.block_on(perform(&exercise, misbehaviour, &packages))
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// What an exercise comes to: tests that say which client they are about, or say why they are skipped.
fn trials_of(
    exercise: &Exercise,
    perform: impl Fn(Exercise, Option<Misbehaviour>) -> Result<(), Failed> + Clone + Send + 'static,
) -> Vec<Trial> {
    let lacking = exercise.platform.lacking();
    let kind = match &lacking {
        None => format!("{} {}", exercise.client, exercise.version()),
        Some(reason) => format!("skipped: {reason}"),
    };
    let misbehaviours = exercise.misbehaviours.clone().into_iter().map(Some);
    let variants = std::iter::once(None).chain(misbehaviours);
    let trial = |misbehaviour: Option<Misbehaviour>| {
        let name = match &misbehaviour {
            None => format!("{}/works", exercise.name),
            Some(misbehaviour) => format!("{}/notices/{}", exercise.name, misbehaviour.name),
        };
        let (exercise, lacking, perform) = (exercise.clone(), lacking.clone(), perform.clone());
        let ignored = lacking.is_some();
        let run = move || match lacking {
            None => perform(exercise, misbehaviour),
            Some(reason) => Err(reason.into()),
        };
        Trial::test(name, run).with_kind(&kind).with_ignored_flag(ignored)
    };
    variants.map(trial).collect()
}

async fn perform(
    exercise: &Exercise,
    misbehaviour: Option<Misbehaviour>,
    packages: &Packages,
) -> Result<(), Failed> {
    let packages = packages.of(exercise.platform).await?;
    let pages = exercise.pages;
    let mut scene = Scene::set(&pages.map(|pages| pages.arguments(&packages)).unwrap_or_default()).await?;
    let browser = match pages {
        None => None,
        Some(pages) => {
            let browser = Browser::trusting(scene.org.authority()).await?;
            scene.description["client"] = exercise.client.into();
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
    let outcome = script::play(exercise, &packages, &scene).await;
    drop(browser);
    let described = scene.description.clone();
    scene.org.end().await?;
    let outcome = outcome?;
    if (outcome.client.as_str(), outcome.version.as_str()) != (exercise.client, &exercise.version()) {
        return Err(format!("{} {} ran", outcome.client, outcome.version).into());
    }
    match (outcome.said, misbehaviour) {
        (Said::Seen(seen), None) => missing(&(exercise.expects)(&described, &seen), &seen, "seen"),
        (Said::Refused(refusal), None) => Err(format!("the client refused a correct org: {refusal}").into()),
        (Said::Refused(refusal), Some(misbehaviour)) if refusal.contains(misbehaviour.refusal) => Ok(()),
        (Said::Refused(refusal), Some(misbehaviour)) => {
            Err(format!("the client was to say {:?}, and said: {refusal}", misbehaviour.refusal).into())
        }
        (Said::Seen(seen), Some(_)) => Err(format!("the client noticed nothing: {seen}").into()),
    }
}

/// Whether everything that is expected was seen. What was seen besides, nobody minds.
fn missing(expected: &Value, seen: &Value, at: &str) -> Result<(), Failed> {
    match (expected, seen) {
        (Value::Object(expected), Value::Object(seen)) => {
            expected.iter().try_for_each(|(name, value)| missing(value, &seen[name], &format!("{at}.{name}")))
        }
        (expected, seen) if expected == seen => Ok(()),
        (expected, seen) => Err(format!("{at} was to be {expected}, and is {seen}").into()),
    }
}
