//! `gatewright doctor`.

use crate::program::gatewright;

fn output(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_browser_that_is_not_there_is_named() {
    let missing = ["doctor", "--browser-path", "/nowhere/chromium"];
    let assert = gatewright().args(missing).assert().code(3).stdout("");
    insta::assert_snapshot!(output(&assert.get_output().stderr), @"error: /nowhere/chromium can't be driven: there is no such file");
}

#[test]
fn what_is_here_is_listed_with_its_version() {
    let assert = gatewright().arg("doctor").assert().success().stderr("");
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"/[\w./-]+/([\w-]+)", "/…/$1");
    settings.add_filter(r"  +\d+(\.\d+)+", "  VERSION");
    let _normalized = settings.bind_to_scope();
    insta::assert_snapshot!(output(&assert.get_output().stdout), @r"
    Everything that --browser chromium-shell needs is here:
      browser   /…/chromium-headless-shell  VERSION
      driver    /…/chromedriver  VERSION
      certutil  /…/certutil
    ");
}

#[test]
fn without_a_browser_nothing_is_needed() {
    let assert = gatewright().args(["doctor", "--browser", "http"]).assert().success();
    insta::assert_snapshot!(output(&assert.get_output().stdout), @"Nothing is missing: --browser http needs no browser.");
}

#[test]
fn a_browser_of_ones_own_is_not_installed() {
    gatewright().args(["doctor", "--install", "--browser-path", "/nowhere"]).assert().code(2);
}
