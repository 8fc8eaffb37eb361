//! Names that are unknown, missing or taken.

use super::{said, said_of_steps};

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
       = help: `…` can: opens, opens a tab, switches to tab, reloads, goes back, is asked to sign in at, signs in, signs in with, gives a code, sets up okta verify, approves the push, approves the push with another number, denies the push, takes a security key, loses the security key, is not recognized, is recognized again, is refused the security key, uses a careless app, relays fastpass to, replays the fastpass of, sees, does not see, clicks, fills, selects, presses, copies, remembers, requests, fetches, talks over a websocket, holds a websocket open, loses the websocket, is refused a websocket at, receives events, begins an upload, finishes the upload, has a session at, has no session at, steals cookies, sets a cookie, tampers with the session at, takes a screenshot, closes the browser

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
fn a_misbehaviour_that_does_not_exist_is_shown_with_those_that_do() {
    let steps = "
  - okta misbehaves: { id_token: { remove: nonse, set: { anything: goes } } }
  - okta misbehaves: { callback: { double: nonce }, answers: { tokn: { status: 500 } } }
  - okta misbehaves: [{ keys: lost, user: bob }, { tokens: { remove: scope } }]
";
    insta::assert_snapshot!(said_of_steps(&steps[1..]), @r"
    error: `nonse` does not fit here
     --> scenarios/gate/x.yaml:9:44
      |
    9 |   - okta misbehaves: { id_token: { remove: nonse, set: { anything: goes } } }
      |                                            ^^^^^ expected a claim of ID tokens
      |
      = help: Did you mean `nonce`? There is: sub, name, email, ver, iss, aud, iat, exp, jti, amr, acr, idp, nonce, preferred_username, nickname, given_name, middle_name, family_name, email_verified, profile, zoneinfo, locale, address, phone_number, updated_at, auth_time, at_hash, c_hash, groups

    error: `nonce` does not fit here
      --> scenarios/gate/x.yaml:10:44
       |
    10 |   - okta misbehaves: { callback: { double: nonce }, answers: { tokn: { status: 500 } } }
       |                                            ^^^^^ expected a parameter of the callback
       |
       = help: There is: state, code, id_token, access_token, token_type, expires_in, scope, iss, error, error_description

    error: `tokn` does not fit here
      --> scenarios/gate/x.yaml:10:64
       |
    10 |   - okta misbehaves: { callback: { double: nonce }, answers: { tokn: { status: 500 } } }
       |                                                                ^^^^ expected an endpoint of the org
       |
       = help: Did you mean `token`? There is: discovery, keys, authorize, token, userinfo, par, device_authorize, introspect, revoke, logout, sign_in, identify, proof, poll, api

    error: `lost` does not fit here
      --> scenarios/gate/x.yaml:11:31
       |
    11 |   - okta misbehaves: [{ keys: lost, user: bob }, { tokens: { remove: scope } }]
       |                               ^^^^ expected `empty`, `without signing key` or `nameless`

    error: no Okta user named `bob`
      --> scenarios/gate/x.yaml:11:43
       |
    11 |   - okta misbehaves: [{ keys: lost, user: bob }, { tokens: { remove: scope } }]
       |                                           ^^^
       |
       = help: there is `alice`

    error: no field `tokens` here
      --> scenarios/gate/x.yaml:11:52
       |
    11 |   - okta misbehaves: [{ keys: lost, user: bob }, { tokens: { remove: scope } }]
       |                                                    ^^^^^^
       |
       = help: did you mean `token`?

    6 problems in 1 file; nothing was run
    ");
}
