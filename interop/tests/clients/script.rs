//! A program beside this crate that uses a client, as a process of the client's platform.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::packages::PROGRAM;
use crate::platform::Platform;
use crate::test::Client;

/// How long a script may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// A program, and whose packages it uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script<'a> {
    pub(crate) client: Client,
    /// Its file in the platform's folder, without its ending. What is built has but one.
    pub(crate) name: &'a str,
}

/// What came of a script.
pub(crate) enum Said {
    /// What the client made of what it was put to.
    Seen(Value),
    /// What the client said when it refused.
    Refused(String),
}

impl Script<'_> {
    /// The program in an environment of its own, since the clients read theirs: this authority is trusted, and no proxy,
    /// token or configuration file of whoever runs the tests is there.
    pub(crate) fn command(&self, packages: &Path, authority: &str) -> Command {
        let platform = self.client.platform;
        let (folder, name) = (platform.folder(), self.name);
        let mut command = Command::new(match platform {
            Platform::Node | Platform::Browser => "node".into(),
            Platform::Python(_) => packages.join("bin/python"),
            Platform::Rust | Platform::Go => packages.join(PROGRAM),
        });
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(packages);
        command.env("SSL_CERT_FILE", authority).kill_on_drop(true);
        match platform {
            Platform::Node | Platform::Browser => command
                .env("NODE_EXTRA_CA_CERTS", authority)
                .env("NODE_PATH", packages.join("node_modules"))
                .arg("--import")
                .arg(folder.join("loopback.mjs"))
                .arg(folder.join(format!("{name}.mjs"))),
            Platform::Python(_) => command
                .env("REQUESTS_CA_BUNDLE", authority)
                .env("PYTHONPATH", &folder)
                .env("PYTHONUTF8", "1")
                // Nothing is compiled into the source folder.
                .arg("-B")
                .arg(folder.join(format!("{name}.py"))),
            Platform::Rust | Platform::Go => &mut command,
        };
        command
    }

    /// Gives a script its scene, and waits for what came of it.
    pub(crate) async fn play(&self, packages: &Path, authority: &str, scene: &Value) -> Result<Said, String> {
        let mut command = self.command(packages, authority);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let mut input = child.stdin.take().ok_or("the script has no standard input")?;
        let played = async {
            // A script that ends before it reads says why itself.
            let _ = input.write_all(scene.to_string().as_bytes()).await;
            drop(input);
            child.wait_with_output().await
        };
        let output = tokio::time::timeout(DEADLINE, played).await;
        let output =
            output.map_err(|_| format!("{} was not done after {} s", self.name, DEADLINE.as_secs()))?;
        let output = output.map_err(|error| error.to_string())?;
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let outcome = serde_json::from_str::<Value>(stdout.trim()).ok().filter(|_| output.status.success());
        let said = outcome.as_ref().and_then(read);
        let (Some(said), Some(outcome)) = (said, outcome) else {
            return Err(format!("{} broke off ({}):\n{stdout}\n{stderr}", self.name, output.status));
        };
        let text = |name: &str| outcome[name].as_str().unwrap_or_default();
        self.client.is(text("client"), text("version"))?;
        Ok(said)
    }
}

fn read(outcome: &Value) -> Option<Said> {
    match (&outcome["seen"], &outcome["refused"]) {
        (seen @ Value::Object(_), Value::Null) => Some(Said::Seen(seen.clone())),
        (Value::Null, refused @ Value::Object(_)) => {
            let text = |name: &str| refused[name].as_str().unwrap_or_default();
            Some(Said::Refused(format!("{}: {}", text("name"), text("message"))))
        }
        _ => None,
    }
}
