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

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::failure::Failure;

fn main() -> ExitCode {
    let exit = do_as_asked(Cli::parse().command).unwrap_or_else(|failure| {
        if !failure.words.is_empty() {
            print::aside(failure.words.trim_end());
        }
        failure.exit
    });
    exit.into()
}

fn do_as_asked(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Up(args) => standing::up(&args),
        Command::Http(args) => wait_for(agent::http(args)),
        Command::Tunnel(args) => wait_for(agent::tunnel(args)),
        Command::Edge(args) => wait_for(standing::edge(args)),
        Command::Okta(args) => wait_for(standing::okta(args)),
        Command::Report { action } => report::report(&action),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Completions { shell } => completions(shell),
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

fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gatewright", &mut script);
    print::block(String::from_utf8_lossy(&script))?;
    Ok(Exit::Passed)
}
