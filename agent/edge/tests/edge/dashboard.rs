//! The dashboard, as a browser without scripts sees it.

use std::collections::BTreeMap;
use std::time::Duration;

use edge::model::EdgeId;
use edge::{Config, NewAccount, NewLogin, Role};
use ground::Secret;
use http::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use url::form_urlencoded;

use crate::agent::Agent;
use crate::app::App;
use crate::client::{Browser, body, send, text};
use crate::issuer::ISSUER;
use crate::world::World;

pub(crate) const DASHBOARD: &str = "https://dashboard.tunnel.test";
pub(crate) const ADMIN: (&str, &str) = ("admin@acme.test", "correct horse");
pub(crate) const MEMBER: (&str, &str) = ("member@acme.test", "battery staple");
pub(crate) const OTHER: (&str, &str) = ("admin@other.test", "other horse");
const SESSION: &str = "__Host-dashboard-session";

fn login((login, password): (&str, &str), role: Role) -> NewLogin {
    NewLogin { login: login.to_owned(), password: Secret::new("password", password), role }
}

/// Acme with an administrator and a member, and another account, which may not use OIDC.
pub(crate) async fn world() -> World {
    World::with(|config: &mut Config| {
        config.accounts[0].logins.push(login(MEMBER, Role::Member));
        config.accounts.push(NewAccount {
            name: "Other".to_owned(),
            plan: "Free".to_owned(),
            oidc: false,
            logins: vec![login(OTHER, Role::Administrator)],
            authtokens: Vec::new(),
            api_keys: Vec::new(),
        });
    })
    .await
}

/// A page as it came.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Page {
    pub(crate) fn says(&self, words: &str) -> bool {
        self.html.contains(words)
    }

    pub(crate) fn csrf(&self) -> String {
        let (_, rest) = self.html.split_once("name=\"csrf\" value=\"").expect("a form on the page");
        rest.split_once('"').unwrap().0.to_owned()
    }
}

/// Someone at the dashboard.
#[derive(Default)]
pub(crate) struct Visitor {
    pub(crate) cookies: BTreeMap<String, String>,
    page: String,
}

impl Visitor {
    pub(crate) async fn signed_in(world: &World, who: (&str, &str)) -> Self {
        let mut visitor = Self::default();
        visitor.open(world, "/sign-in").await;
        let entered =
            visitor.submit(world, "/sign-in", &[("login", who.0), ("password", who.1), ("to", "/")]).await;
        assert_eq!(entered.status, StatusCode::OK, "{}", entered.html);
        visitor
    }

    /// Opens a page, by redirects if need be.
    pub(crate) async fn open(&mut self, world: &World, path: &str) -> Page {
        self.ask(world, Request::get(format!("{DASHBOARD}{path}")), String::new()).await
    }

    /// Sends a form of the page that is open.
    pub(crate) async fn submit(&mut self, world: &World, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = Page { status: StatusCode::OK, headers: HeaderMap::new(), html: self.page.clone() }.csrf();
        self.post(world, path, Some(DASHBOARD), Some(&csrf), fields).await
    }

    pub(crate) async fn post(
        &mut self,
        world: &World,
        path: &str,
        origin: Option<&str>,
        csrf: Option<&str>,
        fields: &[(&str, &str)],
    ) -> Page {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields).extend_pairs(csrf.map(|csrf| ("csrf", csrf)));
        let mut request = Request::post(format!("{DASHBOARD}{path}"));
        request = request.header("content-type", "application/x-www-form-urlencoded");
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        self.ask(world, request, form.finish()).await
    }

    pub(crate) async fn ask(&mut self, world: &World, request: http::request::Builder, form: String) -> Page {
        let mut request = request.header(COOKIE, self.cookie_header()).body(body(&form)).unwrap();
        for _ in 0..4 {
            let answer = send(world, request).await;
            let (status, headers) = (answer.status(), answer.headers().clone());
            self.keep(&headers);
            let html = text(answer).await;
            let Some(location) = headers.get(LOCATION) else {
                self.page.clone_from(&html);
                return Page { status, headers, html };
            };
            let url = format!("{DASHBOARD}{}", location.to_str().unwrap());
            request = Request::get(url).header(COOKIE, self.cookie_header()).body(body("")).unwrap();
        }
        panic!("redirected in circles")
    }

    fn cookie_header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            assert!(
                pair.starts_with("__Host-") && attributes.contains("Path=/; Secure; HttpOnly; SameSite=Lax")
            );
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn only_edge(world: &World) -> EdgeId {
    let edges = world.account().edges();
    assert_eq!(edges.len(), 1);
    edges[0].id.clone()
}

#[tokio::test]
async fn the_walkthrough_from_a_new_edge_to_a_guarded_app() {
    let world = world().await;
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    assert!(admin.open(&world, "/cloud-edge").await.says(">Edges</a>"));
    assert!(admin.open(&world, "/edges").await.says(">New Edge</a>"));
    assert!(admin.open(&world, "/edges/new").await.says(">HTTPS Edge</button>"));
    let made = admin.submit(&world, "/edges", &[]).await;
    let id = only_edge(&world);
    assert!(made.says("no description") && made.says("aria-label=\"Edit description\""));
    assert!(made.says("You have no tunnels online."));

    let path = format!("/edges/{id}");
    admin.open(&world, &format!("{path}?edit=description")).await;
    let renamed =
        admin.submit(&world, &format!("{path}/description"), &[("description", "Edge with Okta SSO")]).await;
    assert!(renamed.says("Edge with Okta SSO") && !renamed.says("no description"));

    assert!(admin.open(&world, &format!("{path}/oidc")).await.says(">Begin setup</a>"));
    let setup = admin.open(&world, &format!("{path}/oidc/setup")).await;
    for label in ["Issuer URL", "Client ID", "Client Secret"] {
        assert!(setup.says(&format!(">{label}</label>")), "{label}");
    }
    let fields = [("issuer", ISSUER), ("client_id", "client"), ("client_secret", "hush")];
    let saved = admin.submit(&world, &format!("{path}/oidc"), &fields).await;
    assert!(saved.says("Saved.") && saved.says(ISSUER));

    let panel = admin.open(&world, &format!("{path}?panel=start-a-tunnel")).await;
    assert!(panel.says(">Tunnel group</a>") && panel.says(">Close</a>"));
    assert!(panel.says(&format!(">gatewright tunnel --label edge={id} http://localhost:80</code>")));

    let (one, two) =
        (Agent::new(&world, &App::new("inside")).await, Agent::new(&world, &App::new("inside")).await);
    one.label("edge", id.as_str()).await;
    let traffic = admin.open(&world, &path).await;
    assert!(traffic.says("You have 1 tunnel online. Start additional tunnels to begin load balancing"));
    two.label("edge", id.as_str()).await;
    assert!(admin.open(&world, &path).await.says("You have 2 tunnels online."));
    assert!(admin.open(&world, "/edges").await.says("<td>2</td>"));

    let url = format!("https://{}/", world.account().edges()[0].hosts[0]);
    assert!(traffic.says(url.trim_end_matches('/')));
    let mut person = Browser::default();
    assert_eq!(person.sign_in(&world, &url).await, url);
    assert_eq!(text(person.open(&world, &url).await).await, "inside");
}

#[tokio::test]
async fn nobody_looks_without_signing_in() {
    let world = world().await;
    let id = world.account().create_edge_with_tunnel_group("secret plans").unwrap().id;
    for path in ["/", "/cloud-edge", "/edges", "/edges/new", "/authtokens", &format!("/edges/{id}")] {
        let page = Visitor::default().open(&world, path).await;
        assert!(page.says("Sign in to the dashboard") && !page.says("secret plans"), "{path}");
    }
    for cookie in ["", "made-up"] {
        let mut visitor = Visitor::default();
        visitor.cookies.insert(SESSION.to_owned(), cookie.to_owned());
        assert!(visitor.open(&world, "/edges").await.says("Sign in to the dashboard"));
    }
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_look_the_same() {
    let world = world().await;
    let mut pages = Vec::new();
    for who in [(ADMIN.0, "wrong"), ("nobody@acme.test", "wrong"), (ADMIN.0, ""), (ADMIN.0, MEMBER.1)] {
        let mut visitor = Visitor::default();
        visitor.open(&world, "/sign-in").await;
        let page =
            visitor.submit(&world, "/sign-in", &[("login", who.0), ("password", who.1), ("to", "/")]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert!(!visitor.cookies.contains_key(SESSION));
        pages.push(page.html.replace(&page.csrf(), "").replace(who.0, ""));
    }
    assert!(pages.iter().all(|page| *page == pages[0] && page.contains("is not right")));
}

#[tokio::test]
async fn signing_in_leads_to_the_page_that_was_wanted_and_never_elsewhere() {
    let world = world().await;
    for (to, title) in [
        ("/edges", "<title>Edges"),
        ("https://evil.test/", "<title>Endpoints"),
        ("//evil.test/", "<title>Endpoints"),
        ("/\\evil.test", "<title>Endpoints"),
    ] {
        let mut visitor = Visitor::default();
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("to", to).finish();
        let asked = visitor.open(&world, &format!("/sign-in?{query}")).await;
        assert!(!asked.says("evil.test"), "{to}");
        let fields = [("login", ADMIN.0), ("password", ADMIN.1), ("to", to)];
        let page = visitor.submit(&world, "/sign-in", &fields).await;
        assert!(page.says(title), "{to}");
    }
}

#[tokio::test]
async fn changes_come_from_the_dashboards_own_pages_alone() {
    let world = world().await;
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    let csrf = admin.open(&world, "/edges/new").await.csrf();
    let mut member = Visitor::signed_in(&world, MEMBER).await;
    let foreign = member.open(&world, "/").await.csrf();
    for (origin, token) in [
        (None, Some(csrf.as_str())),
        (Some("null"), Some(csrf.as_str())),
        (Some("https://evil.tunnel.test"), Some(csrf.as_str())),
        (Some("http://dashboard.tunnel.test"), Some(csrf.as_str())),
        (Some("https://dashboard.tunnel.test:8443"), Some(csrf.as_str())),
        (Some(DASHBOARD), Some("made-up")),
        (Some(DASHBOARD), Some("")),
        (Some(DASHBOARD), Some(foreign.as_str())),
        (Some(DASHBOARD), None),
    ] {
        let page = admin.post(&world, "/edges", origin, token, &[]).await;
        assert!(page.status.is_client_error(), "{origin:?} {token:?}");
        assert!(world.account().edges().is_empty());
    }
    let twice = admin.post(&world, "/edges", Some(DASHBOARD), Some(&csrf), &[("csrf", "made-up")]).await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    assert_eq!(admin.post(&world, "/edges", Some(DASHBOARD), Some(&csrf), &[]).await.status, StatusCode::OK);
    assert_eq!(world.account().edges().len(), 1);
}

#[tokio::test]
async fn the_sign_in_form_has_a_token_of_its_own() {
    let world = world().await;
    let fields = [("login", ADMIN.0), ("password", ADMIN.1), ("to", "/")];
    let mut visitor = Visitor::default();
    let csrf = visitor.open(&world, "/sign-in").await.csrf();
    let mut other = Visitor::default();
    for (origin, token) in
        [(None, Some(&csrf)), (Some("https://evil.tunnel.test"), Some(&csrf)), (Some(DASHBOARD), None)]
    {
        let page = visitor.post(&world, "/sign-in", origin, token.map(String::as_str), &fields).await;
        assert!(page.status.is_client_error());
    }
    let page = other.post(&world, "/sign-in", Some(DASHBOARD), Some(&csrf), &fields).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(!visitor.cookies.contains_key(SESSION) && !other.cookies.contains_key(SESSION));
}

#[tokio::test]
async fn a_member_looks_and_changes_nothing() {
    let world = world().await;
    let account = world.account();
    let id = account.create_edge_with_tunnel_group("Edge").unwrap().id;
    let mut member = Visitor::signed_in(&world, MEMBER).await;
    let path = format!("/edges/{id}");
    for (page, offers) in [
        ("/edges".to_owned(), "New Edge"),
        ("/edges/new".to_owned(), "HTTPS Edge</button>"),
        (path.clone(), "Edit description"),
        (format!("{path}?edit=description"), "<label for=\"description\">"),
        (format!("{path}/oidc"), "Begin setup"),
        ("/authtokens".to_owned(), ">Show</button>"),
    ] {
        let page = member.open(&world, &page).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.says(offers), "{offers}");
    }
    member.open(&world, "/").await;
    let credential = account.credentials().unwrap()[0].id.clone();
    for (change, fields) in [
        ("/edges".to_owned(), vec![]),
        (format!("{path}/description"), vec![("description", "mine")]),
        (format!("{path}/delete"), vec![]),
        (format!("{path}/oidc"), vec![("issuer", ISSUER), ("client_id", "a"), ("client_secret", "b")]),
        (format!("{path}/oidc/secret"), vec![]),
        (format!("{path}/oidc/remove"), vec![]),
        (format!("/authtokens/{credential}"), vec![]),
    ] {
        let csrf = member.open(&world, "/").await.csrf();
        let page = member.post(&world, &change, Some(DASHBOARD), Some(&csrf), &fields).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{change}");
        assert!(page.says("Only administrators can do this") && !page.says(world.authtoken.expose()));
    }
    let edges = account.edges();
    assert_eq!((edges.len(), edges[0].description.as_str()), (1, "Edge"));
    assert!(edges[0].routes.iter().all(|route| route.oidc.is_none()));
}

#[tokio::test]
async fn an_account_without_the_entitlement_is_told_so() {
    let world = world().await;
    let mut other = Visitor::signed_in(&world, OTHER).await;
    other.open(&world, "/edges/new").await;
    other.submit(&world, "/edges", &[]).await;
    let id = world.edge.account("Other").unwrap().edges()[0].id.clone();
    let page = other.open(&world, &format!("/edges/{id}/oidc")).await;
    assert!(page.says("ERR_NGROK_5207") && page.says("(Free)") && !page.says("Begin setup"));
    let fields = [("issuer", ISSUER), ("client_id", "a"), ("client_secret", "b")];
    let refused = other.submit(&world, &format!("/edges/{id}/oidc"), &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.says("ERR_NGROK_5207"));
}

#[tokio::test]
async fn nothing_of_another_account_is_seen_or_touched() {
    let world = world().await;
    let id = world.account().create_edge_with_tunnel_group("Edge of Acme").unwrap().id;
    let credential = world.account().credentials().unwrap()[0].id.clone();
    let mut other = Visitor::signed_in(&world, OTHER).await;
    assert!(!other.open(&world, "/edges").await.says("Edge of Acme"));
    assert!(!other.open(&world, "/").await.says("tunnel.test</a>"));
    for path in [format!("/edges/{id}"), format!("/edges/{id}/oidc"), format!("/edges/{id}/oidc/setup")] {
        assert_eq!(other.open(&world, &path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in [
        format!("/edges/{id}/delete"),
        format!("/edges/{id}/oidc/remove"),
        format!("/authtokens/{credential}"),
    ] {
        let csrf = other.open(&world, "/").await.csrf();
        let page = other.post(&world, &path, Some(DASHBOARD), Some(&csrf), &[]).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(world.account().edges().len(), 1);
}

#[tokio::test]
async fn settings_that_cannot_be_are_explained_beside_the_form() {
    let world = world().await;
    let id = world.account().create_edge_with_tunnel_group("").unwrap().id;
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    let path = format!("/edges/{id}/oidc");
    for (issuer, client_id, secret, code) in [
        ("", "client", "hush-hush", "ERR_NGROK_1688"),
        ("http://acme.okta.test", "client", "hush-hush", "ERR_NGROK_1688"),
        (ISSUER, " ", "hush-hush", "ERR_NGROK_1689"),
        (ISSUER, "client", "", "ERR_NGROK_1690"),
    ] {
        admin.open(&world, &format!("{path}/setup")).await;
        let fields = [("issuer", issuer), ("client_id", client_id), ("client_secret", secret)];
        let page = admin.submit(&world, &path, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.says("This was not saved") && page.says(code), "{code}");
        assert!(page.says(&format!("value=\"{issuer}\"")) && !page.says("hush-hush"));
    }
    assert!(world.account().edges()[0].routes[0].oidc.is_none());
}

#[tokio::test]
async fn secrets_are_shown_only_on_request() {
    let world = world().await;
    let id = world.account().create_edge_with_tunnel_group("").unwrap().id;
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    let path = format!("/edges/{id}/oidc");
    admin.open(&world, &format!("{path}/setup")).await;
    let fields = [("issuer", ISSUER), ("client_id", "client"), ("client_secret", "hush-hush")];
    assert!(!admin.submit(&world, &path, &fields).await.says("hush-hush"));
    assert!(!admin.open(&world, &format!("{path}/setup")).await.says("hush-hush"));
    assert!(!admin.open(&world, &path).await.says("hush-hush"));
    let shown = admin.submit(&world, &format!("{path}/secret"), &[]).await;
    assert!(shown.says("hush-hush"));
    assert_eq!(shown.headers["cache-control"], "no-store");

    let credential = world.account().credentials().unwrap()[0].id.clone();
    assert!(!admin.open(&world, "/authtokens").await.says(world.authtoken.expose()));
    let shown = admin.submit(&world, &format!("/authtokens/{credential}"), &[]).await;
    assert!(shown.says(world.authtoken.expose()));
}

#[tokio::test]
async fn a_secret_is_kept_for_the_same_client_alone() {
    let world = world().await;
    let id = world.account().create_edge_with_tunnel_group("").unwrap().id;
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    let path = format!("/edges/{id}/oidc");
    admin.open(&world, &format!("{path}/setup")).await;
    let set = |issuer, secret| [("issuer", issuer), ("client_id", "client"), ("client_secret", secret)];
    admin.submit(&world, &path, &set(ISSUER, "hush-hush")).await;
    assert!(admin.submit(&world, &path, &set(ISSUER, "")).await.says("Saved."));
    let module = world.account().edges()[0].routes[0].oidc.clone().unwrap();
    assert!(module.client_secret.matches("hush-hush"));
    let elsewhere = admin.submit(&world, &path, &set("https://evil.test", "")).await;
    assert!(elsewhere.says("ERR_NGROK_1690"));
    assert!(admin.submit(&world, &format!("{path}/remove"), &[]).await.says("Begin setup"));
    assert!(world.account().edges()[0].routes[0].oidc.is_none());
}

#[tokio::test]
async fn a_session_ends_by_signing_out_and_by_idling() {
    let world = world().await;
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    let stolen = admin.cookies[SESSION].clone();
    admin.open(&world, "/").await;
    assert!(admin.submit(&world, "/sign-out", &[]).await.says("Sign in to the dashboard"));
    assert!(!admin.cookies.contains_key(SESSION));
    let mut thief = Visitor::default();
    thief.cookies.insert(SESSION.to_owned(), stolen);
    assert!(thief.open(&world, "/").await.says("Sign in to the dashboard"));

    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(11 * 3600));
        assert!(admin.open(&world, "/").await.says("<h1>Endpoints</h1>"));
    }
    world.clock.advance(Duration::from_secs(12 * 3600));
    assert!(admin.open(&world, "/").await.says("Sign in to the dashboard"));
}

#[tokio::test]
async fn each_sign_in_has_a_session_of_its_own() {
    let world = world().await;
    let mut visitor = Visitor::default();
    visitor.cookies.insert(SESSION.to_owned(), "preset".to_owned());
    visitor.open(&world, "/sign-in").await;
    let fields = [("login", ADMIN.0), ("password", ADMIN.1), ("to", "/")];
    visitor.submit(&world, "/sign-in", &fields).await;
    let first = visitor.cookies[SESSION].clone();
    assert_ne!(first, "preset");
    visitor.open(&world, "/sign-in").await;
    visitor.submit(&world, "/sign-in", &fields).await;
    assert_ne!(visitor.cookies[SESSION], first);
    let mut old = Visitor::default();
    old.cookies.insert(SESSION.to_owned(), first);
    assert!(old.open(&world, "/").await.says("Sign in to the dashboard"));
}

#[tokio::test]
async fn every_page_runs_no_foreign_code_and_cannot_be_framed() {
    let world = world().await;
    let id =
        world.account().create_edge_with_tunnel_group("<script>alert(1)</script>\" onload=x").unwrap().id;
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    for path in [
        "/",
        "/cloud-edge",
        "/edges",
        "/edges/new",
        "/traffic",
        "/agents",
        "/people",
        "/authtokens",
        "/sign-in",
        "/nothing-here",
        &format!("/edges/{id}"),
        &format!("/edges/{id}?edit=description"),
        &format!("/edges/{id}?panel=start-a-tunnel"),
        &format!("/edges/{id}?panel=a&panel=b"),
        &format!("/edges/{id}/oidc"),
        &format!("/edges/{id}/oidc/setup"),
        &format!("/edges/{id}/delete"),
    ] {
        let page = admin.open(&world, path).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(page.headers["x-frame-options"], "DENY");
        assert_eq!(page.headers["cache-control"], "no-store");
        for inline in ["<script>", "<style", " style=", "onclick=", "javascript:", "\" onload"] {
            assert!(!page.says(inline), "{path}: {inline}");
        }
    }
}

#[tokio::test]
async fn an_edge_is_deleted_for_good() {
    let world = world().await;
    let id = world.account().create_edge_with_tunnel_group("").unwrap().id;
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    admin.open(&world, &format!("/edges/{id}")).await;
    assert!(admin.submit(&world, &format!("/edges/{id}/delete"), &[]).await.says("There is no Edge yet."));
    assert!(world.account().edges().is_empty());
    assert_eq!(admin.open(&world, &format!("/edges/{id}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn descriptions_that_are_too_long_are_refused_with_their_code() {
    let world = world().await;
    let id = world.account().create_edge_with_tunnel_group("").unwrap().id;
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    admin.open(&world, &format!("/edges/{id}?edit=description")).await;
    let page =
        admin.submit(&world, &format!("/edges/{id}/description"), &[("description", &"x".repeat(256))]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.says("ERR_NGROK_420"));
}
