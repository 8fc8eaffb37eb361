//! What a person reads when a scenario file is wrong.

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
fn an_unknown_step_is_shown_with_the_nearest_ones() {
    insta::assert_snapshot!(said_of_steps("  - alice sings in\n  - alice teleports to: app\n  - clock\n"), @r"
    error: no step `sings in`
     --> scenarios/gate/x.yaml:9:11
      |
    9 |   - alice sings in
      |           ^^^^^^^^
      |
      = help: did you mean `signs in`?

    error: no step `teleports to`
      --> scenarios/gate/x.yaml:10:11
       |
    10 |   - alice teleports to: app
       |           ^^^^^^^^^^^^
       |
       = help: `…` can: opens, opens a tab, switches to tab, reloads, goes back, is asked to sign in at, signs in, signs in with, sees, does not see, clicks, fills, selects, presses, copies, remembers, requests, fetches, talks over a websocket, is refused a websocket at, receives events, begins an upload, finishes the upload, has a session at, has no session at, steals cookies, sets a cookie, tampers with the session at, takes a screenshot, closes the browser

    error: a step that does nothing
      --> scenarios/gate/x.yaml:11:5
       |
    11 |   - clock
       |     ^^^^^
       |
       = help: `clock` can: advances

    3 problems in 1 file; nothing was run
    ");
}

#[test]
fn someone_missing_is_shown_with_those_who_are_there() {
    insta::assert_snapshot!(said_of_steps("  - alise signs in\n  - bob signs in\n  - upstream ap saw nothing\n  - agent app2 is killed\n"), @r"
    error: no person named `alise`
     --> scenarios/gate/x.yaml:9:5
      |
    9 |   - alise signs in
      |     ^^^^^
      |
      = help: did you mean `alice`?

    error: no person named `bob`
      --> scenarios/gate/x.yaml:10:5
       |
    10 |   - bob signs in
       |     ^^^
       |
       = help: a step begins with `ada`, `alice`, `mallory`, `okta`, `edge`, `clock`, `network`, `upstream` or `agent`; people come from `given.okta.users`, `given.edge.accounts` or `given.people`

    error: no upstream named `ap`
      --> scenarios/gate/x.yaml:11:14
       |
    11 |   - upstream ap saw nothing
       |              ^^
       |
       = help: did you mean `app`?

    error: no agent named `app2`
      --> scenarios/gate/x.yaml:12:11
       |
    12 |   - agent app2 is killed
       |           ^^^^
       |
       = help: did you mean `app`?

    4 problems in 1 file; nothing was run
    ");
}

#[test]
fn a_missing_name_inside_an_argument_is_underlined_itself() {
    insta::assert_snapshot!(said_of_steps(concat!(
        "  - alice opens: \"{tunnels.ap}/a?b={users.alicia.email}\"\n",
        "  - mallory steals cookies: { from: alicce, at: app }\n",
        "  - okta assigns: { app: ngrock, user: mallory }\n",
        "  - alice opens: '{copied.url}'\n",
    )), @r#"
    error: no tunnel named `ap`
     --> scenarios/gate/x.yaml:9:28
      |
    9 |   - alice opens: "{tunnels.ap}/a?b={users.alicia.email}"
      |                            ^^
      |
      = help: did you mean `app`?

    error: no Okta user named `alicia`
     --> scenarios/gate/x.yaml:9:43
      |
    9 |   - alice opens: "{tunnels.ap}/a?b={users.alicia.email}"
      |                                           ^^^^^^
      |
      = help: did you mean `alice`?

    error: no person named `alicce`
      --> scenarios/gate/x.yaml:10:37
       |
    10 |   - mallory steals cookies: { from: alicce, at: app }
       |                                     ^^^^^^
       |
       = help: did you mean `alice`?

    error: no Okta app named `ngrock`
      --> scenarios/gate/x.yaml:11:26
       |
    11 |   - okta assigns: { app: ngrock, user: mallory }
       |                          ^^^^^^
       |
       = help: did you mean `ngrok`?

    error: no Okta user named `mallory`
      --> scenarios/gate/x.yaml:11:40
       |
    11 |   - okta assigns: { app: ngrock, user: mallory }
       |                                        ^^^^^^^
       |
       = help: there is `alice`

    error: no copied value named `url`
      --> scenarios/gate/x.yaml:12:27
       |
    12 |   - alice opens: '{copied.url}'
       |                           ^^^
       |
       = help: a copied value comes from an earlier step `copies`

    6 problems in 1 file; nothing was run
    "#);
}

#[test]
fn a_wrong_value_in_braces_is_underlined_itself() {
    insta::assert_snapshot!(said_of_steps(concat!(
        "  - alice opens: \"{tunnel.app}/\"\n",
        "  - alice sees: \"{users.alice.mail} and a { brace\"\n",
        "  - alice sees: { text: [\"{okta}\", \"{}\"] }\n",
    )), @r#"
    error: no value `tunnel.app`
     --> scenarios/gate/x.yaml:9:20
      |
    9 |   - alice opens: "{tunnel.app}/"
      |                    ^^^^^^^^^^
      |
      = help: did you mean `tunnels.app`?

    error: no `mail` in `users.alice`
      --> scenarios/gate/x.yaml:10:19
       |
    10 |   - alice sees: "{users.alice.mail} and a { brace"
       |                   ^^^^^^^^^^^^^^^^
       |
       = help: did you mean `users.alice.email`?

    error: `okta` alone is no value
      --> scenarios/gate/x.yaml:11:28
       |
    11 |   - alice sees: { text: ["{okta}", "{}"] }
       |                            ^^^^
       |
       = help: there is `okta.issuer`, `okta.admin`, `okta.dashboard` or `okta.api_token`

    error: nothing between the braces
      --> scenarios/gate/x.yaml:11:38
       |
    11 |   - alice sees: { text: ["{okta}", "{}"] }
       |                                      ^
       |
       = help: write `{{}}` for the braces themselves

    4 problems in 1 file; nothing was run
    "#);
}

#[test]
fn a_wrong_type_says_what_was_expected() {
    insta::assert_snapshot!(said_of_steps(concat!(
        "  - alice switches to tab: first\n",
        "  - alice sees: { status: 20, url: [a], code: 3200, colour: red }\n",
        "  - alice is asked to sign in at: Okta\n",
        "  - clock advances: 2 hours\n",
        "  - okta logged: [user.session.strat]\n",
        "  - alice fills: Email\n",
        "  - alice takes a screenshot:\n",
    )), @r"
    error: `first` does not fit here
     --> scenarios/gate/x.yaml:9:28
      |
    9 |   - alice switches to tab: first
      |                            ^^^^^ expected a whole number

    error: `20` does not fit here
      --> scenarios/gate/x.yaml:10:27
       |
    10 |   - alice sees: { status: 20, url: [a], code: 3200, colour: red }
       |                           ^^ expected a whole number from 100 to 599

    error: a list does not fit here
      --> scenarios/gate/x.yaml:10:36
       |
    10 |   - alice sees: { status: 20, url: [a], code: 3200, colour: red }
       |                                    ^^^ expected text, in which `*` stands for anything

    error: `3200` does not fit here
      --> scenarios/gate/x.yaml:10:47
       |
    10 |   - alice sees: { status: 20, url: [a], code: 3200, colour: red }
       |                                               ^^^^ expected a code such as `ERR_NGROK_3200`

    error: no field `colour` here
      --> scenarios/gate/x.yaml:10:53
       |
    10 |   - alice sees: { status: 20, url: [a], code: 3200, colour: red }
       |                                                     ^^^^^^
       |
       = help: there is `url`, `title`, `text`, `status`, `code` or `protocol`

    error: `Okta` does not fit here
      --> scenarios/gate/x.yaml:11:35
       |
    11 |   - alice is asked to sign in at: Okta
       |                                   ^^^^ expected `okta` or `edge`
       |
       = help: did you mean `okta`?

    error: `2 hours` does not fit here
      --> scenarios/gate/x.yaml:12:21
       |
    12 |   - clock advances: 2 hours
       |                     ^^^^^^^ expected a time such as `2h 30m`, in d, h, m, s and ms

    error: `user.session.strat` does not fit here
      --> scenarios/gate/x.yaml:13:19
       |
    13 |   - okta logged: [user.session.strat]
       |                   ^^^^^^^^^^^^^^^^^^ expected an event type of the System Log
       |
       = help: did you mean `user.session.start`?

    error: `Email` does not fit here
      --> scenarios/gate/x.yaml:14:18
       |
    14 |   - alice fills: Email
       |                  ^^^^^ expected a map from a label to text

    error: a value is missing
      --> scenarios/gate/x.yaml:15:29
       |
    15 |   - alice takes a screenshot:
       |                             ^ expected text

    10 problems in 1 file; nothing was run
    ");
}

#[test]
fn an_argument_too_many_or_too_few_is_said() {
    insta::assert_snapshot!(said_of_steps(concat!(
        "  - alice signs in: { password: x }\n",
        "  - alice opens\n",
        "  - alice begins an upload: { url: x }\n",
        "  - okta assigns: { app: ngrok }\n",
        "  - okta assigns: { app: ngrok, user: alice, group: engineering }\n",
    )), @r#"
    error: `signs in` is not told anything
     --> scenarios/gate/x.yaml:9:21
      |
    9 |   - alice signs in: { password: x }
      |                     ^^^^^^^^^^^^^^^ nothing stands here
      |
      = help: did you mean `signs in with`?

    error: `opens` has to be told something
      --> scenarios/gate/x.yaml:10:11
       |
    10 |   - alice opens
       |           ^^^^^ expected `:` and text
       |
       = help: write `alice opens: "{tunnels.app}/reports?year=2026"`

    error: the field `megabytes` is missing
      --> scenarios/gate/x.yaml:11:29
       |
    11 |   - alice begins an upload: { url: x }
       |                             ^^^^^^^^^^ `megabytes` is a whole number

    error: a map does not fit here
      --> scenarios/gate/x.yaml:12:19
       |
    12 |   - okta assigns: { app: ngrok }
       |                   ^^^^^^^^^^^^^^ expected a map with `user` or `group`

    error: no field `group` here
      --> scenarios/gate/x.yaml:13:46
       |
    13 |   - okta assigns: { app: ngrok, user: alice, group: engineering }
       |                                              ^^^^^
       |
       = help: there is `app` or `user`

    5 problems in 1 file; nothing was run
    "#);
}

#[test]
fn what_is_no_step_is_said() {
    insta::assert_snapshot!(said_of_steps(concat!(
        "  - [alice, signs in]\n",
        "  -\n",
        "  - alice opens: a\n    alice reloads:\n",
        "  - upstream\n",
        "  - \"\"\n",
        "  - alice\n",
    )), @r#"
    error: a list is not a step
     --> scenarios/gate/x.yaml:9:5
      |
    9 |   - [alice, signs in]
      |     ^^^^^^^^^^^^^^^^^ expected `WHO does what` or `WHO does what: …`

    error: nothing is not a step
      --> scenarios/gate/x.yaml:10:4
       |
    10 |   -
       |    ^ expected `WHO does what` or `WHO does what: …`

    error: two steps in one item
      --> scenarios/gate/x.yaml:12:5
       |
    11 |   - alice opens: a
       |     ----------- the step so far
    12 |     alice reloads:
       |     ^^^^^^^^^^^^^ begin each step with a dash

    error: `upstream` without the name of an upstream
      --> scenarios/gate/x.yaml:13:5
       |
    13 |   - upstream
       |     ^^^^^^^^

    error: a step without words
      --> scenarios/gate/x.yaml:14:5
       |
    14 |   - ""
       |     ^^ expected `WHO does what`

    error: a step that does nothing
      --> scenarios/gate/x.yaml:15:5
       |
    15 |   - alice
       |     ^^^^^
       |
       = help: `…` can: opens, opens a tab, switches to tab, reloads, goes back, is asked to sign in at, signs in, signs in with, sees, does not see, clicks, fills, selects, presses, copies, remembers, requests, fetches, talks over a websocket, is refused a websocket at, receives events, begins an upload, finishes the upload, has a session at, has no session at, steals cookies, sets a cookie, tampers with the session at, takes a screenshot, closes the browser

    6 problems in 1 file; nothing was run
    "#);
}

#[test]
fn a_name_that_stands_twice_is_shown_with_the_first() {
    insta::assert_snapshot!(said(concat!(
        "scenario: x\n",
        "given:\n",
        "  okta:\n",
        "    users:\n",
        "      alice: {}\n",
        "      bob: {}\n",
        "      alice: { groups: [a] }\n",
        "  people: [bob, eve, eve]\n",
        "steps:\n",
        "  - alice signs in\n",
        "steps:\n",
        "  - bob signs in\n",
    )), @r"
    error: `alice` is here twice
     --> scenarios/gate/x.yaml:7:7
      |
    5 |       alice: {}
      |       ----- the first
    6 |       bob: {}
    7 |       alice: { groups: [a] }
      |       ^^^^^ the second

    error: `bob` is here twice
     --> scenarios/gate/x.yaml:8:12
      |
    6 |       bob: {}
      |       --- the first
    7 |       alice: { groups: [a] }
    8 |   people: [bob, eve, eve]
      |            ^^^ the second

    error: `eve` is here twice
     --> scenarios/gate/x.yaml:8:22
      |
    8 |   people: [bob, eve, eve]
      |                 ---  ^^^ the second
      |                 |
      |                 the first

    error: `steps` is here twice
      --> scenarios/gate/x.yaml:11:1
       |
     9 | steps:
       | ----- the first
    10 |   - alice signs in
    11 | steps:
       | ^^^^^ the second

    4 problems in 1 file; nothing was run
    ");
}

#[test]
fn wrong_names_and_missing_ones_in_the_beginning_are_said() {
    insta::assert_snapshot!(said(concat!(
        "scenario: x\n",
        "given:\n",
        "  okta:\n",
        "    users: { Alice: {}, okta: {} }\n",
        "    apps: { ngrok: { asign: {}, assign: { groups: [engineering], users: [alice] } } }\n",
        "  upstreams: { app: { pages: Hello } }\n",
        "  edges: { main: { oidc: okta/ngrock, inactivity_timeout: 30 } }\n",
        "  tunnels:\n",
        "    app: { http: ap, oidc: ngrok }\n",
        "    labeled: { edge: mian }\n",
        "steps:\n",
        "  - okta behaves again\n",
    )), @r"
    error: `Alice` can't be a name here
     --> scenarios/gate/x.yaml:4:14
      |
    4 |     users: { Alice: {}, okta: {} }
      |              ^^^^^ names are lower-case letters, digits, `-` and `_`, and begin with a letter

    error: `okta` can't be a name here
     --> scenarios/gate/x.yaml:4:25
      |
    4 |     users: { Alice: {}, okta: {} }
      |                         ^^^^ steps that begin with this word are about no person

    error: no field `asign` here
     --> scenarios/gate/x.yaml:5:22
      |
    5 |     apps: { ngrok: { asign: {}, assign: { groups: [engineering], users: [alice] } } }
      |                      ^^^^^
      |
      = help: did you mean `assign`?

    error: no Okta group named `engineering`
     --> scenarios/gate/x.yaml:5:52
      |
    5 |     apps: { ngrok: { asign: {}, assign: { groups: [engineering], users: [alice] } } }
      |                                                    ^^^^^^^^^^^
      |
      = help: an Okta group comes from `given.okta.users` or `given.okta.groups`

    error: no Okta user named `alice`
     --> scenarios/gate/x.yaml:5:74
      |
    5 |     apps: { ngrok: { asign: {}, assign: { groups: [engineering], users: [alice] } } }
      |                                                                          ^^^^^
      |
      = help: did you mean `Alice`?

    error: a map does not fit here
     --> scenarios/gate/x.yaml:6:21
      |
    6 |   upstreams: { app: { pages: Hello } }
      |                     ^^^^^^^^^^^^^^^^ expected a map with `page` or `streaming`

    error: no Okta app named `ngrock`
     --> scenarios/gate/x.yaml:7:31
      |
    7 |   edges: { main: { oidc: okta/ngrock, inactivity_timeout: 30 } }
      |                               ^^^^^^
      |
      = help: did you mean `ngrok`?

    error: `30` does not fit here
     --> scenarios/gate/x.yaml:7:59
      |
    7 |   edges: { main: { oidc: okta/ngrock, inactivity_timeout: 30 } }
      |                                                           ^^ expected a time such as `2h 30m`, in d, h, m, s and ms

    error: no upstream named `ap`
     --> scenarios/gate/x.yaml:9:18
      |
    9 |     app: { http: ap, oidc: ngrok }
      |                  ^^
      |
      = help: did you mean `app`?

    error: `ngrok` does not fit here
     --> scenarios/gate/x.yaml:9:28
      |
    9 |     app: { http: ap, oidc: ngrok }
      |                            ^^^^^ expected the name of an Okta app, written `okta/NAME`

    error: the field `upstream` is missing
      --> scenarios/gate/x.yaml:10:14
       |
    10 |     labeled: { edge: mian }
       |              ^^^^^^^^^^^^^^ `upstream` is the name of an upstream

    error: no Edge named `mian`
      --> scenarios/gate/x.yaml:10:22
       |
    10 |     labeled: { edge: mian }
       |                      ^^^^
       |
       = help: did you mean `main`?

    12 problems in 1 file; nothing was run
    ");
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
fn broken_yaml_is_shown_where_it_breaks() {
    insta::assert_snapshot!(said_of_steps("  - alice opens: {tunnels.app}/reports\n"), @r"
    error: broken YAML
     --> scenarios/gate/x.yaml:9:31
      |
    9 |   - alice opens: {tunnels.app}/reports
      |                               ^^^^^^^^ while parsing a block mapping, did not find expected key
      |
      = help: put text that holds `{…}` in quotes

    1 problem in 1 file; nothing was run
    ");
    insta::assert_snapshot!(said("scenario: x\n\tsteps: []\n"), @r"
    error: broken YAML
     --> scenarios/gate/x.yaml:1:11
      |
    1 | scenario: x
      |           ^ while scanning a plain scalar, found a tab

    1 problem in 1 file; nothing was run
    ");
    insta::assert_snapshot!(said("scenario: \"x\nsteps: []\n"), @r#"
    error: broken YAML
     --> scenarios/gate/x.yaml:1:11
      |
    1 | scenario: "x
      |           ^^ unclosed quote

    1 problem in 1 file; nothing was run
    "#);
    insta::assert_snapshot!(said("scenario: x\nsteps: [a, b\n"), @r"
    error: broken YAML
     --> scenarios/gate/x.yaml:2:8
      |
    2 | steps: [a, b
      |        ^^ unclosed bracket '['

    1 problem in 1 file; nothing was run
    ");
    insta::assert_snapshot!(said("scenario: x: y\n"), @r"
    error: broken YAML
     --> scenarios/gate/x.yaml:1:12
      |
    1 | scenario: x: y
      |            ^ mapping values are not allowed in this context

    1 problem in 1 file; nothing was run
    ");
}

#[test]
fn a_forgotten_colon_or_quote_is_seen() {
    insta::assert_snapshot!(
        said_of_steps(concat!(
            "  - alice opens {tunnels.app}/reports\n",
            "  - alice opens: {tunnels.app}\n",
            "  - alice sees: { users.alice.email }\n",
        )),
        @r"
    error: no step `opens {tunnels.app}/reports`
     --> scenarios/gate/x.yaml:9:11
      |
    9 |   - alice opens {tunnels.app}/reports
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: put a colon after `opens`, and then what it is told

    error: a map does not fit here
      --> scenarios/gate/x.yaml:10:18
       |
    10 |   - alice opens: {tunnels.app}
       |                  ^^^^^^^^^^^^^ expected text
       |
       = help: put text that holds `{…}` in quotes

    error: no field `users.alice.email` here
      --> scenarios/gate/x.yaml:11:19
       |
    11 |   - alice sees: { users.alice.email }
       |                   ^^^^^^^^^^^^^^^^^
       |
       = help: put text that holds `{…}` in quotes

    3 problems in 1 file; nothing was run
    "
    );
}

#[test]
fn what_scenarios_do_not_use_of_yaml_is_said() {
    insta::assert_snapshot!(said("scenario: &a x\nsteps: *a\n"), @r"
    error: anchors, aliases and tags are not used in scenario files
     --> scenarios/gate/x.yaml:1:14
      |
    1 | scenario: &a x
      |              ^ write the value itself

    1 problem in 1 file; nothing was run
    ");
    insta::assert_snapshot!(said("scenario: !!str x\n"), @r"
    error: anchors, aliases and tags are not used in scenario files
     --> scenarios/gate/x.yaml:1:11
      |
    1 | scenario: !!str x
      |           ^^^^^^^ write the value itself

    1 problem in 1 file; nothing was run
    ");
    insta::assert_snapshot!(said("scenario: x\n---\nscenario: y\n"), @r"
    error: a second document
     --> scenarios/gate/x.yaml:2:1
      |
    2 | ---
      | ^^^ a file holds one scenario

    1 problem in 1 file; nothing was run
    ");
    insta::assert_snapshot!(said(""), @r"
    error: the file is empty
    --> scenarios/gate/x.yaml

    1 problem in 1 file; nothing was run
    ");
    insta::assert_snapshot!(said("- a\n"), @r"
    error: a list does not fit here
     --> scenarios/gate/x.yaml:1:1
      |
    1 | - a
      | ^^^ expected a map of scenario, steps, version, walkthrough, tags, deadline, given

    1 problem in 1 file; nothing was run
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
