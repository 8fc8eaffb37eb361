//! What agents do.

use crate::record::Event;
use crate::stage::{Launch as ProcessLaunch, Process, World};
use crate::vocabulary::{AgentStep, Launch, Several, StepError, Template};

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
                ("GATEWRIGHT_ROOT_CAS", self.trust_file()),
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
        let found = self.log().until(self.patience(), |events| {
            let started = events.iter().rev().find_map(|stamped| match &stamped.event {
                Event::Agent(agent, client::Event::TunnelStarted { id, .. }) if **agent == *name => {
                    Some(id.clone())
                }
                _ => None,
            });
            let online = |id: &str| self.tunnels_online().iter().any(|tunnel| tunnel == id);
            match started {
                Some(id) if online(&id) => Ok(()),
                Some(_) => Err("the edge does not have its tunnel"),
                None => Err("it has started no tunnel"),
            }
        });
        let process = self.wait_for_print(name, |printed| match forwarding(printed) {
            Some(url) => Ok(url),
            None => Err("it has printed no line \"Forwarding\""),
        });
        let outcome = match self.agents().is_process(name).await {
            true => process.await.map(|url| self.agents().keep_url(name, &url)),
            false => found.await,
        };
        outcome.map_err(|actual| {
            StepError::unmet(format!("agent {name} is not online")).compared(
                "a tunnel that the edge has",
                format!("{actual}\n{}", self.printed(name)).trim().to_owned(),
            )
        })
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

fn printed(events: &[ground::evidence::Stamped<Event>], name: &str) -> String {
    let lines = events.iter().filter_map(|stamped| match &stamped.event {
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
