//! What people do on a page.

use super::device::Reply;
use crate::browser;
use crate::people::{Error, Label, Reason};
use crate::record::Event;
use crate::stage::World;
use crate::vocabulary::{
    Control, Credentials, Entries, Fault, FilledPattern, PersonStep, StepError, Template,
};

impl World {
    pub(super) async fn person_step(&self, who: &str, step: &PersonStep) -> Result<(), StepError> {
        match step {
            PersonStep::Opens(url) => self.opens(who, url).await,
            PersonStep::OpensATab(url) => {
                self.did(who, self.driver(who).await?.open_tab().await)?;
                self.opens(who, url).await
            }
            PersonStep::SwitchesToTab(number) => {
                let place = number.0.saturating_sub(1) as usize;
                self.did(who, self.driver(who).await?.switch_tab(place).await)
            }
            PersonStep::Reloads => self.did(who, self.driver(who).await?.reload().await),
            PersonStep::GoesBack => self.did(who, self.driver(who).await?.back().await),
            PersonStep::Presses(key) => self.did(who, self.driver(who).await?.press(*key).await),
            PersonStep::Clicks(control) => self.clicks(who, control).await,
            PersonStep::Fills(fields) => self.fills(who, fields).await,
            PersonStep::Selects(fields) => self.selects(who, fields).await,
            PersonStep::Copies(values) => {
                for (name, label) in values.iter() {
                    let label = Label::new(self.fill(label)?);
                    let value = self.did(who, self.driver(who).await?.value_of(&label).await)?;
                    self.keep_copied(name, value);
                }
                Ok(())
            }
            PersonStep::Remembers(urls) => {
                for (name, pattern) in urls.iter() {
                    let pattern = pattern.fill(|reference| self.value(reference))?;
                    self.keep_remembered(name, self.last_url(who, &pattern)?);
                }
                Ok(())
            }
            PersonStep::IsAskedToSignInAt(place) => self.is_asked_to_sign_in(who, *place).await,
            PersonStep::SignsIn => self.signs_in(who, &Credentials::new()).await,
            PersonStep::SignsInWith(credentials) => self.signs_in(who, credentials).await,
            PersonStep::Sees(sight) => self.sees(who, sight).await,
            PersonStep::DoesNotSee(texts) => self.does_not_see(who, texts).await,
            PersonStep::Requests(request) => self.requests(who, request).await,
            PersonStep::Fetches(fetch) => self.fetches(who, fetch).await,
            PersonStep::TalksOverAWebsocket(conversation) => self.talks(who, conversation).await,
            PersonStep::HoldsAWebsocketOpen(url) => self.holds_a_websocket(who, url).await,
            PersonStep::LosesTheWebsocket => {
                self.did(who, self.driver(who).await?.lose_socket().await.map(drop))
            }
            PersonStep::IsRefusedAWebsocketAt(url) => self.is_refused_a_websocket(who, url).await,
            PersonStep::ReceivesEvents(stream) => self.receives_events(who, stream).await,
            PersonStep::BeginsAnUpload(upload) => self.begins_an_upload(who, upload).await,
            PersonStep::FinishesTheUpload(answer) => self.finishes_the_upload(who, answer).await,
            PersonStep::HasASessionAt(tunnel) => self.has_session(who, tunnel, true).await,
            PersonStep::HasNoSessionAt(tunnel) => self.has_session(who, tunnel, false).await,
            PersonStep::GivesACode => self.gives_a_code(who).await,
            PersonStep::SetsUpOktaVerify => self.sets_up_okta_verify(who).await,
            PersonStep::ApprovesThePush => self.answers_the_push(who, Reply::Approve).await,
            PersonStep::ApprovesThePushWithAnotherNumber => {
                self.answers_the_push(who, Reply::ApproveWithAnotherNumber).await
            }
            PersonStep::DeniesThePush => self.answers_the_push(who, Reply::Deny).await,
            PersonStep::TakesASecurityKey(key) => self.takes_a_security_key(who, *key).await,
            PersonStep::LosesTheSecurityKey => self.loses_the_security_key(who).await,
            PersonStep::IsNotRecognized => self.is_recognized(who, false).await,
            PersonStep::IsRecognizedAgain => self.is_recognized(who, true).await,
            PersonStep::IsRefusedTheSecurityKey => self.is_refused_the_security_key(who).await,
            PersonStep::UsesACarelessApp => self.uses_a_careless_app(who),
            PersonStep::RelaysFastpassTo(relay) => self.relays_fastpass(who, relay),
            PersonStep::ReplaysTheFastpassOf(person) => self.replays_fastpass(who, person.as_str()),
            PersonStep::StealsCookies(theft) => self.steals_cookies(who, theft).await,
            PersonStep::SetsACookie(cookie) => self.sets_a_cookie(who, cookie).await,
            PersonStep::TampersWithTheSessionAt(tunnel) => self.tampers(who, tunnel).await,
            PersonStep::TakesAScreenshot(caption) => self.takes_a_screenshot(who, caption).await,
            PersonStep::ClosesTheBrowser => match self.take_driver(who).await? {
                Some(driver) => self.did(who, driver.close().await),
                None => Ok(()),
            },
        }
    }

    async fn opens(&self, who: &str, url: &Template) -> Result<(), StepError> {
        let url = self.fill(url)?;
        self.did(who, self.driver(who).await?.open(&url).await)
    }

    async fn clicks(&self, who: &str, control: &Control) -> Result<(), StepError> {
        let label =
            Label { text: self.fill(&control.name)?, within: self.fill_option(control.beside.as_ref())? };
        self.did(who, self.driver(who).await?.click(&label).await)
    }

    async fn fills(&self, who: &str, fields: &Entries<Template, Template>) -> Result<(), StepError> {
        for (label, value) in fields.iter() {
            let (label, value) = (Label::new(self.fill(label)?), self.fill(value)?);
            self.did(who, self.driver(who).await?.fill(&label, &value).await)?;
        }
        Ok(())
    }

    async fn selects(&self, who: &str, fields: &Entries<Template, Template>) -> Result<(), StepError> {
        for (label, option) in fields.iter() {
            let (label, option) = (Label::new(self.fill(label)?), self.fill(option)?);
            self.did(who, self.driver(who).await?.select(&label, &option).await)?;
        }
        Ok(())
    }

    /// The last address that matches, of those that a person's browser went to, redirects included, and those that the
    /// answers to their own requests redirect to.
    fn last_url(&self, who: &str, pattern: &FilledPattern) -> Result<String, StepError> {
        let mut visited = self.log().read(|events| {
            let visited = events.iter().filter_map(|stamped| match &stamped.event {
                Event::Browser(person, browser::Event::Request(request)) => {
                    (**person == *who && request.navigation).then(|| (stamped.at, request.url.clone()))
                }
                _ => None,
            });
            visited.collect::<Vec<_>>()
        });
        let kept = self.kept();
        let redirects = kept.redirects.iter().filter(|redirect| redirect.person == who);
        visited.extend(redirects.map(|redirect| (redirect.at, redirect.url.clone())));
        drop(kept);
        visited.sort_by_key(|(at, _)| *at);
        let last = visited.iter().rev().find(|(_, url)| pattern.matches(url));
        last.map(|(_, url)| url.clone()).ok_or_else(|| {
            let visited: Vec<_> = visited.iter().map(|(_, url)| self.redactor().url(url)).collect();
            StepError::unmet(format!("{who} was at no such address"))
                .compared(pattern.to_string(), visited.join("\n"))
        })
    }

    /// What a person's act came to, its error as a step's.
    pub(super) fn did<T>(&self, who: &str, outcome: Result<T, Error>) -> Result<T, StepError> {
        outcome.map_err(|error| self.not_done(who, error))
    }

    /// A person's error as a step's: what was attempted, what was there instead, masked.
    pub(crate) fn not_done(&self, who: &str, error: Error) -> StepError {
        let fault = match &error.reason {
            Reason::Unsupported { .. } => Fault::Unsupported,
            Reason::Browser(_) => Fault::Broken,
            _ => Fault::Unmet,
        };
        let what = format!("{who} could not {}: {}", error.attempted, error.reason);
        let step = StepError::new(fault, self.redactor().text(&what));
        match error.seen {
            Some(view) => StepError { actual: Some(self.in_words(&view)), ..step },
            None => step,
        }
    }
}
