//! Okta's own clients against the org, and ngrok's own clients against the edge. Each test says which client it is
//! about, in which version.

mod browser;
mod command;
mod ngrok;
mod okta;
mod packages;
mod platform;
mod script;
mod standing;
mod test;

use std::sync::Arc;

use libtest_mimic::Arguments;
use tokio::runtime::Runtime;

use packages::Packages;

fn main() {
    let arguments = Arguments::from_args();
    let runtime = Arc::new(Runtime::new().expect("a runtime for the tests"));
    let packages = Arc::new(Packages::default());
    let tests = okta::tests().chain(ngrok::tests());
    libtest_mimic::run(&arguments, tests.map(|test| test.trial(&runtime, &packages)).collect()).exit();
}
