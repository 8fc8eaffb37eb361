mod bindings;
mod devices;
mod redirects;
mod refusals;
mod sessions;
mod states;

use http::Method;
use serde_json::{Value, json};

use crate::model::{
    Access, Actions, AppSignOn, Assurance, Cause, Conditions, FactorPrompt, NewPolicy, NewRule,
    PasswordSettings, PolicyKind, PolicySettings, PolicyStatus, PrimaryFactor, SessionLimits, SignOn,
};
use crate::testing::phone::with_codes as phone;
use crate::testing::{Answer, Browser, ORG, PASSWORD, TestOrg};

const LOGIN: &str = "alice@acme.test";

fn policy(org: &TestOrg, kind: PolicyKind, actions: Actions) -> crate::model::PolicyId {
    let cause = Cause::system();
    let (status, groups, settings) = (PolicyStatus::Active, Default::default(), PolicySettings::None);
    let (name, description, priority) = ("Everybody".into(), String::new(), None);
    let new = NewPolicy { kind, name, description, priority, status, groups, settings };
    let policy = org.model().create_policy(new, &cause).unwrap();
    let (name, conditions) = ("Rule".into(), Conditions::default());
    let rule = NewRule { name, priority, status, conditions, actions };
    org.model().create_rule(&policy.id, rule, &cause).unwrap();
    policy.id.clone()
}

/// Lets everybody have a session, after a second factor where one is asked for.
fn session_rule(org: &TestOrg, access: Access, require_factor: Option<FactorPrompt>) {
    let (primary_factor, session) = (PrimaryFactor::Password, SessionLimits::default());
    let action = SignOn { access, require_factor, primary_factor, session };
    policy(org, PolicyKind::SignOn, Actions::SignOn(action));
}

fn two_factors(org: &TestOrg) {
    session_rule(org, Access::Allow, Some(FactorPrompt::Always));
}

/// Lets the app go by a policy of one rule for everybody.
fn app_rule(org: &TestOrg, access: Access, assurance: Assurance) {
    let policy = policy(org, PolicyKind::Access, Actions::AppSignOn(AppSignOn { access, assurance }));
    org.model().set_access_policy(&org.app.id, &policy, &Cause::system()).unwrap();
}

fn password_rules(org: &TestOrg, change: impl FnOnce(&mut PasswordSettings)) {
    let mut settings = PasswordSettings::default();
    change(&mut settings);
    org.model().set_password_settings(settings);
}

impl Browser<'_> {
    /// Posts to the primary authentication API.
    async fn authn(&mut self, path: &str, body: Value) -> Answer {
        let body = Some(("application/json", body.to_string()));
        self.send(Method::POST, &format!("{ORG}/api/v1/authn{path}"), body).await
    }

    /// Begins with Alice's password.
    async fn begin(&mut self) -> Answer {
        self.authn("", json!({ "username": LOGIN, "password": PASSWORD })).await
    }

    /// A session token of Alice's.
    async fn session_token(&mut self) -> String {
        self.begin().await.text("sessionToken")
    }

    /// Follows a link of the answer: these are its members besides the state token.
    async fn follow_link(&mut self, answer: &Answer, link: &str, members: Value) -> Answer {
        let json = answer.json();
        let target = json.pointer(link).unwrap_or_else(|| panic!("no {link}: {json:#}"));
        assert_eq!(target["hints"], json!({ "allow": ["POST"] }));
        let mut body = members;
        body["stateToken"] = json["stateToken"].clone();
        let body = Some(("application/json", body.to_string()));
        self.send(Method::POST, target["href"].as_str().unwrap(), body).await
    }

    /// Whether this browser has a session, and whose.
    async fn signed_in(&mut self) -> Option<String> {
        let me = self.get(&format!("{ORG}/api/v1/sessions/me")).await;
        me.status.is_success().then(|| me.text("login"))
    }
}

impl Answer {
    fn text(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_else(|| panic!("no {name}: {self:?}")).to_owned()
    }

    fn state(&self) -> String {
        self.text("status")
    }
}

/// An answer as people read it.
fn readable(org: &TestOrg, answer: &Answer) -> String {
    let mut json = answer.json();
    for (name, shown) in
        [("stateToken", "[state token]"), ("sessionToken", "[session token]"), ("expiresAt", "[later]")]
    {
        if json.get(name).is_some() {
            json[name] = shown.into();
        }
    }
    json["_embedded"]["user"]["passwordChanged"] = "[t]".into();
    let mut text = serde_json::to_string_pretty(&json).unwrap();
    text =
        text.replace(ORG, "").replace(org.alice.id.as_str(), "[alice]").replace(org.app.client_id(), "[app]");
    for factor in org.model().factors_of(&org.alice.id) {
        text = text.replace(factor.id.as_str(), &format!("[{}]", factor.kind().factor_type()));
    }
    text
}
