//! What a person reads when a scenario file is wrong.

mod arguments;
mod names;
mod yaml;

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::scenario::given::{Assigned, Given, HttpTunnel, Org, OrgApp, OrgUser, PageApp};
use crate::scenario::problems::{FileProblems, Problems};

/// The scenario of the format's own description.
const WHOLE: &str = r#"
scenario: An assigned user signs in through Okta and reaches the app
walkthrough: [step 2 option 1, step 3]
tags: [login]
deadline: 90s
given:
  okta:
    users: { alice: { groups: [engineering] }, mallory: {} }
    apps: { ngrok: { label: ngrok, assign: { groups: [engineering] } } }
  upstreams: { app: { page: "Hello from localhost:3000" } }
  tunnels: { app: { http: app, oidc: okta/ngrok } }
steps:
  - alice opens: "{tunnels.app}/reports?year=2026"
  - alice is asked to sign in at: okta
  - alice signs in
  - alice sees: { url: "{tunnels.app}/reports?year=2026", text: "Hello from localhost:3000" }
  - upstream app saw: { path: /reports, header: { ngrok-auth-user-email: "{users.alice.email}" } }
  - okta logged: [user.session.start, user.authentication.sso]
"#;

/// What goes before the steps that are wrong.
const GIVEN: &str = "\
scenario: x
given:
  okta: { users: { alice: {} }, apps: { ngrok: {} } }
  edge: { accounts: { ada: {} } }
  upstreams: { app: { page: Hello } }
  tunnels: { app: { http: app, oidc: okta/ngrok } }
  people: [mallory]
steps:
";

fn plan(source: &str) -> Result<Plan, Vec<Problem>> {
    read(ScenarioId::from("gate/x"), Path::new("scenarios/gate/x.yaml"), source)
}

/// What a person reads about a file.
fn said(source: &str) -> String {
    match plan(source) {
        Ok(_) => "nothing is wrong".to_owned(),
        Err(problems) => {
            let file = Path::new("scenarios/gate/x.yaml").to_owned();
            let mut all = Problems::default();
            all.add(FileProblems { file, source: source.into(), problems });
            all.to_string()
        }
    }
}

fn said_of_steps(steps: &str) -> String {
    said(&format!("{GIVEN}{steps}"))
}

#[test]
fn a_right_file_becomes_a_plan() {
    let plan = plan(WHOLE).unwrap();
    assert_eq!(plan.title, "An assigned user signs in through Okta and reaches the app");
    assert_eq!(plan.deadline, Duration::from_secs(90));
    assert_eq!(plan.steps[0].line, Some(13));
    let steps: Vec<_> = plan.steps.iter().map(|planned| planned.step.to_string()).collect();
    insta::assert_snapshot!(steps.join("\n"), @r#"
    alice opens: "{tunnels.app}/reports?year=2026"
    alice is asked to sign in at: okta
    alice signs in
    alice sees: { url: "{tunnels.app}/reports?year=2026", text: "Hello from localhost:3000" }
    upstream app saw: { path: /reports, header: { ngrok-auth-user-email: "{users.alice.email}" } }
    okta logged: [user.session.start, user.authentication.sso]
    "#);
    insta::assert_snapshot!(crate::vocabulary::written::Flow(&plan.given.write()), @r#"{ okta: { users: { alice: { groups: engineering }, mallory: {} }, apps: { ngrok: { label: ngrok, assign: { groups: engineering } } } }, edge: {}, upstreams: { app: { page: "Hello from localhost:3000" } }, tunnels: { app: { http: app, oidc: okta/ngrok } } }"#);
}

#[test]
fn what_a_file_gives_rust_can_give_too() {
    let engineering = || OrgUser::new().groups("engineering");
    let ngrok = OrgApp::new().label("ngrok").assign(Assigned::new().groups("engineering"));
    let given = Given::new()
        .okta(
            Org::new()
                .users(("alice", engineering()))
                .users(("mallory", OrgUser::new()))
                .apps(("ngrok", ngrok)),
        )
        .upstreams(("app", PageApp::new("Hello from localhost:3000")))
        .tunnels(("app", HttpTunnel::new("app").oidc("okta/ngrok")));
    assert_eq!(plan(WHOLE).unwrap().given, given);
}

#[test]
fn a_wrong_head_is_said() {
    insta::assert_snapshot!(said("senario: x\nversion: 2\ntags: [Slow, and]\nwalkthrough: step 4\nsteps: []\n"), @r"
    error: no field `senario` here
     --> scenarios/gate/x.yaml:1:1
      |
    1 | senario: x
      | ^^^^^^^
      |
      = help: did you mean `scenario`?

    error: the field `scenario` is missing
     --> scenarios/gate/x.yaml:1:1
      |
    1 | senario: x
      | ^^^^^^^^^^ `scenario` is a sentence

    error: version 2 is not known
     --> scenarios/gate/x.yaml:2:10
      |
    2 | version: 2
      |          ^ expected 1
      |
      = help: a newer Gatewright may read this file

    error: `Slow` does not fit here
     --> scenarios/gate/x.yaml:3:8
      |
    3 | tags: [Slow, and]
      |        ^^^^ expected a tag of lower-case letters, digits and `-`

    error: `and` does not fit here
     --> scenarios/gate/x.yaml:3:14
      |
    3 | tags: [Slow, and]
      |              ^^^ expected a tag of lower-case letters, digits and `-`

    error: `step 4` does not fit here
     --> scenarios/gate/x.yaml:4:14
      |
    4 | walkthrough: step 4
      |              ^^^^^^ expected `step 1`, `step 2`, `step 2 option 1`, `step 2 option 2` or `step 3`
      |
      = help: did you mean `step 1`?

    error: a list does not fit here
     --> scenarios/gate/x.yaml:5:8
      |
    5 | steps: []
      |        ^^ expected a list of steps

    7 problems in 1 file; nothing was run
    ");
    insta::assert_snapshot!(said("scenario: ''\nsteps: alice signs in\n"), @r"
    error: empty text does not fit here
     --> scenarios/gate/x.yaml:1:11
      |
    1 | scenario: ''
      |           ^^ expected a sentence

    error: `alice signs in` does not fit here
     --> scenarios/gate/x.yaml:2:8
      |
    2 | steps: alice signs in
      |        ^^^^^^^^^^^^^^ expected a list of steps

    2 problems in 1 file; nothing was run
    ");
}

#[test]
fn what_a_step_copies_remembers_or_starts_can_be_used_after_it_only() {
    let before =
        "  - alice opens: \"{copied.url}{remembered.here}{agents.laptop.url}\"\n  - agent laptop is killed\n";
    let steps = concat!(
        "  - alice copies: { url: Endpoint URL }\n",
        "  - alice remembers: { here: \"*\" }\n",
        "  - agent laptop starts: gatewright http 80\n",
    );
    assert_eq!(said_of_steps(&format!("{steps}{before}")), "nothing is wrong");
    let problems = plan(&format!("{GIVEN}{before}{steps}")).unwrap_err();
    let what: Vec<_> = problems.iter().map(|problem| problem.what.as_str()).collect();
    assert_eq!(
        what,
        [
            "no copied value named `url`",
            "no remembered value named `here`",
            "no agent named `laptop`",
            "no agent named `laptop`",
        ]
    );
}

#[test]
fn the_place_of_a_problem_counts_characters() {
    let source = format!("{GIVEN}  - alice sees: \"é {{users.bób.email}}\"\n");
    let problems = plan(&source).unwrap_err();
    let file = FileProblems { file: "x".into(), source: source.as_str().into(), problems };
    assert_eq!(file.position(&file.problems[0].at), (9, 27));
    assert_eq!(&source[file.problems[0].at.clone()], "bób");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(source in ".{0,200}") {
        said(&source);
    }

    #[test]
    fn nor_does_anything_like_a_scenario(
        at in any::<prop::sample::Index>(),
        length in 0_usize..30,
        instead in prop_oneof![Just(String::new()), "[ \\n:{}\\[\\],\"'#&*!|>%-]{0,4}", any::<String>()],
    ) {
        let mut characters: Vec<char> = WHOLE.chars().collect();
        let start = at.index(characters.len());
        let end = (start + length).min(characters.len());
        characters.splice(start..end, instead.chars());
        said(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn nor_does_depth(depth in 1_usize..3000, open in "[\\[{]|- |a: \\n") {
        said(&open.repeat(depth));
    }
}
