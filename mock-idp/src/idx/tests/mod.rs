mod factors;
mod refusals;
mod stages;

use ground::Secret;
use http::Method;
use serde_json::{Value, json};

use crate::device::Device;
use crate::model::{
    Access, Actions, AppSignOn, Assurance, Cause, Conditions, NewPolicy, NewRule, PolicyKind, PolicySettings,
    PolicyStatus,
};
use crate::testing::phone::with_codes as phone;
use crate::testing::{Answer, Browser, ORG, TestOrg};

const LOGIN: &str = "alice@acme.test";

/// Lets the app go by a policy of one rule for everybody.
fn app_rule(org: &TestOrg, access: Access, assurance: Assurance) {
    let cause = Cause::system();
    let (status, groups, settings) = (PolicyStatus::Active, Default::default(), PolicySettings::None);
    let (name, description, priority) = ("Tunnels".into(), String::new(), None);
    let new = NewPolicy { kind: PolicyKind::Access, name, description, priority, status, groups, settings };
    let policy = org.model().create_policy(new, &cause).unwrap();
    let actions = Actions::AppSignOn(AppSignOn { access, assurance });
    let (name, conditions) = ("Rule".into(), Conditions::default());
    org.model()
        .create_rule(&policy.id, NewRule { name, priority, status, conditions, actions }, &cause)
        .unwrap();
    org.model().set_access_policy(&org.app.id, &policy.id, &cause).unwrap();
}

impl Browser<'_> {
    /// Opens the app's request, as far as the state token of the page.
    async fn open(&mut self, url: &str) -> String {
        self.get(url).await.hidden("stateToken")
    }

    async fn idx(&mut self, path: &str, body: Value) -> Answer {
        let body = Some(("application/json", body.to_string()));
        self.send(Method::POST, &format!("{ORG}/idp/idx/{path}"), body).await
    }

    async fn identify(&mut self, handle: &str, login: &str, password: &str) -> Answer {
        let credentials = json!({ "passcode": password });
        let body = json!({ "stateHandle": handle, "identifier": login, "credentials": credentials });
        self.idx("identify", body).await
    }

    async fn answer(&mut self, handle: &str, field: &str, value: &str) -> Answer {
        let body = json!({ "stateHandle": handle, "credentials": { field: value } });
        self.idx("challenge/answer", body).await
    }
}

impl Answer {
    /// The names of what may come next.
    fn remediations(&self) -> Vec<String> {
        let json = self.json();
        let forms = json["remediation"]["value"].as_array().cloned().unwrap_or_default();
        forms.iter().map(|form| form["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The messages about the whole, as `status key: words`.
    fn message(&self) -> String {
        let message = &self.json()["messages"]["value"][0];
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        format!("{} {}: {}", self.status.as_u16(), text(&message["i18n"]["key"]), text(&message["message"]))
    }

    /// The same, about the field of the first form.
    fn field_message(&self) -> String {
        let json = self.json();
        let field = &json["remediation"]["value"][0]["value"][0]["form"]["value"][0];
        let message = &field["messages"]["value"][0];
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        format!("{} {}: {}", self.status.as_u16(), text(&message["i18n"]["key"]), text(&message["message"]))
    }

    /// What the n-th option of this form sends as the authenticator.
    fn option(&self, form: &str, number: usize) -> Value {
        let json = self.json();
        let forms = json["remediation"]["value"].as_array().unwrap();
        let form = forms.iter().find(|candidate| candidate["name"] == form).unwrap();
        let fields = &form["value"][0]["options"][number]["value"]["form"]["value"];
        let value = |field: &Value| match field.get("options") {
            Some(options) => options[0]["value"].clone(),
            None => field["value"].clone(),
        };
        json!({ "id": value(&fields[0]), "methodType": value(&fields[1]) })
    }
}

/// A device that has scanned what an answer shows.
fn scanned(answer: &Answer) -> Device {
    let json = answer.json();
    let key = json["currentAuthenticator"]["value"]["contextualData"]["sharedSecret"].as_str().unwrap();
    let mut phone = Device::new("phone");
    phone.scan(&Secret::new("TOTP secret", format!("otpauth://totp/acme:alice?secret={key}"))).unwrap();
    phone
}

fn readable(answer: &Answer, handle: &str) -> String {
    let mut json = answer.json();
    json["expiresAt"] = "[in an hour]".into();
    serde_json::to_string_pretty(&json).unwrap().replace(handle, "[handle]").replace(ORG, "")
}
