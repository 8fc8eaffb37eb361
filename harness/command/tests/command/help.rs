//! The help, page by page.

use crate::program::gatewright;

#[test]
fn every_page_is_as_it_is_reviewed() {
    let pages: [&[&str]; 20] = [
        &[],
        &["run"],
        &["up"],
        &["http"],
        &["tcp"],
        &["tls"],
        &["tunnel"],
        &["start"],
        &["config"],
        &["config", "add-authtoken"],
        &["config", "check"],
        &["edge"],
        &["okta"],
        &["report"],
        &["report", "show"],
        &["report", "open"],
        &["doctor"],
        &["completion"],
        &["completions"],
        &["--version"],
    ];
    for page in pages {
        let asked: Vec<_> = match page {
            ["--version"] => page.to_vec(),
            page => [page, &["--help"]].concat(),
        };
        let assert = gatewright().args(&asked).assert().success().stderr("");
        let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
        let name = if page.is_empty() { "gatewright".to_owned() } else { page.join("_").replace("--", "") };
        insta::assert_snapshot!(format!("help_{name}"), text);
    }
}

#[test]
fn completions_know_the_subcommands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let assert = gatewright().args(["completions", shell]).assert().success().stderr("");
        let script = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
        for word in ["doctor", "tunnel", "oidc-client-id"] {
            assert!(script.contains(word), "{shell} completions without {word}");
        }
    }
}
