//! Putting what is missing there, by the system's package manager.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::{Engine, Installation, InstallationError, System, is_root};

/// Why nothing could be installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// It is not for us to do here.
    #[error("nothing was installed: {reason}. {remedy}")]
    NotHere {
        /// Why not.
        reason: &'static str,
        /// What to do instead.
        remedy: String,
    },
    /// The package manager failed.
    #[error("`{command}` failed: {reason}")]
    Failed {
        /// The command.
        command: String,
        /// What it said last.
        reason: String,
    },
    /// All went well, and still something is amiss.
    #[error(transparent)]
    Still(#[from] InstallationError),
}

/// What we may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Privilege {
    Root,
    /// `sudo` asks for no password.
    Sudo,
    None,
}

impl Installation {
    /// Finds the installation, after putting what is missing there by the system's package manager: on Debian, as root
    /// or where `sudo` asks for no password. What is being done and what the package manager writes goes to `say`, a line
    /// at a time. Blocks until it is done.
    pub fn install(engine: Engine, say: &mut dyn FnMut(&str)) -> Result<Self, InstallError> {
        match Self::find(engine, None) {
            Ok(found) => return Ok(found),
            Err(missing @ (InstallationError::Missing { .. } | InstallationError::Mismatch { .. })) => {
                say(&missing.to_string());
            }
            Err(other) => return Err(other.into()),
        }
        for command in plan(&System::here(), engine, privilege())? {
            run(&command, say)?;
        }
        Ok(Self::find(engine, None)?)
    }
}

fn privilege() -> Privilege {
    let sudo = || Command::new("sudo").args(["-n", "true"]).stdin(Stdio::null()).output();
    if is_root() {
        Privilege::Root
    } else if sudo().is_ok_and(|output| output.status.success()) {
        Privilege::Sudo
    } else {
        Privilege::None
    }
}

/// The commands that bring everything.
fn plan(
    system: &System,
    engine: Engine,
    privilege: Privilege,
) -> Result<Vec<Vec<&'static str>>, InstallError> {
    let not_here = |reason| Err(InstallError::NotHere { reason, remedy: system.remedy(engine) });
    let before: &[&str] = match (system, privilege) {
        (System::Debian, Privilege::Root) => &["env", "DEBIAN_FRONTEND=noninteractive"],
        (System::Debian, Privilege::Sudo) => &["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"],
        (System::Debian, Privilege::None) => return not_here("it takes root, or sudo without a password"),
        (System::Ubuntu, _) => return not_here("Ubuntu has no Chromium package that can be driven"),
        _ => return not_here("only Debian's package manager is known here"),
    };
    let install = ["apt-get", "install", "--yes", "--no-install-recommends"];
    Ok(vec![
        [before, &["apt-get", "update"]].concat(),
        [before, &install, &System::packages(engine)].concat(),
    ])
}

fn run(command: &[&str], say: &mut dyn FnMut(&str)) -> Result<(), InstallError> {
    let shown = command.join(" ");
    say(&shown);
    let failed = |reason: String| InstallError::Failed { command: shown.clone(), reason };
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    // One pipe for both, so that neither fills up unread.
    let (lines, writer) = std::io::pipe().map_err(|error| failed(error.to_string()))?;
    let second = writer.try_clone().map_err(|error| failed(error.to_string()))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(second)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let mut last = String::new();
    for line in BufReader::new(lines).lines().map_while(Result::ok) {
        say(&line);
        last = line;
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("{status}; it said last: {last}"))),
        Err(error) => Err(failed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_and_sudo_install_on_debian_and_others_are_told_what_to_type() {
        let commands = |privilege| {
            let plan = plan(&System::Debian, Engine::Shell, privilege).unwrap();
            plan.iter().map(|command| command.join(" ")).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(commands(Privilege::Root), @r"
        env DEBIAN_FRONTEND=noninteractive apt-get update
        env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium-headless-shell chromium-driver libnss3-tools fonts-liberation
        ");
        assert!(commands(Privilege::Sudo).starts_with("sudo -n env DEBIAN_FRONTEND"));
        let told = plan(&System::Debian, Engine::Chromium, Privilege::None).unwrap_err();
        insta::assert_snapshot!(told, @"nothing was installed: it takes root, or sudo without a password. Put it there: sudo apt-get update && sudo apt-get install chromium chromium-driver libnss3-tools fonts-liberation");
        let ubuntu = plan(&System::Ubuntu, Engine::Shell, Privilege::Root).unwrap_err().to_string();
        assert!(ubuntu.contains("snap") && ubuntu.contains("--browser-path"), "{ubuntu}");
    }

    #[test]
    fn what_a_command_writes_is_passed_on_and_its_failure_named() {
        let mut said = Vec::new();
        let outcome =
            run(&["sh", "-c", "echo one; echo two >&2; exit 3"], &mut |line| said.push(line.to_owned()));
        assert_eq!(said, ["sh -c echo one; echo two >&2; exit 3", "one", "two"]);
        let error = outcome.unwrap_err().to_string();
        assert!(error.ends_with("failed: exit status: 3; it said last: two"), "{error}");
        run(&["true"], &mut |_| {}).unwrap();
        run(&["/nonexistent/program"], &mut |_| {}).unwrap_err();
    }
}
