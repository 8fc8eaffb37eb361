mod answers;
mod callback;
mod documents;
mod knobs;
mod tokens;

use http::{Method, header};
use serde_json::Value;

use super::Fault;
use crate::Event;
use crate::testing::{Answer, ORG, TestOrg};

/// A fault as the HTTP control spells it.
fn fault(json: Value) -> Fault {
    serde_json::from_value(json).unwrap()
}

/// Alice's tokens: the whole answer.
async fn tokens(org: &TestOrg) -> Answer {
    let code = org.browser().code(&[]).await;
    org.redeem(&code, &[]).await
}

async fn id_token(org: &TestOrg) -> String {
    tokens(org).await.json()["id_token"].as_str().unwrap().to_owned()
}

/// How often the org misbehaved.
fn spoiled(org: &TestOrg) -> usize {
    org.events().iter().filter(|event| matches!(event, Event::Misbehaved { .. })).count()
}

/// A call of the HTTP control.
async fn control(org: &TestOrg, method: Method, path: &str, body: &str) -> Answer {
    let mut client = org.browser();
    client.header(header::AUTHORIZATION, &format!("SSWS {}", org.api_token.expose()));
    let body = Some(("application/json", body.to_owned())).filter(|(_, body)| !body.is_empty());
    client.send(method, &format!("{ORG}/gatewright/v1/misbehaviour{path}"), body).await
}
