//! An exercise, as a process of its platform.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::exercises::Exercise;
use crate::platform::Platform;
use crate::scene::Scene;

/// How long an exercise may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Which client it was, and what came of it.
pub(crate) struct Outcome {
    pub(crate) client: String,
    pub(crate) version: String,
    pub(crate) said: Said,
}

/// What came of an exercise.
pub(crate) enum Said {
    /// What the client made of the org.
    Seen(Value),
    /// What the client said when it refused.
    Refused(String),
}

/// Plays an exercise against the scene's org, with the packages that are in `packages`.
pub(crate) async fn play(
    exercise: &Exercise,
    packages: &std::path::Path,
    scene: &Scene,
) -> Result<Outcome, String> {
    let mut command = command(exercise, packages, scene);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let mut input = child.stdin.take().ok_or("the exercise has no standard input")?;
    let played = async {
        // A script that ends before it reads says why itself.
        let _ = input.write_all(scene.description.to_string().as_bytes()).await;
        drop(input);
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(DEADLINE, played).await;
    let output =
        output.map_err(|_| format!("{} was not done after {} s", exercise.name, DEADLINE.as_secs()))?;
    let output = output.map_err(|error| error.to_string())?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let outcome = serde_json::from_str::<Value>(stdout.trim()).ok().filter(|_| output.status.success());
    let outcome = outcome.and_then(|outcome| read(&outcome));
    outcome.ok_or_else(|| format!("{} broke off ({}):\n{stdout}\n{stderr}", exercise.name, output.status))
}

/// The interpreter in an environment of its own, since the clients read theirs: the org's authority is trusted, and no
/// proxy, token or configuration file of whoever runs the tests is there.
fn command(exercise: &Exercise, packages: &std::path::Path, scene: &Scene) -> Command {
    let (platform, trusted) = (exercise.platform, scene.org.authority());
    let folder = platform.folder();
    let mut command = Command::new(platform.program(packages));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(packages);
    match platform {
        Platform::Node | Platform::Browser => command
            .env("NODE_EXTRA_CA_CERTS", trusted)
            .env("NODE_PATH", packages.join("node_modules"))
            .arg("--import")
            .arg(folder.join("loopback.mjs"))
            .arg(folder.join(format!("exercises/{}.mjs", exercise.script))),
        Platform::Python => command
            .env("SSL_CERT_FILE", trusted)
            .env("REQUESTS_CA_BUNDLE", trusted)
            .env("PYTHONPATH", &folder)
            .env("PYTHONUTF8", "1")
            // Nothing is compiled into the source folder.
            .arg("-B")
            .arg(folder.join(format!("exercises/{}.py", exercise.script))),
    };
    command
}

fn read(outcome: &Value) -> Option<Outcome> {
    let said = match (&outcome["seen"], &outcome["refused"]) {
        (seen @ Value::Object(_), Value::Null) => Said::Seen(seen.clone()),
        (Value::Null, refused @ Value::Object(_)) => {
            let text = |name: &str| refused[name].as_str().unwrap_or_default();
            Said::Refused(format!("{}: {}", text("name"), text("message")))
        }
        _ => return None,
    };
    let text = |name: &str| outcome[name].as_str().map(str::to_owned);
    Some(Outcome { client: text("client")?, version: text("version")?, said })
}
