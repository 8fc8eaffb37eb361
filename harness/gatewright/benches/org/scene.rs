//! An org with people who have a session, and an app that they may use.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gatewright::parts::mock_idp::model::{
    App, ApplicationType, AuthorizationServerId, Cause, ClientSettings, GrantType, Model, NewApp, NewUser,
    Profile, ResponseType, User,
};
use gatewright::parts::mock_idp::{Config, KeyPool, Org};
use gatewright::people::{Driver, HttpDriver};
use ground::outbound::Route;
use ground::{Authority, Clock, Outbound, Secret, Sink};
use rustls::ClientConfig;
use tokio::runtime::Handle;

use crate::client::Client;
use crate::{Outcome, machine};

pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(crate) const JWKS: &str = "/oauth2/v1/keys";
pub(crate) const SCOPE: &str = "reports.read";

const REDIRECT_URI: &str = "https://app.localhost/callback";
const PASSWORD: &str = "correct horse battery staple";

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An org that is up, on threads of its own.
pub(crate) struct Scene {
    pub(crate) org: Org,
    authority: Authority,
}

impl Scene {
    pub(crate) async fn set(keys: KeyPool, threads: &Handle) -> Outcome<Self> {
        let authority = Authority::new()?;
        let config = Config {
            name: "acme".to_owned(),
            host: "acme.okta.localhost".to_owned(),
            admin_host: "acme-admin.okta.localhost".to_owned(),
            public_port: None,
            authority: authority.clone(),
            clock: Clock::new(),
            evidence: Sink::forgetful(),
            keys,
            sign_in_widget: None,
        };
        Ok(Self { org: threads.spawn(Org::start(config)).await??, authority })
    }

    /// One that has all its keys, a custom server's included, while none are being made.
    pub(crate) async fn set_with_keys(threads: &Handle) -> Outcome<Self> {
        let scene = Self::set(KeyPool::of_this_user()?, threads).await?;
        scene.client().await?.get("/oauth2/default/v1/keys").await?;
        machine::still("signing keys").await;
        Ok(scene)
    }

    pub(crate) fn model(&self) -> &Model {
        self.org.model()
    }

    pub(crate) async fn client(&self) -> Outcome<Client> {
        Client::connect(&self.org.issuer(), self.org.https_addr(), &self.tls()?).await
    }

    /// Signs a person in, as in a browser, and gives a client with the session.
    pub(crate) async fn client_of(&self, user: &User) -> Outcome<Client> {
        let outbound = Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, self.tls()?);
        let person = HttpDriver::new(outbound, Sink::forgetful());
        let url = format!("{}/app/UserHome", self.org.issuer());
        person.open(&url).await?;
        person.fill(&"Username".into(), &user.profile.login).await?;
        person.fill(&"Password".into(), PASSWORD).await?;
        person.click(&"Sign In".into()).await?;
        let cookies = person.cookies(&url).await?;
        let pairs = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value.expose()));
        self.client().await?.with_cookies(&pairs.collect::<Vec<_>>().join("; "))
    }

    pub(crate) async fn strike(self) {
        self.org.stop().await;
    }

    fn tls(&self) -> Outcome<Arc<ClientConfig>> {
        Ok(self.authority.client_config(&[b"http/1.1"])?)
    }
}

/// An active user with a password.
pub(crate) fn user(model: &Model, number: usize) -> Outcome<Arc<User>> {
    let profile = Profile::new(&format!("user{number}@acme.test"), "Una", &format!("User {number}"));
    Ok(model.create_user(NewUser::new(profile, Secret::new("password", PASSWORD)), &Cause::system())?)
}

/// An app of the code flow, with PKCE.
pub(crate) fn web_app(model: &Model) -> Outcome<Arc<App>> {
    let mut app = NewApp::web("Reports", REDIRECT_URI);
    app.settings.pkce_required = true;
    Ok(model.create_app(app, &Cause::system())?)
}

/// An app that gets tokens of its own, and a scope for it, at the custom server `default`.
pub(crate) fn service(model: &Model) -> Outcome<Arc<App>> {
    let settings = ClientSettings {
        application_type: ApplicationType::Service,
        grant_types: vec![GrantType::ClientCredentials],
        response_types: vec![ResponseType::Token],
        ..ClientSettings::default()
    };
    let cause = Cause::system();
    let app = NewApp {
        name: "oidc_client".to_owned(),
        label: "Importer".to_owned(),
        settings,
        secret: None,
        activate: true,
    };
    model.put_scope(&AuthorizationServerId::new("default"), None, &cause, |scope| {
        scope.name = SCOPE.to_owned();
    })?;
    Ok(model.create_app(app, &cause)?)
}

/// What a client gives for its authentication.
pub(crate) fn basic(app: &App) -> Outcome<String> {
    let secret = app.secret.as_ref().ok_or("the app has no secret")?;
    Ok(basic_of(app.client_id(), secret.expose()))
}

pub(crate) fn basic_of(id: &str, secret: &str) -> String {
    // Neither holds anything that a form would write otherwise.
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The authorization request of the code flow.
pub(crate) fn authorize_path(app: &App) -> String {
    let redirect_uri = REDIRECT_URI.replace(':', "%3A").replace('/', "%2F");
    format!(
        "/oauth2/v1/authorize?response_type=code&client_id={}&redirect_uri={redirect_uri}\
         &scope=openid%20profile%20email&state=af0ifjsldkj&nonce=n-0S6_WzA2Mj&code_challenge={CHALLENGE}\
         &code_challenge_method=S256",
        app.client_id(),
    )
}

/// Where a code is redeemed, and with what.
pub(crate) const TOKEN: &str = "/oauth2/v1/token";

pub(crate) fn redeeming(code: &str) -> String {
    let redirect_uri = REDIRECT_URI.replace(':', "%3A").replace('/', "%2F");
    format!("grant_type=authorization_code&code={code}&redirect_uri={redirect_uri}&code_verifier={VERIFIER}")
}

/// Where a client gets a token of its own, and by what.
pub(crate) const OWN_TOKEN: &str = "/oauth2/default/v1/token";

pub(crate) fn for_itself() -> String {
    format!("grant_type=client_credentials&scope={SCOPE}")
}
