//! Arguments of a wrong type, or too many or too few of them.

use super::said_of_steps;

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
       = help: `…` can: opens, opens a tab, switches to tab, reloads, goes back, is asked to sign in at, signs in, signs in with, gives a code, sets up okta verify, approves the push, approves the push with another number, denies the push, takes a security key, loses the security key, is not recognized, is recognized again, is refused the security key, uses a careless app, relays fastpass to, replays the fastpass of, sees, does not see, clicks, fills, selects, presses, copies, remembers, requests, fetches, talks over a websocket, holds a websocket open, loses the websocket, is refused a websocket at, receives events, begins an upload, finishes the upload, has a session at, has no session at, steals cookies, sets a cookie, tampers with the session at, takes a screenshot, closes the browser

    6 problems in 1 file; nothing was run
    "#);
}
