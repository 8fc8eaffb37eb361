//! The table of steps. It is the only place where a step is declared: the file parser, the schema, the reference page
//! and the Rust API all come from here.

use std::time::Duration;

use super::argument::Count;
use super::arguments::{
    Answer, Assignment, Control, Conversation, Cookie, CookieTheft, Credentials, EventStream, Fetch, Launch,
    LogEntry, Misbehaviour, NewRule, Refusal, Relay, Request, SecurityKey, Seen, Sight, SignInPlace, Upload,
};
use super::collections::{Entries, Several};
use super::names::{
    AccountName, AgentName, CopiedName, PersonName, RememberedName, TunnelName, UpstreamName, UserName,
};
use super::pattern::Pattern;
use super::table::vocabulary;
use super::template::Template;
use crate::people::Key;

vocabulary! {
    /// Someone with a browser: one incognito profile, and a source address of their own.
    Person named PersonName does PersonStep, written "NAME" {
        /// Opens a URL in the current tab, and waits until the page is there.
        Opens = opens(url: Template), r#"alice opens: "{tunnels.app}/reports?year=2026""#;

        /// Opens a URL in a new tab, and goes on there.
        OpensATab = opens_a_tab(url: Template), r#"alice opens a tab: "{tunnels.app}/second""#;

        /// Goes on in another tab, counted from 1 in the order of opening.
        SwitchesToTab = switches_to_tab(number: Count), "alice switches to tab: 1";

        /// Loads the current page again.
        Reloads = reloads(), "alice reloads";

        /// Goes back to the page before, as by the browser's button.
        GoesBack = goes_back(), "alice goes back";

        /// Expects that the browser is at a sign-in page and that nobody is signed in there.
        IsAskedToSignInAt = is_asked_to_sign_in_at(place: SignInPlace), "alice is asked to sign in at: okta";

        /// Signs in at the sign-in page where the browser is, with their own login and password, and waits until the
        /// browser has left it or shows why not.
        SignsIn = signs_in(), "alice signs in";

        /// Signs in likewise, with what is written instead of their own.
        SignsInWith = signs_in_with(credentials: Credentials), r#"alice signs in with: { password: "not hers" }"#;

        /// Types the code that the authenticator app on their phone shows into the org's page, and sends it.
        GivesACode = gives_a_code(), "alice gives a code";

        /// Takes what the org's page shows up into the authenticator app on their phone: a key, whose first code they
        /// send, or a QR code for push notifications.
        SetsUpOktaVerify = sets_up_okta_verify(), "alice sets up okta verify";

        /// Waits for a push notification on their phone and says that it's them; if the page shows a number, they choose
        /// that one.
        ApprovesThePush = approves_the_push(), "alice approves the push";

        /// Waits for a push notification on their phone and says that it's them, but chooses another number than the
        /// page shows, as somebody does who doesn't see it.
        ApprovesThePushWithAnotherNumber = approves_the_push_with_another_number(),
            "alice approves the push with another number";

        /// Waits for a push notification on their phone and says that it isn't them.
        DeniesThePush = denies_the_push(), "alice denies the push";

        /// Takes a new security key to hand, on which nothing is enrolled, in the place of the one that they had. It is
        /// touched whenever a page asks for it.
        TakesASecurityKey = takes_a_security_key(key: SecurityKey), "alice takes a security key: with fingerprint";

        /// Has no security key at hand any more.
        LosesTheSecurityKey = loses_the_security_key(), "alice loses the security key";

        /// Is not recognized from now on: neither does the security key know the fingerprint, nor the phone its owner.
        IsNotRecognized = is_not_recognized(), "alice is not recognized";

        /// Is recognized again.
        IsRecognizedAgain = is_recognized_again(), "alice is recognized again";

        /// Lets the current page ask for the security key as the org does, and expects that the browser refuses: it gives
        /// a site no other site's credentials.
        IsRefusedTheSecurityKey = is_refused_the_security_key(), "alice is refused the security key";

        /// Has a FastPass app from now on that forgets to look which page asks it to sign.
        UsesACarelessApp = uses_a_careless_app(), "alice uses a careless app";

        /// From now on whatever asks for FastPass on their machine is answered by another person's device, as if a page
        /// that this person has open had asked it: what a phishing page with somebody behind it does.
        RelaysFastpassTo = relays_fastpass_to(relay: Relay),
            r#"mallory relays fastpass to: { person: alice, page: "https://evil.test/" }"#;

        /// From now on whatever asks for FastPass on their machine is answered by what another person's device signed
        /// last.
        ReplaysTheFastpassOf = replays_the_fastpass_of(person: PersonName), "mallory replays the fastpass of: alice";

        /// Expects something of the current page; waits until it comes true.
        Sees = sees(sight: Sight),
            r#"alice sees: { url: "{tunnels.app}/reports?year=2026", text: Hello from localhost:3000 }"#;

        /// Expects that the current page does not show these texts, once it has come to rest.
        DoesNotSee = does_not_see(text: Several<Template>), r#"alice does not see: Hello from localhost:3000"#;

        /// Clicks a link, a button or another control, and waits for the page that follows, if one does.
        Clicks = clicks(control: Control), "alice clicks: Browse App Catalog";

        /// Fills text fields by their labels; what stood in them is gone.
        Fills = fills(fields: Entries<Template, Template>),
            r#"alice fills: { Application label: ngrok, "Sign-in redirect URI": "{edge.redirect_uri}" }"#;

        /// Chooses an option of a list by the list's label.
        Selects = selects(fields: Entries<Template, Template>),
            r#"alice selects: { Login initiated by: App Only }"#;

        /// Presses a key where the focus is: `Enter`, `Tab`, `Escape`, `ArrowDown` … or the character that it types.
        Presses = presses(key: Key), "alice presses: Enter";

        /// Copies values from the page by their labels, to be used as `{copied.NAME}` from now on.
        Copies = copies(values: Entries<CopiedName, Template>),
            "alice copies: { id: Client ID, secret: Client secret }";

        /// Keeps the last URL that matches: of those that the browser went to, redirects included, and those that the
        /// answers to their own requests redirect to; to be used as `{remembered.NAME}` from now on.
        Remembers = remembers(urls: Entries<RememberedName, Pattern>),
            r#"alice remembers: { callback: "https://idp.tunnel.test/oauth2/callback?*" }"#;

        /// Makes requests from their own address, outside the browser.
        Requests = requests(request: Request),
            r#"alice requests: { url: "{tunnels.app}", method: [GET, POST], expect: { status: 401 } }"#;

        /// Lets the current page make a request by `fetch`.
        Fetches = fetches(request: Fetch), r#"alice fetches: { url: "{tunnels.app}/data", expect: { status: 200 } }"#;

        /// Lets the current page talk over a WebSocket.
        TalksOverAWebsocket = talks_over_a_websocket(conversation: Conversation),
            r#"alice talks over a websocket: { url: "{tunnels.app}/echo", sends: hello, receives: hello }"#;

        /// Lets the current page open a WebSocket there, and goes on while it stays open.
        HoldsAWebsocketOpen = holds_a_websocket_open(url: Template),
            r#"alice holds a websocket open: "{tunnels.app}/echo""#;

        /// Waits until the other side has closed the WebSocket that the current page held open.
        LosesTheWebsocket = loses_the_websocket(), "alice loses the websocket";

        /// Expects that the current page can't open a WebSocket there.
        IsRefusedAWebsocketAt = is_refused_a_websocket_at(url: Template),
            r#"alice is refused a websocket at: "{tunnels.app}/echo""#;

        /// Lets the current page receive server-sent events.
        ReceivesEvents = receives_events(stream: EventStream),
            r#"alice receives events: { url: "{tunnels.app}/events?count=3", count: 3 }"#;

        /// Lets the current page begin an upload, and goes on while it runs.
        BeginsAnUpload = begins_an_upload(upload: Upload),
            r#"alice begins an upload: { url: "{tunnels.app}/upload", megabytes: 100 }"#;

        /// Waits for the answer to the upload that was begun.
        FinishesTheUpload = finishes_the_upload(answer: Answer), "alice finishes the upload: { status: 200 }";

        /// Expects that their browser has a live session at a tunnel's gate.
        HasASessionAt = has_a_session_at(tunnel: TunnelName), "alice has a session at: app";

        /// Expects that their browser has no live session at a tunnel's gate.
        HasNoSessionAt = has_no_session_at(tunnel: TunnelName), "mallory has no session at: app";

        /// Copies the gate's cookies of a tunnel out of someone's browser, their own included, into their own.
        StealsCookies = steals_cookies(theft: CookieTheft), "mallory steals cookies: { from: alice, at: app }";

        /// Puts a cookie into their browser.
        SetsACookie = sets_a_cookie(cookie: Cookie),
            "mallory sets a cookie: { at: app, name: __Host-gate-session, value: forged }";

        /// Changes one character of the gate's session cookie in their browser.
        TampersWithTheSessionAt = tampers_with_the_session_at(tunnel: TunnelName),
            "alice tampers with the session at: app";

        /// Takes a screenshot for the report, under this caption.
        TakesAScreenshot = takes_a_screenshot(caption: String), "alice takes a screenshot: the app behind the gate";

        /// Closes the browser with everything in it; the next page opens in a new incognito profile.
        ClosesTheBrowser = closes_the_browser(), "alice closes the browser";
    }

    /// An app behind the tunnels.
    Upstream named UpstreamName does UpstreamStep, written "upstream NAME" {
        /// Expects that such requests reached it; waits for them, unless a number of times is written, which is judged
        /// when the stage has come to rest and again at its end.
        Saw = saw(requests: Seen),
            r#"upstream app saw: { path: /reports, header: { ngrok-auth-user-email: "{users.alice.email}" } }"#;

        /// Expects that no request reached it, when the stage has come to rest and again at its end.
        SawNothing = saw_nothing(), "upstream app saw nothing";

        /// Stops: its port refuses connections, and those that were open end.
        Stops = stops(), "upstream app stops";

        /// Starts again on the same port.
        StartsAgain = starts_again(), "upstream app starts again";

        /// A streaming upstream reads no more of any request's body.
        HoldsBack = holds_back(), "upstream app holds back";

        /// A streaming upstream that held back reads on.
        ReadsOn = reads_on(), "upstream app reads on";
    }

    /// The Okta org.
    Okta does OktaStep, written "okta" {
        /// Expects these entries in the System Log in this order, others between them or not; waits for them.
        Logged = logged(entries: Several<LogEntry>), "okta logged: [user.session.start, user.authentication.sso]";

        /// Expects that no such entry is in the System Log, when the stage has come to rest and again at its end.
        DidNotLog = did_not_log(entries: Several<LogEntry>), "okta did not log: user.authentication.sso";

        /// Assigns a user or a group to an app.
        Assigns = assigns(assignment: Assignment), "okta assigns: { app: ngrok, user: alice }";

        /// Takes an assignment away.
        Unassigns = unassigns(assignment: Assignment), "okta unassigns: { app: ngrok, group: engineering }";

        /// Suspends a user.
        Suspends = suspends(user: UserName), "okta suspends: alice";

        /// Unsuspends a user.
        Unsuspends = unsuspends(user: UserName), "okta unsuspends: alice";

        /// Lets a locked user try again.
        Unlocks = unlocks(user: UserName), "okta unlocks: alice";

        /// Makes a user choose a new password at the next sign-in.
        ExpiresThePasswordOf = expires_the_password_of(user: UserName), "okta expires the password of: alice";

        /// Takes all of a user's factors away, as an administrator does when a phone is lost.
        ResetsTheFactorsOf = resets_the_factors_of(user: UserName), "okta resets the factors of: alice";

        /// Puts a rule before all others of an app's sign-in policy or of the global session policy.
        AddsARule = adds_a_rule(rule: NewRule),
            "okta adds a rule: { app: ngrok, rule: { factors: 2, reauthenticate_after: 1h } }";

        /// Ends all sessions that a user has at the org.
        EndsTheSessionsOf = ends_the_sessions_of(user: UserName), "okta ends the sessions of: alice";

        /// Answers wrongly from now on, in the ways that are written and in no others.
        Misbehaves = misbehaves(ways: Vec<Misbehaviour>),
            "okta misbehaves: { id_token: { set: { aud: somebody-else }, remove: nonce }, user: alice, times: 1 }";

        /// Answers as it should from now on.
        BehavesAgain = behaves_again(), "okta behaves again";
    }

    /// The edge server with its gate.
    Edge does EdgeStep, written "edge" {
        /// Expects that the gate refused such requests; waits for them, unless a number of times is written.
        Refused = refused(refusals: Refusal), "edge refused: { code: ERR_NGROK_3120, at: app }";

        /// Expects that the gate has so many live sessions.
        HasSessions = has_sessions(count: Count), "edge has sessions: 1";

        /// Revokes every session that a user has at the gate.
        RevokesTheSessionsOf = revokes_the_sessions_of(user: UserName), "edge revokes the sessions of: alice";

        /// Revokes the authtoken of an account; its agents are sent away.
        RevokesTheAuthtokenOf = revokes_the_authtoken_of(account: AccountName), "edge revokes the authtoken of: ada";

        /// Goes down and comes up again at the same place.
        Restarts = restarts(), "edge restarts";
    }

    /// An agent: one for each tunnel of the beginning, under the tunnel's name, and those that a step starts.
    Agent named AgentName does AgentStep, written "agent NAME" {
        /// Starts an agent as a process of its own.
        Starts = starts(command: Launch),
            r#"agent laptop starts: { command: "{copied.command}", replacing: { "http://localhost:80": "{upstreams.app.address}" } }"#;

        /// Expects a text in what it prints; waits for it.
        Prints = prints(text: Several<Template>), "agent laptop prints: Forwarding";

        /// Expects that its tunnel is online at the edge; waits for it.
        IsOnline = is_online(), "agent laptop is online";

        /// Is killed, without any chance to say good-bye.
        IsKilled = is_killed(), "agent app is killed";

        /// Starts again as it was started first.
        StartsAgain = starts_again(), "agent app starts again";

        /// Ends as by Ctrl-C, and closes its session properly.
        Stops = stops(), "agent app stops";

        /// Expects that its process ends by itself with this exit status; waits for it.
        ExitsWith = exits_with(status: Count), "agent laptop exits with: 1";
    }

    /// The stage's time, which the org's and the gate's rules read.
    Clock does ClockStep, written "clock" {
        /// Moves forward at once.
        Advances = advances(by: Duration), "clock advances: 2h 30m";
    }

    /// The stage's network: the only way from anyone to anyone.
    Network does NetworkStep, written "network" {
        /// Expects that somebody tried to reach such a host, which isn't of this stage, and was refused; waits for it.
        Refused = refused(host: Pattern), "network refused: evil.test";

        /// Expects that nobody tried to reach a host that isn't of this stage, when the stage has come to rest and again
        /// at its end.
        RefusedNothing = refused_nothing(), "network refused nothing";

        /// Expects that, while an upstream holds back, what people send to it comes to rest before more than so many
        /// megabytes are underway.
        StallsWithin = stalls_within(megabytes: Count), "network stalls within: 16";
    }
}
