//! What a refused person reads.

use gate::{Refusal, TokenFault};

use crate::world::{Answered, Browser, World, head};

#[tokio::test]
async fn a_refusals_page_is_whole_and_runs_nothing() {
    let world = World::with(|draft| draft.allow_domains.push("other.test".to_owned()));
    let answer = world.sign_in(&mut Browser::new(), "/").await;
    let headers = answer.headers();
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("ngrok-error-code", "ERR_NGROK_3105"),
    ] {
        assert_eq!(headers[name], value);
    }
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-")
            && policy.contains("frame-ancestors 'none'")
    );
    let (_, after) = answer.body().split_once("</style>").unwrap();
    insta::assert_snapshot!(after, @r#"
    </head>
    <body>
    <main>
    <h1>You may not enter here</h1>
    <p>You signed in as alice@acme.test, which is not among those who may enter.</p>
    <p>Sign in with another account, or ask whoever runs this site to let you in.</p>
    <p><a class="action" href="/ngrok/login">Sign in with another account</a></p>
    <p class="code"><code>ERR_NGROK_3105</code></p>
    </main>
    </body>
    </html>
    "#);
}

#[tokio::test]
async fn a_program_gets_plain_words() {
    let world = World::new();
    let answer = world.app.admit(&head("POST", "/api", &[("accept", "application/json")])).await.answered();
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(
        answer.headers()["www-authenticate"],
        "Cookie realm=\"gate\", cookie-name=\"__Host-gate-session\""
    );
    insta::assert_snapshot!(answer.body(), @"
    Sign in first
    This address is behind a sign-in, and this request brought no session.
    Open the address in a browser to sign in.
    ERR_NGROK_3100
    ");
}

#[test]
fn every_refusal_has_its_code_its_status_and_its_title() {
    let text = || "secret detail".to_owned();
    let refusals = [
        Refusal::SignInRequired,
        Refusal::SessionExpired,
        Refusal::AmbiguousCookies,
        Refusal::MethodNotAllowed,
        Refusal::NotFound,
        Refusal::StateMissing,
        Refusal::CallbackMalformed("secret detail"),
        Refusal::StateUnknown,
        Refusal::CodeMissing,
        Refusal::IssuerMismatch,
        Refusal::TicketUnknown,
        Refusal::WrongHost,
        Refusal::LoginCookieMissing,
        Refusal::OtherBrowser,
        Refusal::TookTooLong,
        Refusal::SettingsChanged,
        Refusal::Provider { error: "access_denied".to_owned(), description: None },
        Refusal::CodeRefused { error: "invalid_client".to_owned(), description: None },
        Refusal::Metadata(text()),
        Refusal::Communication(text()),
        Refusal::IdTokenMissing,
        Refusal::IdToken(TokenFault::Audience),
        Refusal::Claims("secret detail"),
        Refusal::NoEmail,
        Refusal::EmailUnverified,
        Refusal::NotPermitted { email: "mallory@acme.test".to_owned() },
    ];
    for refusal in &refusals {
        assert!(!refusal.words().concat().contains("secret detail"), "{refusal}");
    }
    let lines: Vec<_> = refusals
        .iter()
        .map(|refusal| format!("{} {} {}", refusal.code(), refusal.status().as_u16(), refusal.title()))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    3100 401 Sign in first
    3100 401 Your session has ended
    3100 400 Your session can't be told apart
    3300 405 This can't be done here
    3209 404 Nothing is here
    3107 400 This sign-in can't be finished
    3300 400 This sign-in can't be finished
    3300 400 This sign-in can't be finished
    3123 400 This sign-in can't be finished
    5205 400 The answer came from the wrong identity provider
    3120 400 This sign-in can't be finished
    3124 400 This sign-in belongs to another address
    3121 400 This sign-in was begun elsewhere
    3122 400 This sign-in was begun elsewhere
    3119 400 Signing in took too long
    3300 400 This sign-in can't be finished
    5211 403 Your identity provider said no
    5211 502 Your identity provider reported a problem
    5208 502 The identity provider can't be reached properly
    5202 502 The identity provider can't be reached properly
    5203 502 The identity provider can't be reached properly
    5204 403 The identity provider's answer can't be trusted
    5205 403 The identity provider's answer can't be trusted
    3109 403 You may not enter here
    3105 403 You may not enter here
    3105 403 You may not enter here
    ");
}
