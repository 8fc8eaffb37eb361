//! The `gatewright` command: parses what is asked, calls the library, prints, and exits with a status that scripts can
//! rely on.

mod agent;
mod authorities;
mod cli;
mod doctor;
mod exit;
mod failure;
mod interrupts;
mod print;
mod report;
mod run;
mod standing;

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::cli::{AgentCommand, Cli, Command, ConfigAction, Ngrok};
use crate::exit::Exit;
use crate::failure::Failure;

fn main() -> ExitCode {
    let persona = Persona::by(std::env::args_os().next().as_deref());
    let done = match persona {
        Persona::Gatewright => do_as_asked(Cli::parse().command),
        Persona::Ngrok => do_as_ngrok(Ngrok::parse().command, persona),
    };
    let exit = done.unwrap_or_else(|failure| {
        if !failure.words.is_empty() {
            print::aside(failure.words.trim_end());
        }
        failure.exit
    });
    exit.into()
}

/// By which name the command was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Persona {
    Gatewright,
    /// Whoever calls this command `ngrok` gets the agent alone, as ngrok's own.
    Ngrok,
}

impl Persona {
    fn by(name: Option<&OsStr>) -> Self {
        match name.map(Path::new).and_then(Path::file_stem) {
            Some(name) if name == "ngrok" => Persona::Ngrok,
            _ => Persona::Gatewright,
        }
    }
}

fn do_as_asked(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Up(args) => standing::up(&args),
        Command::Agent(command) => do_as_ngrok(command, Persona::Gatewright),
        Command::Edge(args) => wait_for(standing::edge(args)),
        Command::Okta(args) => wait_for(standing::okta(args)),
        Command::Report { action } => report::report(&action),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Completions { shell } => completions(shell, Persona::Gatewright),
    }
}

fn do_as_ngrok(command: AgentCommand, persona: Persona) -> Result<Exit, Failure> {
    match command {
        AgentCommand::Http(args) => wait_for(agent::http(&args)),
        AgentCommand::Tcp(args) => wait_for(agent::tcp(&args)),
        AgentCommand::Tls(args) => wait_for(agent::tls(&args)),
        AgentCommand::Tunnel(args) => wait_for(agent::tunnel(&args)),
        AgentCommand::Start(args) => wait_for(agent::start(&args)),
        AgentCommand::Config { action } => match action {
            ConfigAction::AddAuthtoken(credential) => agent::files::add_authtoken(&credential),
            ConfigAction::AddApiKey(credential) => agent::files::add_api_key(&credential),
            ConfigAction::Check { files } => agent::files::check(&files),
        },
        AgentCommand::Version => {
            let name = if persona == Persona::Ngrok { "ngrok" } else { "gatewright" };
            print::line(format_args!("{name} version {}", env!("CARGO_PKG_VERSION")))?;
            Ok(Exit::Passed)
        }
        AgentCommand::Completion { shell } => completions(shell, persona),
    }
}

fn wait_for(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::lacking(format_args!("no threads to run on: {error}")))?;
    let outcome = runtime.block_on(work);
    // Whatever is still at it was told to end, or was to be left alone.
    runtime.shutdown_background();
    outcome
}

fn completions(shell: clap_complete::Shell, persona: Persona) -> Result<Exit, Failure> {
    let (mut command, name) = match persona {
        Persona::Gatewright => (Cli::command(), "gatewright"),
        Persona::Ngrok => (Ngrok::command(), "ngrok"),
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    print::block(String::from_utf8_lossy(&script))?;
    Ok(Exit::Passed)
}
