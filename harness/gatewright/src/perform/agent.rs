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
            AgentStep::IsKilled => self.goes(name, self.kill_agent(name)).await,
            AgentStep::StartsAgain => self.start_agent_again(name).await,
            AgentStep::Stops => self.goes(name, self.stop_agent(name)).await,
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
                // Neither what this machine's user has configured nor a port that others may want is any of its.
                ("NGROK_CONFIG", "/dev/null".to_owned()),
                ("GATEWRIGHT_WEB_ADDR", "127.0.0.1:0".to_owned()),
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

    /// What a process forwards, if the edge has it.
    fn tunnel_of_process(&self, name: &str, began: Instant) -> Result<String, &'static str> {
        let own = self.forwarded_by(name, began).ok_or("it has printed no line \"Forwarding\"")?;
        match self.tunnels_online().iter().any(|tunnel| tunnel.forwards == own) {
            true => Ok(own),
            false => Err(NOT_AT_THE_EDGE),
        }
    }

    /// Whether the edge has the tunnel of an agent of this process.
    fn has_tunnel_inside(&self, name: &str) -> Result<(), &'static str> {
        let started = self.started_by(name).ok_or("it has started no tunnel")?;
        match self.tunnels_online().iter().any(|tunnel| tunnel.id == started) {
            true => Ok(()),
            false => Err(NOT_AT_THE_EDGE),
        }
    }

    /// Lets an agent go, and waits until the edge has noticed, so that whoever comes next finds its tunnel gone.
    async fn goes(
        &self,
        name: &str,
        going: impl Future<Output = Result<(), StepError>>,
    ) -> Result<(), StepError> {
        let own: Vec<_> = match self.agents().process_began(name).await {
            Some(began) => {
                let own = self.forwarded_by(name, began);
                // Others may have joined the same Edge; that one of them goes, is seen all the same.
                self.tunnels_online().into_iter().filter(|t| Some(&t.forwards) == own.as_ref()).collect()
            }
            None => {
                let own = self.started_by(name);
                self.tunnels_online().into_iter().filter(|t| Some(&t.id) == own.as_ref()).collect()
            }
        };
        going.await?;
        let gone = self.log().until_so(self.patience(), || {
            let online = self.tunnels_online();
            let all = own.iter().all(|tunnel| online.iter().any(|other| other.id == tunnel.id));
            if all && !own.is_empty() { Err(()) } else { Ok(()) }
        });
        gone.await.map_err(|()| {
            StepError::unmet(format!("agent {name} is gone, and the edge has not noticed"))
                .compared("its tunnel offline", "its tunnel online")
        })
    }

    /// What stands next to "Forwarding" in what a process has printed since it was started.
    fn forwarded_by(&self, name: &str, began: Instant) -> Option<String> {
        self.log().read(|events| {
            let since = events.iter().filter(|stamped| stamped.at >= began);
            forwarding(&printed(since, name))
        })
    }

    /// The id of the tunnel that an agent of this process has started last.
    fn started_by(&self, name: &str) -> Option<String> {
        self.log().read(|events| {
            events.iter().rev().find_map(|stamped| match &stamped.event {
                Event::Agent(agent, client::Event::TunnelStarted { id, .. }) if **agent == *name => {
                    Some(id.clone())
                }
                _ => None,
            })
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
