//! What agents do.

use std::time::Instant;

use ground::evidence::Stamped;

use crate::record::Event;
use crate::stage::{Launch as ProcessLaunch, Process, World};
use crate::vocabulary::{AgentStep, Launch, Several, StepError, Template};

const NOT_AT_THE_EDGE: &str = "the edge does not have its tunnel";

impl World {
    pub(super) async fn agent_step(&self, name: &str, step: &AgentStep) -> Result<(), StepError> {
        match step {
            AgentStep::Starts(launch) => self.starts_agent(name, launch).await,
            AgentStep::Prints(texts) => self.prints(name, texts).await,
            AgentStep::IsOnline => self.is_online(name).await,
            AgentStep::IsKilled => self.kill_agent(name).await,
            AgentStep::StartsAgain => self.start_agent_again(name).await,
            AgentStep::Stops => self.stop_agent(name).await,
            AgentStep::ExitsWith(status) => {
                let came = self.agent_exit(name).await?;
                match u32::try_from(came) == Ok(status.0) {
                    true => Ok(()),
                    false => Err(StepError::unmet(format!("agent {name} ended with another exit status"))
                        .compared(status.0.to_string(), format!("{came}\n{}", self.printed(name)))),
                }
            }
        }
    }

    /// Starts a process by a command as a page shows it, told in its environment where the edge is.
    async fn starts_agent(&self, name: &str, launch: &Launch) -> Result<(), StepError> {
        let mut command = self.fill(&launch.command)?;
        for (from, to) in launch.replacing.iter() {
            let (from, to) = (self.fill(from)?, self.fill(to)?);
            if !command.contains(&from) {
                return Err(StepError::unmet(format!("the command has no `{from}` to replace"))
                    .compared(from, self.redactor().text(&command)));
            }
            command = command.replace(&from, &to);
        }
        let words = shlex::split(&command.replace("\\\n", " ")).ok_or_else(|| {
            StepError::unmet(format!("`{}` is not a command", self.redactor().text(&command)))
        })?;
        let arguments = match words.split_first() {
            Some((program, arguments)) if program == "gatewright" || program == "ngrok" => arguments.to_vec(),
            _ => {
                return Err(StepError::unmet(format!(
                    "`{}` is no agent's command",
                    self.redactor().text(&command)
                ))
                .advised("it begins with `gatewright` or `ngrok`"));
            }
        };
        let authtoken = match self.fill_option(launch.authtoken.as_ref())? {
            Some(authtoken) => authtoken,
            None => self.own_authtoken().expose().to_owned(),
        };
        let launch = ProcessLaunch {
            name: name.to_owned(),
            program: self.command()?,
            arguments,
            environment: vec![
                ("GATEWRIGHT_SERVER_ADDR", self.edge().agent_addr().to_string()),
                ("GATEWRIGHT_ROOT_CAS", self.trust_file()?),
                ("NGROK_AUTHTOKEN", authtoken),
            ],
        };
        self.agents().hire(name, Process::start(launch, self)?).await;
        Ok(())
    }

    async fn prints(&self, name: &str, texts: &Several<Template>) -> Result<(), StepError> {
        let texts = self.fill_all(texts.iter())?;
        let missing = self.wait_for_print(name, |printed| {
            texts
                .iter()
                .find(|text| !printed.contains(text.as_str()))
                .map_or(Ok(()), |text| Err(text.clone()))
        });
        missing.await.map_err(|text| {
            StepError::unmet(format!("agent {name} did not print what was expected"))
                .compared(text, self.printed(name))
        })
    }

    /// Waits until the edge has the agent's tunnel.
    async fn is_online(&self, name: &str) -> Result<(), StepError> {
        let process = self.agents().process_began(name).await;
        let found = self.log().until_so(self.patience(), || match process {
            Some(began) => self.tunnel_of_process(name, began).map(Some),
            None => self.has_tunnel_inside(name).map(|()| None),
        });
        match found.await {
            Ok(Some(url)) if url.starts_with("https://") => self.keep_url(name, &url),
            Ok(_) => Ok(()),
            Err(actual) => Err(StepError::unmet(format!("agent {name} is not online")).compared(
                "a tunnel that the edge has",
                format!("{actual}\n{}", self.printed(name)).trim().to_owned(),
            )),
        }
    }

    /// What stands next to "Forwarding" in what a process has printed since it was started, if the edge has it.
    fn tunnel_of_process(&self, name: &str, began: Instant) -> Result<String, &'static str> {
        let own = self.log().read(|events| {
            let since = events.iter().filter(|stamped| stamped.at >= began);
            forwarding(&printed(since, name))
        });
        let own = own.ok_or("it has printed no line \"Forwarding\"")?;
        match self.tunnels_online().iter().any(|tunnel| tunnel.forwards == own) {
            true => Ok(own),
            false => Err(NOT_AT_THE_EDGE),
        }
    }

    /// Whether the edge has the tunnel that an agent of this process has started last.
    fn has_tunnel_inside(&self, name: &str) -> Result<(), &'static str> {
        let started = self.log().read(|events| {
            events.iter().rev().find_map(|stamped| match &stamped.event {
                Event::Agent(agent, client::Event::TunnelStarted { id, .. }) if **agent == *name => {
                    Some(id.clone())
                }
                _ => None,
            })
        });
        let started = started.ok_or("it has started no tunnel")?;
        match self.tunnels_online().iter().any(|tunnel| tunnel.id == started) {
            true => Ok(()),
            false => Err(NOT_AT_THE_EDGE),
        }
    }

    /// Looks at all that an agent's process has printed, and again whenever there is more.
    async fn wait_for_print<T, N>(
        &self,
        name: &str,
        mut look: impl FnMut(&str) -> Result<T, N>,
    ) -> Result<T, N> {
        self.log().until(self.patience(), |events| look(&printed(events, name))).await
    }

    /// All that an agent's process has printed, masked.
    fn printed(&self, name: &str) -> String {
        self.redactor().text(&self.log().read(|events| printed(events, name)))
    }
}

fn printed<'a>(events: impl IntoIterator<Item = &'a Stamped<Event>>, name: &str) -> String {
    let lines = events.into_iter().filter_map(|stamped| match &stamped.event {
        Event::Printed(agent, printed) if **agent == *name => Some(printed.line.as_str()),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The URL (or the labels) that stands next to "Forwarding".
fn forwarding(printed: &str) -> Option<String> {
    let mut lines = printed.lines().filter_map(|line| line.trim_start().strip_prefix("Forwarding"));
    lines.next_back()?.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_stands_next_to_forwarding() {
        let printed =
            "Session Status  online\nForwarding      https://app.tunnel.test -> http://localhost:3000\n";
        assert_eq!(forwarding(printed).as_deref(), Some("https://app.tunnel.test"));
        assert_eq!(forwarding("Session Status  online"), None);
    }
}
