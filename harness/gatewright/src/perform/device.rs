//! What people do with their phones and security keys while they sign in.

use bytes::Bytes;
use ground::outbound::Route;
use ground::{Outbound, Secret};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use mock_idp::device::{Decision, PushChallenge, Scanned};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::browser;
use crate::people::Label;
use crate::stage::{StandIn, World};
use crate::vocabulary::{Relay, SecurityKey, StepError};

/// What the org's pages call what they ask for and show.
const CODE: &str = "Enter code from Okta Verify app";
const KEY: &str = "Setup key";
const LINK: &str = "Setup link";
const NUMBER: &str = "Number";
const VERIFY: &str = "Verify";
/// The buttons of pages that wait for a phone, for those whose browsers run no script that looks whether it is done.
const ACTIVATED: &str = "My device is set up";
const ANSWERED: &str = "I have answered";

/// How long a phone waits for a notification, in seconds of real time: less than a request may take.
const WAIT: u64 = 8;

/// What somebody says to a push notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// That it's them, with the number that the page shows, if it does.
    Approve,
    /// That it's them, with a number that the page does not show.
    ApproveWithAnotherNumber,
    /// That it isn't them.
    Deny,
}

impl World {
    pub(super) async fn gives_a_code(&self, who: &str) -> Result<(), StepError> {
        let code = self.devices().code(who, self.clock().now());
        let code = code.ok_or_else(|| {
            StepError::unmet(format!("{who}'s phone has no authenticator app with a key of the org's"))
                .advised(format!(
                    "write `given.okta.users.{who}.factors: [code]`, or let {who} set up Okta Verify first"
                ))
        })?;
        let driver = self.driver(who).await?;
        self.did(who, driver.fill(&Label::new(CODE), &code).await)?;
        self.did(who, driver.click(&Label::new(VERIFY)).await)
    }

    pub(super) async fn sets_up_okta_verify(&self, who: &str) -> Result<(), StepError> {
        let driver = self.driver(who).await?;
        let awaited = format!("\"{KEY}\" or \"{LINK}\"");
        let offers = |text: &str| text.contains(KEY) || text.contains(LINK);
        let page =
            crate::people::sees(&*driver, &awaited, driver.patience(), |view| offers(&view.text)).await;
        let label = if self.did(who, page)?.text.contains(LINK) { LINK } else { KEY };
        let shown = self.did(who, driver.value_of(&Label::new(label)).await)?;
        if label == LINK {
            return self.activates_push(who, &Secret::new("activation token", shown)).await;
        }
        let key: String = shown.chars().filter(|c| !c.is_whitespace()).collect();
        self.redactor().learn(&Secret::new("TOTP secret", shown));
        let qr_code = format!("otpauth://totp/acme?secret={key}&issuer=acme");
        self.scan(who, &Secret::new("TOTP secret", qr_code))?;
        self.gives_a_code(who).await
    }

    /// The phone tells the org that it is the one that a QR code was shown to.
    async fn activates_push(&self, who: &str, qr_code: &Secret) -> Result<(), StepError> {
        let Scanned::Push { org, activation } = self.scan(who, qr_code)? else {
            return Err(StepError::unmet(format!(
                "the QR code that {who} was shown is not for push notifications"
            )));
        };
        let answer: Value = self.phone_says(who, Method::POST, &org, "", None, &activation.body()).await?;
        let token = answer["deviceToken"].as_str().unwrap_or_default();
        let token = Secret::new("device token", token);
        self.redactor().learn(&token);
        self.devices().keep_push(who, org, token);
        self.goes_on(who, ACTIVATED).await
    }

    pub(super) async fn answers_the_push(&self, who: &str, reply: Reply) -> Result<(), StepError> {
        let (org, token) = self.devices().push(who).ok_or_else(|| {
            StepError::unmet(format!("{who}'s phone gets no push notifications")).advised(format!(
                "write `given.okta.users.{who}.factors: [push]`, or let {who} set up Okta Verify first"
            ))
        })?;
        let wait = format!("?wait={WAIT}");
        let waiting: Vec<PushChallenge> =
            self.phone_says(who, Method::GET, &org, &wait, Some(&token), &Value::Null).await?;
        let challenge = waiting.last().ok_or_else(|| {
            StepError::unmet(format!("no push notification came to {who}'s phone within {WAIT} s"))
        })?;
        let number = match challenge.numbers {
            Some(numbers) if reply != Reply::Deny => Some(self.chosen_number(who, reply, numbers).await?),
            None if reply == Reply::ApproveWithAnotherNumber => {
                return Err(StepError::unmet(format!("{who}'s phone has no numbers to choose from")));
            }
            _ => None,
        };
        let decision = if reply == Reply::Deny { Decision::Deny } else { Decision::Approve };
        let answer = self.devices().answer(who, challenge, decision, number);
        let path = format!("/{}", challenge.transaction);
        self.phone_says::<Value>(who, Method::POST, &org, &path, None, &json!(answer)).await?;
        self.goes_on(who, ANSWERED).await
    }

    /// A page that waits for a phone goes on by itself where there is a browser; where there is none, by its button, if
    /// it is this person who waits.
    async fn goes_on(&self, who: &str, button: &str) -> Result<(), StepError> {
        if self.has_browsers() {
            return Ok(());
        }
        let driver = self.driver(who).await?;
        match self.did(who, driver.look().await)?.text.contains(button) {
            true => self.did(who, driver.click(&Label::new(button)).await),
            false => Ok(()),
        }
    }

    /// The number that the page shows, or one of the others.
    async fn chosen_number(&self, who: &str, reply: Reply, numbers: [u8; 3]) -> Result<u8, StepError> {
        let driver = self.driver(who).await?;
        let shown = self.did(who, driver.value_of(&Label::new(NUMBER)).await)?;
        let right = numbers.into_iter().find(|number| number.to_string() == shown.trim());
        let right = right.ok_or_else(|| {
            StepError::unmet(format!("{who}'s phone offers other numbers than the page shows"))
                .compared(format!("one of {numbers:?}"), shown)
        })?;
        match reply {
            Reply::ApproveWithAnotherNumber => {
                let other = numbers.into_iter().find(|number| *number != right);
                other.ok_or_else(|| StepError::broken("the phone offers one number alone"))
            }
            _ => Ok(right),
        }
    }

    /// What somebody's phone says to the org, by its owner's own way into the network.
    async fn phone_says<T: DeserializeOwned>(
        &self,
        who: &str,
        method: Method,
        org: &Url,
        path: &str,
        token: Option<&Secret>,
        body: &Value,
    ) -> Result<T, StepError> {
        let url = format!("{}/gatewright/v1/devices/push{path}", org.origin().ascii_serialization());
        let failed = |what: String| {
            let what = format!("{who}'s phone could not tell the org what it wanted: {what}");
            StepError::unmet(self.redactor().text(&what))
        };
        let mut request = Request::builder().method(method).uri(url);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(body).map_err(|error| failed(error.to_string()))?;
        let (membership, tls) = (self.membership(who).await?, self.trust(&[b"http/1.1"])?);
        let outbound = Outbound::new(Route::Proxy(membership.proxy), membership.source, tls);
        let answer = outbound.send(request).await.map_err(|error| failed(error.to_string()))?;
        if answer.status() != StatusCode::OK {
            let text = String::from_utf8_lossy(answer.body());
            return Err(failed(format!("{}: {text}", answer.status())));
        }
        serde_json::from_slice(answer.body()).map_err(|error| failed(error.to_string()))
    }

    pub(super) async fn takes_a_security_key(&self, who: &str, key: SecurityKey) -> Result<(), StepError> {
        let taken = self.authenticator(who)?.take(key == SecurityKey::Fingerprint, &[]).await;
        self.plugged(who, taken)
    }

    pub(super) async fn loses_the_security_key(&self, who: &str) -> Result<(), StepError> {
        let authenticator = self.authenticator(who)?;
        if !authenticator.is_there() {
            return Err(StepError::unmet(format!("{who} has no security key")));
        }
        self.plugged(who, authenticator.lose().await)
    }

    pub(super) async fn is_recognized(&self, who: &str, known: bool) -> Result<(), StepError> {
        self.devices().know_owner(who, known);
        match self.authenticator(who) {
            Ok(authenticator) => self.plugged(who, authenticator.know_owner(known).await),
            // Without a browser there is no key that could look at its owner.
            Err(_) => Ok(()),
        }
    }

    fn plugged(&self, who: &str, outcome: Result<(), browser::Error>) -> Result<(), StepError> {
        outcome.map_err(|error| StepError::broken(format!("{who}'s security key: {error}")))
    }

    pub(super) async fn is_refused_the_security_key(&self, who: &str) -> Result<(), StepError> {
        let driver = self.driver(who).await?;
        let party = self.org().relying_party().id;
        match self.did(who, driver.ask_for_credential(&party).await)?.as_deref() {
            Some("SecurityError") => Ok(()),
            other => {
                let came = other.unwrap_or("the security key's answer");
                Err(StepError::unmet(format!("{who}'s page was not refused the security key for {party}"))
                    .compared("SecurityError", came))
            }
        }
    }

    pub(super) fn uses_a_careless_app(&self, who: &str) -> Result<(), StepError> {
        self.with_fastpass(who)?;
        self.devices().make_careless(who);
        Ok(())
    }

    pub(super) fn relays_fastpass(&self, who: &str, relay: &Relay) -> Result<(), StepError> {
        let (person, page) = (relay.person.as_str(), self.fill(&relay.page)?);
        self.with_fastpass(person)?;
        let page = Url::parse(&page)
            .map_err(|error| StepError::unmet(format!("`{page}` is no absolute URL: {error}")))?;
        let origin = page.origin().ascii_serialization();
        self.devices().stand_in(who, StandIn::Device { person: person.to_owned(), origin });
        Ok(())
    }

    pub(super) fn replays_fastpass(&self, who: &str, person: &str) -> Result<(), StepError> {
        self.with_fastpass(person)?;
        self.devices().stand_in(who, StandIn::Recording { person: person.to_owned() });
        Ok(())
    }

    fn with_fastpass(&self, who: &str) -> Result<(), StepError> {
        match self.devices().has_fastpass(who) {
            true => Ok(()),
            false => Err(StepError::unmet(format!("{who} has no device with FastPass"))
                .advised(format!("write `given.okta.users.{who}.factors: [fastpass]`"))),
        }
    }
}
