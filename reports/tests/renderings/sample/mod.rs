//! A run as a stage would leave it: two people, logins through the org, a failure, refusals of every kind.

mod login;
mod stage;

use chrono::{DateTime, Utc};
use gatewright_reports::*;
use stage::Stage;

/// The screenshots by their paths, as the harness would read them from the report's folder.
pub(crate) fn image(path: &str) -> Option<Vec<u8>> {
    let bytes: &[u8] = match path {
        "walkthrough/option-1/alice-4.png" => include_bytes!("app.png"),
        "walkthrough/option-1/alice-2.png" => include_bytes!("sign-in.png"),
        "gate/callback-in-another-browser/mallory-5.png" => include_bytes!("app-as-mallory.png"),
        "gate/callback-in-another-browser/alice-3.png" => include_bytes!("sign-in.png"),
        _ => return None,
    };
    Some(bytes.to_vec())
}

/// The run.
pub(crate) fn run() -> Run {
    Run {
        tool_version: "0.1.0".into(),
        started: started(),
        duration_ms: 4_812,
        environment: Environment {
            target: "gatewright".into(),
            browser: Browser { name: "chromium-shell".into(), version: Some("156.0.7892.41".into()) },
            os: "linux x86_64".into(),
            jobs: 2,
        },
        scenarios: vec![
            another_browser(),
            replayed(),
            short("gate/not-signed-in", "Without a session the app is never reached", 204, Verdict::Passed),
            interrupted(),
            short(
                "gate/session-maximum",
                "A session ends after its maximum, whatever happens in it",
                0,
                Verdict::NotApplicable { reason: "the target's clock can't be moved".into() },
            ),
            unassigned(),
            short("org/wrong-password", "A wrong password is refused and said so", 388, Verdict::Passed),
            short(
                "tunnel/two-tunnels-of-an-edge",
                "Requests go to both tunnels of an Edge",
                913,
                Verdict::Passed,
            ),
            option_1(),
            short(
                "walkthrough/option-2",
                "An Edge made in the dashboard guards a labeled tunnel",
                0,
                Verdict::NotRun { reason: "a scenario failed before, and --fail-fast was asked for".into() },
            ),
        ],
    }
}

fn started() -> DateTime<Utc> {
    "2026-11-23T18:01:12Z".parse().unwrap()
}

/// Walkthrough, option 1: everything is as it should be.
fn option_1() -> Scenario {
    let mut stage = Stage::new(&["alice"]);
    stage.step("agent app starts: http app --oidc={okta.issuer}", 14, 180);
    stage.tunnel_online("app", "https://app.tunnel.test");
    stage.step("alice opens: https://app.tunnel.test/reports?year=2026", 15, 96);
    stage.login_begins("alice", "9b1c44", "/reports?year=2026");
    stage.screenshot("alice", "walkthrough/option-1/alice-2.png");
    stage.step("alice signs in", 16, 240);
    stage.login_ends("alice", "9b1c44", "/reports?year=2026");
    stage.step(
        "alice sees: { url: https://app.tunnel.test/reports?year=2026, text: Hello from localhost:3000 }",
        17,
        31,
    );
    stage.screenshot("alice", "walkthrough/option-1/alice-4.png");
    stage.found("the page has the text «Hello from localhost:3000»", "it has");
    stage.step("okta logged: [user.session.start, user.authentication.sso]", 18, 1);
    stage.found(
        "user.session.start, user.authentication.sso",
        "user.session.start, policy.evaluate_sign_on, user.authentication.sso",
    );
    stage.log("org", Level::Info, "user.authentication.sso SUCCESS alice@example.test → ngrok");
    stage.finish(
        "walkthrough/option-1",
        "An assigned user signs in through Okta and reaches the app",
        &["step 2 option 1", "step 3"],
        &["walkthrough", "smoke"],
        Verdict::Passed,
    )
}

/// A callback that was begun in another browser: the one that fails.
fn another_browser() -> Scenario {
    let mut stage = Stage::new(&["alice", "mallory"]);
    stage.step("mallory opens: https://app.tunnel.test/", 12, 74);
    stage.login_begins("mallory", "77ad02", "/");
    stage.refused_by_network("mallory", "connectivitycheck.gstatic.com:443");
    stage.step("alice opens mallory's sign-in page", 13, 61);
    stage.sign_in_page("alice", "77ad02");
    stage.screenshot("alice", "gate/callback-in-another-browser/alice-3.png");
    stage.step("alice signs in, and her browser stops before the callback", 14, 133);
    stage.signs_in("alice", "77ad02");
    stage.step("mallory opens alice's callback", 15, 88);
    stage.callback("mallory", "77ad02", "/", 200);
    stage.step("mallory is refused: { code: ERR_NGROK_3120 }", 16, 402);
    stage.fails(
        "mallory is at https://app.tunnel.test/ngrok/callback and is shown the code ERR_NGROK_3120 with status 403",
        "mallory is at https://app.tunnel.test/ and is shown the app's page with status 200",
    );
    stage.screenshot("mallory", "gate/callback-in-another-browser/mallory-5.png");
    stage.log(
        "edge",
        Level::Error,
        "a session was made for alice@example.test from mallory's address 127.4.0.3",
    );
    stage.not_run("upstream app saw nothing from mallory", 17);
    let hop = |url: &str, status| Hop { url: url.into(), status };
    let failure = Failure {
        step: Some(4),
        expected: stage.expected(),
        actual: stage.actual(),
        advice: Some(
            "The gate redeemed a code for a browser that had not begun the login. Look at how the endpoint matches the \
             login cookie before it takes the ticket."
                .into(),
        ),
        rerun: "gatewright run scenarios/gate/callback-in-another-browser.yaml --target gatewright".into(),
        redirects: Some(RedirectChain {
            person: "mallory".into(),
            hops: vec![
                hop("https://idp.tunnel.test/oauth2/callback?code=[code 51c0de]&state=[state 77ad02]", Some(303)),
                hop("https://app.tunnel.test/ngrok/callback?ticket=[ticket 0c91fe]", Some(303)),
                hop("https://app.tunnel.test/", Some(200)),
            ],
        }),
    };
    stage.finish(
        "gate/callback-in-another-browser",
        "A callback that was begun in another browser gains nothing",
        &["step 3"],
        &["gate", "login-csrf", "two-people"],
        Verdict::Failed { failure: Box::new(failure) },
    )
}

/// A replayed callback, refused as it should be.
fn replayed() -> Scenario {
    let mut stage = Stage::new(&["alice"]);
    stage.step("alice opens: https://app.tunnel.test/", 11, 92);
    stage.login_begins("alice", "40ffe1", "/");
    stage.step("alice signs in", 12, 233);
    stage.login_ends("alice", "40ffe1", "/");
    stage.step("alice opens the callback again", 13, 48);
    stage.callback_refused("alice", "40ffe1");
    stage.step("alice is refused: { code: ERR_NGROK_3119 }", 14, 9);
    stage.found("the code ERR_NGROK_3119 with status 403", "ERR_NGROK_3119 with status 403");
    stage.finish(
        "gate/replayed-callback",
        "A callback that was used already is refused",
        &[],
        &["gate", "replay"],
        Verdict::Passed,
    )
}

/// A new app's nobody.
fn unassigned() -> Scenario {
    let mut stage = Stage::new(&["mallory"]);
    stage.step("mallory opens: https://app.tunnel.test/", 9, 90);
    stage.login_begins("mallory", "ab01cd", "/");
    stage.step("mallory signs in", 10, 160);
    stage.denied("mallory", "ab01cd");
    stage.step("mallory is refused: { code: ERR_NGROK_3112 }", 11, 8);
    stage.finish(
        "org/unassigned",
        "A new app has no assignments, so nobody gets in",
        &["step 1"],
        &["org", "assignments"],
        Verdict::Passed,
    )
}

fn interrupted() -> Scenario {
    let mut stage = Stage::new(&["alice"]);
    stage.step("alice opens: https://app.tunnel.test/", 8, 92);
    stage.login_begins("alice", "bb77e0", "/");
    stage.step("alice signs in", 9, 11);
    stage.interrupted();
    stage.not_run("alice's session ends after 30 minutes", 10);
    stage.finish(
        "gate/session-idle",
        "A session ends when nothing happens in it for long",
        &[],
        &["gate", "clock"],
        Verdict::Interrupted,
    )
}

fn short(id: &str, title: &str, duration_ms: u64, verdict: Verdict) -> Scenario {
    let mut stage = Stage::new(&["alice"]);
    match verdict {
        Verdict::Passed => stage.step("alice opens: https://app.tunnel.test/", 9, duration_ms / 2),
        _ => stage.not_run("alice opens: https://app.tunnel.test/", 9),
    }
    let tag = id.split('/').next().unwrap();
    Scenario { duration_ms, ..stage.finish(id, title, &[], &[tag], verdict) }
}
