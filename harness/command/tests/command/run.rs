//! `gatewright run`.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use gatewright::parts::reports;
use tempfile::TempDir;

use crate::program::{Program, gatewright};

/// Who is assigned gets in.
const INSIDE: &str = r#"
scenario: Who is assigned gets in
tags: [login]
given:
  okta:
    users: { alice: {} }
    apps: { ngrok: { assign: { users: alice } } }
  upstreams: { app: { page: Hello from the app } }
  tunnels: { app: { http: app, oidc: okta/ngrok } }
steps:
  - alice opens: "{tunnels.app}/"
  - alice is asked to sign in at: okta
  - alice signs in
  - alice sees: Hello from the app
"#;

/// A scenario about this app alone that expects what will never be: it fails when its patience ends.
const WRONG: &str = r#"
scenario: What is expected is not so
given:
  people: [bob]
  upstreams: { app: { page: Hello from the app } }
  tunnels: { app: { http: app } }
steps:
  - bob opens: "{tunnels.app}/"
  - bob sees: Good bye
"#;

/// Scenarios in a folder of their own, which the command runs in.
struct Scenarios {
    folder: TempDir,
}

impl Scenarios {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("scenarios")).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join("scenarios").join(name), text.trim_start()).unwrap();
        }
        Self { folder }
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output =
            gatewright().arg("run").args(arguments).current_dir(self.folder.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn start(&self, arguments: &[&str]) -> Program {
        let scenarios = self.folder.path().join("scenarios");
        let out = self.out();
        let (scenarios, out) = (scenarios.to_str().unwrap(), out.to_str().unwrap());
        Program::start(&[&["run", scenarios, "--out", out], arguments].concat())
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("target/gatewright")
    }

    /// Nothing was run: there is no report.
    fn nothing_was_run(&self) {
        assert!(!self.out().join("report.json").exists());
    }
}

/// Until it is dropped, snapshots show no times, and one command.
fn normalized() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r" +\d+\.\d\d s\b", " TIME");
    settings.add_filter(r"in \d+(\.\d+)? m?s\b", "in TIME");
    settings.add_filter(r"/\S+/gatewright run", "gatewright run");
    settings.bind_to_scope()
}

#[test]
fn every_scenario_has_its_line_and_a_failure_its_reasons() {
    let scenarios = Scenarios::new(&[("inside.yaml", INSIDE), ("wrong.yaml", WRONG)]);
    let (status, stdout, stderr) =
        scenarios.run(&["--browser=http", "--jobs=1", "--report=html,json,junit,markdown"]);
    assert_eq!((status, stderr.as_str()), (1, ""));
    for file in ["index.html", "report.json", "junit.xml", "summary.md"] {
        assert!(scenarios.out().join(file).is_file(), "no {file}");
    }
    let report = reports::json::read(&fs::read(scenarios.out().join("report.json")).unwrap()).unwrap();
    assert_eq!((report.counts().passed, report.counts().failed), (1, 1));
    let _normalized = normalized();
    insta::assert_snapshot!(stdout);
}

#[test]
fn what_is_not_begun_has_its_line_too() {
    let scenarios = Scenarios::new(&[("a-wrong.yaml", WRONG), ("inside.yaml", INSIDE)]);
    let (status, stdout, _) = scenarios.run(&["--browser=http", "--jobs=1", "--fail-fast", "--report=junit"]);
    assert_eq!(status, 1);
    assert!(!scenarios.out().join("index.html").exists());
    let lines: Vec<_> = stdout.lines().collect();
    assert!(lines[0].starts_with("✗ failed  a-wrong "), "{stdout}");
    assert_eq!(lines[1], "– not run  inside");
    assert_eq!(lines.last(), Some(&"Report: target/gatewright/junit.xml"));
}

#[test]
fn people_have_real_browsers() {
    let scenarios = Scenarios::new(&[("inside.yaml", INSIDE)]);
    let (status, stdout, stderr) = scenarios.run(&[]);
    assert_eq!((status, stderr.as_str()), (0, ""), "{stdout}");
    let _normalized = normalized();
    insta::assert_snapshot!(stdout, @r"
    ✓ passed  inside TIME

    1 scenario: 1 passed, in TIME
    Report: target/gatewright/index.html
    ");
    let report = reports::json::read(&fs::read(scenarios.out().join("report.json")).unwrap()).unwrap();
    assert_eq!(report.environment.browser.name, "chromium-shell");
    assert!(report.environment.browser.version.is_some());
}

#[test]
fn what_would_run_is_listed_and_not_run() {
    let scenarios = Scenarios::new(&[("inside.yaml", INSIDE), ("wrong.yaml", WRONG)]);
    let (status, stdout, stderr) = scenarios.run(&["--list"]);
    assert_eq!((status, stderr.as_str()), (0, ""));
    insta::assert_snapshot!(stdout, @r"
    inside  Who is assigned gets in
    wrong   What is expected is not so
    ");
    assert_eq!(scenarios.run(&["--list", "--tag", "not login"]).1.lines().count(), 1);
    assert_eq!(scenarios.run(&["--list", "--filter", "GETS IN"]).1.lines().count(), 1);
    scenarios.nothing_was_run();
}

#[test]
fn a_bad_file_is_shown_and_nothing_is_run() {
    let bad = INSIDE.replace("alice signs in\n", "alise signs in\n");
    let scenarios = Scenarios::new(&[("bad.yaml", &bad), ("inside.yaml", INSIDE)]);
    let (status, stdout, stderr) = scenarios.run(&["--browser=http"]);
    assert_eq!((status, stdout.as_str()), (2, ""));
    insta::assert_snapshot!(stderr, @r"
    error: no person named `alise`
      --> scenarios/bad.yaml:12:5
       |
    12 |   - alise signs in
       |     ^^^^^
       |
       = help: did you mean `alice`?

    1 problem in 1 file; nothing was run
    ");
    scenarios.nothing_was_run();
}

#[test]
fn wrong_usage_runs_nothing() {
    let scenarios = Scenarios::new(&[("inside.yaml", INSIDE)]);
    let wrong = |arguments: &[&str]| {
        let (status, stdout, stderr) = scenarios.run(arguments);
        assert_eq!((status, stdout.as_str()), (2, ""), "{stderr}");
        stderr
    };
    insta::assert_snapshot!(wrong(&["nowhere"]), @r"
    error: it can't be read: No such file or directory (os error 2)
    --> nowhere

    1 problem in 1 file; nothing was run
    ");
    insta::assert_snapshot!(wrong(&["--filter", "nothing like it"]), @"error: no scenario is selected: there are 1, which --list lists without --tag and --filter");
    insta::assert_snapshot!(wrong(&["--tag", "login and"]), @r"
    error: invalid value 'login and' for '--tag <EXPR>': nothing more at character 10: expected a tag, `not` or `(`

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(wrong(&["--headed"]), @"error: --headed shows windows, which only --browser chromium has");
    insta::assert_snapshot!(wrong(&["--browser", "firefox"]), @r"
    error: invalid value 'firefox' for '--browser <BROWSER>'
      [possible values: chromium-shell, chromium, http]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(wrong(&["--jobs", "0"]), @r"
    error: invalid value '0' for '--jobs <N>': 0 is not in 1..=64

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(wrong(&["--browser=http", "--out", "scenarios/inside.yaml"]), @"error: no report can be written to scenarios/inside.yaml: File exists (os error 17)");
    for absent in ["--retries=1", "--shard=1/2", "--target=x"] {
        assert!(wrong(&[absent]).contains("unexpected argument"), "{absent}");
    }
    scenarios.nothing_was_run();
}

#[test]
fn a_browser_that_is_not_there_is_named_and_nothing_is_run() {
    let scenarios = Scenarios::new(&[("inside.yaml", INSIDE)]);
    let (status, stdout, stderr) = scenarios.run(&["--browser-path", "/nowhere/chromium"]);
    assert_eq!((status, stdout.as_str()), (3, ""));
    insta::assert_snapshot!(stderr, @"error: /nowhere/chromium can't be driven: there is no such file");
    scenarios.nothing_was_run();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_reports_what_was_done_and_leaves_nothing_running() {
    let scenarios = Scenarios::new(&[
        ("a-inside.yaml", INSIDE),
        ("wrong.yaml", WRONG),
        ("z.yaml", &INSIDE.replace("Who", "Z")),
    ]);
    let mut program = scenarios.start(&["--jobs=1"]);
    program.line("✓ passed  a-inside").await;
    let children = descendants(program.id());
    assert!(children.len() >= 2, "a browser and its driver run: {children:?}");
    let ended = program.signal("INT").await;
    assert_eq!(ended.status, Some(130), "{}", ended.stderr);
    insta::assert_snapshot!(ended.stderr, @"Interrupted: what runs is being ended, and what was done will be reported. Again to kill.");
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert!(lines[1].starts_with("! interrupted  wrong "), "{}", ended.stdout);
    assert_eq!(lines[2], "– not run  z");
    let report = reports::json::read(&fs::read(scenarios.out().join("report.json")).unwrap()).unwrap();
    assert_eq!((report.counts().passed, report.counts().interrupted, report.counts().not_run), (1, 1, 1));
    let left: Vec<_> = children.into_iter().filter(Process::is_running).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A process, which no other is even when it has the same id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    id: u32,
    parent: u32,
    /// When it was started, in ticks since the machine was.
    started: u64,
    name: String,
}

impl Process {
    /// As `/proc/<id>/stat` has it (proc(5)).
    fn read(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(Path::new("/proc").join(id.to_string()).join("stat")).ok()?;
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let fields: Vec<_> = rest.split_whitespace().collect();
        let parent = fields.get(1)?.parse().ok()?;
        let started = fields.get(19)?.parse().ok()?;
        (fields[0] != "Z").then(|| Self { id, parent, started, name: name.to_owned() })
    }

    fn is_running(&self) -> bool {
        Self::read(self.id).is_some_and(|now| now.started == self.started)
    }
}

/// Everything that a process has started, and what that has started in turn.
fn descendants(id: u32) -> Vec<Process> {
    let ids =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let all: Vec<_> = ids.filter_map(Process::read).collect();
    let mut family = HashSet::from([id]);
    let mut found = Vec::new();
    loop {
        let next: Vec<_> = all
            .iter()
            .filter(|process| family.contains(&process.parent) && !family.contains(&process.id))
            .collect();
        if next.is_empty() {
            return found;
        }
        family.extend(next.iter().map(|process| process.id));
        found.extend(next.into_iter().cloned());
    }
}
