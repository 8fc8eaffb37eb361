//! Files that are no YAML, or more of it than scenarios use.

use super::{said, said_of_steps};

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
