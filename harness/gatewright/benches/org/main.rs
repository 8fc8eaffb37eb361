//! How fast the org is: how soon it is there, how many tokens it grants beside what signing them alone takes, how soon
//! a person with a session is sent back, and what all that is in a large org. It prints tables and judges nothing.
//!
//! The org speaks TLS alone, so that is in every figure, and so are the clients: they share the machine with it.
//!
//! `cargo bench -p gatewright --bench org -- [--quick] [ready] [grants] [authorize] [size]`
#![expect(clippy::print_stdout, reason = "a benchmark has nothing but its figures to give")]

mod authorize;
mod client;
#[path = "../gate/command.rs"]
mod command;
#[path = "../shared/figures.rs"]
#[expect(dead_code, reason = "the other benchmark asks more of it")]
mod figures;
mod grants;
#[path = "../shared/machine.rs"]
mod machine;
mod ready;
mod scene;
mod signing;
mod size;

use std::error::Error;
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// How much is done for each figure.
#[derive(Clone, Copy)]
struct Effort {
    /// Starts in process.
    starts: usize,
    /// Starts as a process with keys kept from before, and without.
    processes: [usize; 2],
    /// Rounds of signing and granting.
    rounds: usize,
    /// How long each part of a round takes.
    part: Duration,
    /// Authorization requests.
    authorizations: usize,
    /// Users of the large org.
    users: usize,
    /// How many of them are assigned.
    assigned: usize,
}

const THOROUGH: Effort = Effort {
    starts: 100,
    processes: [40, 5],
    rounds: 15,
    part: Duration::from_millis(1000),
    authorizations: 5000,
    users: 100_000,
    assigned: 10_000,
};
const QUICK: Effort = Effort {
    starts: 10,
    processes: [5, 1],
    rounds: 3,
    part: Duration::from_millis(300),
    authorizations: 500,
    users: 10_000,
    assigned: 1000,
};

const FIGURES: [&str; 4] = ["ready", "grants", "authorize", "size"];

fn main() -> Outcome {
    // Cargo says `--bench` when it runs a benchmark, and nothing when it tries one out as a test.
    let (options, chosen): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let known = |option: &String| ["--bench", "--quick"].contains(&option.as_str());
    let unknown = options.iter().filter(|option| !known(option));
    let unknown = unknown.chain(chosen.iter().filter(|figure| !FIGURES.contains(&figure.as_str())));
    if let Some(unknown) = unknown.into_iter().next() {
        return Err(format!("`{unknown}` is neither --quick nor one of {}", FIGURES.join(", ")).into());
    }
    let has = |option: &str| options.iter().any(|given| given == option);
    let effort = if has("--quick") || !has("--bench") { QUICK } else { THOROUGH };
    let chosen = FIGURES.into_iter().filter(|figure| chosen.is_empty() || chosen.iter().any(|c| c == figure));
    let threads = Threads::start()?;
    threads.clients.block_on(measure(chosen, effort, threads.org.handle()))?;
    threads.org.shutdown_background();
    Ok(())
}

async fn measure(chosen: impl Iterator<Item = &'static str>, effort: Effort, org: &Handle) -> Outcome {
    for figure in chosen {
        let used = machine::Used::until_now();
        let mut table = match figure {
            "ready" => ready::measure(effort, org).await?,
            "grants" => grants::measure(effort, org).await?,
            "authorize" => authorize::measure(effort, org).await?,
            _ => size::measure(effort, org).await?,
        };
        if let Some(others) = used.and_then(|used| used.by_others_since()) {
            table.note(format!("meanwhile other programs used {:.0} % of this machine", 100.0 * others));
        }
        println!("{table}");
    }
    Ok(())
}

/// The org's threads and its clients', apart, so that the system tells how much time each of them takes.
struct Threads {
    org: Runtime,
    clients: Runtime,
}

/// What the org's threads are called.
const OKTA: &str = "okta";

impl Threads {
    fn start() -> Outcome<Self> {
        let of = |name: &str| {
            Builder::new_multi_thread().worker_threads(cores().get()).thread_name(name).enable_all().build()
        };
        Ok(Self { org: of(OKTA)?, clients: of("client")? })
    }
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
