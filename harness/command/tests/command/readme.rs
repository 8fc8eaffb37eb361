//! What the README says, done.

use std::fs;
use std::path::Path;

use crate::program::gatewright;

const README: &str = include_str!("../../../../README.md");
const OWN_PROJECT: &str = include_str!("../../../../examples/own-project/tests/gate.rs");

/// What stands in the README's first code block of a language.
fn block(language: &str) -> &'static str {
    let (_, rest) = README.split_once(&format!("```{language}\n")).expect("the README has such a block");
    rest.split_once("```").expect("the block is closed").0
}

#[test]
fn the_first_scenario_of_ones_own_passes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("my-first.yaml"), block("yaml")).unwrap();
    let run = gatewright().current_dir(folder.path()).args(["run", "my-first.yaml"]).output().unwrap();
    let stdout = String::from_utf8_lossy(&run.stdout);
    assert_eq!(run.status.code(), Some(0), "{stdout}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(stdout.contains("1 scenario: 1 passed"), "{stdout}");
    assert!(folder.path().join("target/gatewright/index.html").is_file());
}

#[test]
fn the_test_in_rust_is_the_one_of_the_project_outside_the_workspace() {
    assert!(OWN_PROJECT.contains(block("rust")), "the README's test is another");
}

#[test]
fn what_the_readme_points_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let links = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.starts_with("http")) {
        assert!(root.join(link).exists(), "{link} is not there");
    }
    let folders = README.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    for folder in folders {
        assert!(root.join(folder).is_dir(), "{folder} is not there");
    }
}
