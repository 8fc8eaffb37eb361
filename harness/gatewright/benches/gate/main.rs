//! How fast the whole is: the scenario suite, logins and stages, logins beside the same work without them in the same
//! run. It prints tables and judges nothing.
//!
//! `cargo bench -p gatewright --bench gate -- [--quick] [suite] [login] [two] [stage]`
#![expect(clippy::print_stdout, reason = "a benchmark has nothing but its figures to give")]

mod bare;
mod command;
#[path = "../shared/figures.rs"]
#[expect(dead_code, reason = "other benchmarks ask more of it")]
mod figures;
mod login;
mod scene;
mod stage;
mod suite;
mod two;

use std::error::Error;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// How much is done for each figure.
#[derive(Clone, Copy)]
struct Effort {
    /// Logins, and the same work without one.
    logins: usize,
    /// Logins with two at a time, in all.
    logins_two_at_a_time: usize,
    /// Stages that are set and struck.
    stages: usize,
}

const THOROUGH: Effort = Effort { logins: 60, logins_two_at_a_time: 120, stages: 200 };
const QUICK: Effort = Effort { logins: 10, logins_two_at_a_time: 16, stages: 20 };

const FIGURES: [&str; 4] = ["suite", "login", "two", "stage"];

#[tokio::main]
async fn main() -> Outcome {
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
    for figure in FIGURES.into_iter().filter(|figure| chosen.is_empty() || chosen.iter().any(|c| c == figure))
    {
        let table = match figure {
            "suite" => suite::measure().await?,
            "login" => login::measure(effort.logins).await?,
            "two" => two::measure(effort.logins_two_at_a_time).await?,
            _ => stage::measure(effort.stages).await?,
        };
        println!("{table}");
    }
    Ok(())
}
