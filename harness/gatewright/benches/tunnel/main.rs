//! How fast the tunnel is, beside the same work straight to the upstream and through rathole, in the same run: requests,
//! bytes, first bytes, binds, and what idle tunnels and sessions cost. It prints tables and judges nothing.
//!
//! The edge and the agent share the machine with their clients and the upstream. rathole is built by cargo at the first
//! run; where it can't be, its rows say why.
//!
//! `cargo bench -p gatewright --bench tunnel -- [--quick] [requests] [bytes] [first] [bind] [idle]`
#![expect(clippy::print_stdout, reason = "a benchmark has nothing but its figures to give")]

mod bind;
mod bytes;
#[path = "../shared/figures.rs"]
#[expect(dead_code, reason = "other benchmarks ask more of it")]
mod figures;
mod first;
mod idle;
mod lean;
#[path = "../shared/machine.rs"]
#[expect(dead_code, reason = "other benchmarks ask more of it")]
mod machine;
mod rathole;
mod requests;
mod scene;
mod way;

use std::error::Error;
use std::num::NonZeroUsize;
use std::time::Duration;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// How much is done for each figure.
#[derive(Clone, Copy)]
struct Effort {
    /// How long requests are sent.
    requests: Duration,
    /// How many bytes go each way.
    bytes: u64,
    /// How often a first byte is waited for, and a tunnel bound.
    times: usize,
    /// How many idle tunnels and sessions there are.
    idle: [usize; 3],
}

const THOROUGH: Effort = Effort {
    requests: Duration::from_secs(5),
    bytes: 1024 * 1024 * 1024,
    times: 500,
    idle: [1, 1000, 10_000],
};
const QUICK: Effort =
    Effort { requests: Duration::from_millis(500), bytes: 64 * 1024 * 1024, times: 50, idle: [1, 10, 100] };

const FIGURES: [&str; 5] = ["requests", "bytes", "first", "bind", "idle"];

fn main() -> Outcome {
    if let Some(part) = idle::Part::asked_for() {
        return part.play();
    }
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
    tokio::runtime::Runtime::new()?.block_on(measure(chosen, effort))
}

async fn measure(chosen: impl Iterator<Item = &'static str>, effort: Effort) -> Outcome {
    for figure in chosen {
        let used = machine::Used::until_now();
        let mut table = match figure {
            "requests" => requests::measure(effort.requests).await?,
            "bytes" => bytes::measure(effort.bytes).await?,
            "first" => first::measure(effort.times).await?,
            "bind" => bind::measure(effort.times).await?,
            _ => idle::measure(effort.idle, effort.requests).await?,
        };
        if let Some(others) = used.and_then(|used| used.by_others_since()) {
            table.note(format!("meanwhile programs of others used {:.0} % of this machine", 100.0 * others));
        }
        println!("{table}");
    }
    Ok(())
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
