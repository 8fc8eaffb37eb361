//! A person's way through a sign-in: what has been proved, what comes next, and where it ends. Pages show it, and know
//! nothing of policies.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use ground::Secret;

use super::log;
use super::pending::{Destination, SignIn};
use super::task::Task;
use crate::model::{
    Actor, App, Asked, Assurance, AuthenticationMethod, FactorKind, FactorStatus, Judgement, Session,
    SessionLimits, SignInRefusal, Sitting, Step, User, UserStatus, Verdict, Verification,
};
use crate::oidc::AuthorizeRequest;
use crate::site::Site;
use crate::web::Visit;

/// Where a sign-in stands.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    /// Nobody knows who it is yet.
    Identify,
    /// The person chooses by what to prove who it is.
    Choose(BTreeSet<Step>),
    /// The person chooses what to enrol.
    ChooseEnrolment(BTreeSet<FactorKind>),
    /// The person has chosen, and does it.
    Task(Task),
    /// It ends here.
    Refused(Refusal),
    /// The person is let in.
    Finished(Arc<User>, SessionLimits),
}

/// Why a sign-in ends without letting the person in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A policy denies it.
    Denied,
    /// Nothing that the person has, or could enrol, is what the policies ask for.
    Unattainable,
}

/// What somebody chose to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Prove(AuthenticationMethod),
    Enroll(FactorKind),
}

impl SignIn {
    /// Where it stands now.
    pub(crate) fn stage(&self, site: &Site, visit: &Visit) -> Stage {
        if let Some(task @ Task::NewPassword { .. }) = &self.task {
            return Stage::Task(task.clone());
        }
        let Some(user) = self.known_user(site) else { return Stage::Identify };
        let judgement = self.judge(site, visit, &user);
        if let (Verdict::Allow | Verdict::Enroll(_), Some(old)) = (&judgement.verdict, &self.expired) {
            return Stage::Task(Task::NewPassword { user: user.id.clone(), old: old.clone() });
        }
        match judgement.verdict {
            Verdict::Allow => match (&self.destination, &self.task) {
                (Destination::SecurityMethods { set_up: Some(kind) }, Some(task))
                    if task.enrolled() == Some(*kind) =>
                {
                    Stage::Task(task.clone())
                }
                (Destination::SecurityMethods { set_up: Some(kind) }, _) => {
                    Stage::ChooseEnrolment(BTreeSet::from([*kind]))
                }
                _ => Stage::Finished(user, judgement.limits),
            },
            Verdict::Deny => Stage::Refused(Refusal::Denied),
            Verdict::Unattainable => Stage::Refused(Refusal::Unattainable),
            Verdict::Prove(steps) => match &self.task {
                Some(task) if steps.iter().any(|step| task.method() == Some(step.method)) => {
                    Stage::Task(task.clone())
                }
                _ if steps.iter().all(|step| step.method == AuthenticationMethod::Password) => {
                    Stage::Task(Task::Password)
                }
                _ => Stage::Choose(steps),
            },
            Verdict::Enroll(kinds) => match &self.task {
                Some(task) if kinds.iter().any(|kind| task.enrolled() == Some(*kind)) => {
                    Stage::Task(task.clone())
                }
                _ => Stage::ChooseEnrolment(kinds),
            },
        }
    }

    /// What there is to choose from, whatever has been chosen.
    pub(crate) fn choices(&self, site: &Site, visit: &Visit) -> Stage {
        Self { task: None, ..self.clone() }.stage(site, visit)
    }

    /// Whether the relying party asked for a degree of proof, so that it is told when there is none.
    pub(crate) fn was_asked_for_more(&self) -> bool {
        matches!(&self.destination, Destination::Authorize(request) if request.asked().assurance.is_some())
    }

    /// Who it is, if that is known and it is somebody who may sign in.
    fn known_user(&self, site: &Site) -> Option<Arc<User>> {
        let may = |status| match status {
            UserStatus::Active => true,
            UserStatus::PasswordExpired => self.expired.is_some(),
            _ => false,
        };
        site.model.user(self.user.as_ref()?).filter(|user| may(user.status))
    }

    /// What the policies say to this person now.
    fn judge(&self, site: &Site, visit: &Visit, user: &User) -> Judgement {
        let app = self.destination.app_of(site, user);
        // What was proved before this sign-in counts as long as the session does in which it was proved.
        let in_session = visit.session(site).is_some_and(|session| session.user == user.id);
        let proofs = self.proofs.iter().filter(|proof| in_session || proof.at >= self.began);
        let proofs: Vec<Verification> = proofs.cloned().collect();
        site.model.judge(&Sitting {
            user: &user.id,
            address: visit.address,
            began: self.began,
            proofs: &proofs,
            remembered: self.browser.and_then(|browser| site.model.two_factors_given(&user.id, browser)),
            app: app.as_deref(),
            asked: self.destination.asked(site, user),
        })
    }

    /// Says in the System Log what the policies say now.
    pub(crate) fn log_evaluation(&self, site: &Site, visit: &Visit) {
        if let Some(user) = self.known_user(site) {
            let judgement = self.judge(site, visit, &user);
            log::evaluation(
                site,
                &visit.cause(Actor::User(user.id.clone())),
                &judgement,
                self.destination.app_of(site, &user).as_deref(),
            );
        }
    }

    /// Takes a name, and a password if one came. Whoever it is, a wrong one is told the same words.
    pub(crate) fn identify(&mut self, site: &Site, visit: &Visit, username: &str, password: Option<&Secret>) {
        // No login is longer than this; what strangers type is remembered.
        let username: String = username.chars().take(100).collect();
        self.username.clone_from(&username);
        self.task = None;
        let cause = visit.cause(Actor::Unknown { login: username.clone() });
        let known = match password {
            Some(password) => {
                site.model.verify_password(&username, password, &cause).map(|user| (user, true))
            }
            None => by_name(site, &username).map(|user| (user, false)),
        };
        match known {
            Ok((user, proved)) => {
                if self.user.as_ref() != Some(&user.id) {
                    self.proofs.clear();
                }
                self.user = Some(user.id.clone());
                self.expired = None;
                self.alert = None;
                if proved {
                    self.proved_password(site, visit, &user);
                }
            }
            Err(why) => self.refused(site, visit, password, why),
        }
    }

    /// Begins what the person chose, if it is among what may come next.
    pub(crate) fn choose(&mut self, site: &Site, visit: &Visit, choice: Choice) {
        let Some(user) = self.user.clone() else { return };
        self.task = None;
        self.alert = None;
        let begun = match (self.stage(site, visit), choice) {
            (Stage::Choose(steps), Choice::Prove(method)) => {
                let step = steps.into_iter().find(|step| step.method == method);
                step.map(|step| Task::prove(site, visit, &user, step))
            }
            (Stage::ChooseEnrolment(kinds), Choice::Enroll(kind)) if kinds.contains(&kind) => {
                Some(Task::enroll(site, &user, kind))
            }
            _ => None,
        };
        match begun {
            Some(Ok(task)) => self.task = Some(task),
            Some(Err(alert)) => self.alert = Some(alert),
            None => {}
        }
    }

    /// Leaves what was chosen; or begins anew, as nobody.
    pub(crate) fn go_back(&mut self, to_start: bool) {
        self.task = None;
        self.alert = None;
        if to_start {
            self.user = None;
            self.expired = None;
            self.proofs.clear();
        }
    }
}

impl Destination {
    /// The application that this person is on the way to, if it is one that the person may use.
    fn app_of(&self, site: &Site, user: &User) -> Option<Arc<App>> {
        match self {
            Self::Page(_) | Self::SecurityMethods { .. } => None,
            Self::Authorize(request) => {
                site.model.assignment(&request.app, &user.id)?;
                site.model.app(&request.app)
            }
        }
    }

    /// What is asked for on top of the policies: by the relying party; or, of whoever is to change by what they prove who
    /// they are, all that they have, and of late. (How late Okta asks for it is a policy of its own, which isn't here.)
    fn asked(&self, site: &Site, user: &User) -> Asked {
        match self {
            Self::Page(_) => Asked::default(),
            Self::Authorize(request) => request.asked(),
            Self::SecurityMethods { .. } => {
                let factors = site.model.factors_of(&user.id);
                let has_another = factors.iter().any(|factor| factor.status == FactorStatus::Active);
                let two = user.has_password() && has_another;
                Asked {
                    assurance: two.then(Assurance::two_factors),
                    if_possible: false,
                    max_age: Some(TimeDelta::minutes(15)),
                }
            }
        }
    }
}

/// Somebody who may sign in, by name alone.
fn by_name(site: &Site, username: &str) -> Result<Arc<User>, SignInRefusal> {
    let user = site.model.user_by_login(username).ok_or(SignInRefusal::UnknownUser)?;
    match user.status {
        UserStatus::Active => Ok(user),
        status => Err(SignInRefusal::NotActive(user.id.clone(), status)),
    }
}

/// What the policies say to a person who has a session already and is on the way to an application.
pub(crate) fn judge_session(
    site: &Site,
    visit: &Visit,
    session: &Session,
    request: &AuthorizeRequest,
    app: &App,
) -> Judgement {
    let browser = super::steps::browser(visit);
    let judgement = site.model.judge(&Sitting {
        user: &session.user,
        address: visit.address,
        began: site.now(),
        proofs: &session.proofs,
        remembered: browser.and_then(|browser| site.model.two_factors_given(&session.user, browser)),
        app: Some(app),
        asked: request.asked(),
    });
    log::evaluation(site, &visit.cause_in(session), &judgement, Some(app));
    judgement
}
