//! A person's way through a sign-in: what has been proved, what comes next, and where it ends. Pages show it, and know
//! nothing of policies.

use std::collections::BTreeSet;
use std::sync::Arc;

use ground::Secret;

use super::alert::Alert;
use super::log;
use super::pending::{Destination, SignIn};
use crate::model::{
    Actor, App, Asked, AuthenticationMethod, Characteristics, Entry, EventType, FactorId, FactorKind,
    FactorStatus, Judgement, ModelError, Session, SessionLimits, SignInRefusal, Sitting, Step, User, UserId,
    UserStatus, Verdict, Verification, are_two_factors,
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

/// What a person does on the way.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    /// Gives the password.
    Password,
    /// Changes the password of this user, which has expired and has just been given.
    NewPassword { user: UserId, old: Secret },
    /// Gives a code of this factor's.
    Code(FactorId),
    /// Enters this key into an authenticator app, and gives a first code.
    EnrollTotp {
        factor: FactorId,
        key: Secret,
        /// The same as a QR code gives it.
        uri: Secret,
    },
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
        match judgement.verdict {
            Verdict::Allow => Stage::Finished(user, judgement.limits),
            Verdict::Deny => Stage::Refused(Refusal::Denied),
            Verdict::Unattainable => Stage::Refused(Refusal::Unattainable),
            Verdict::Prove(steps) => match &self.task {
                Some(task) if steps.iter().any(|step| task.proves(step.method)) => Stage::Task(task.clone()),
                _ if steps.iter().all(|step| step.method == AuthenticationMethod::Password) => {
                    Stage::Task(Task::Password)
                }
                _ => Stage::Choose(steps),
            },
            Verdict::Enroll(kinds) => match &self.task {
                Some(task) if kinds.iter().any(|kind| task.enrolls(*kind)) => Stage::Task(task.clone()),
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
        self.destination.asked().assurance.is_some()
    }

    /// Who it is, if that is known and it is somebody who may sign in.
    fn known_user(&self, site: &Site) -> Option<Arc<User>> {
        site.model.user(self.user.as_ref()?).filter(|user| user.status == UserStatus::Active)
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
            remembered: site.model.two_factors_given(&user.id, self.browser),
            app: app.as_deref(),
            asked: self.destination.asked(),
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
                self.alert = None;
                if proved {
                    self.proved_password(site, visit, &user);
                }
            }
            Err(why) => self.refused(site, visit, password, why),
        }
    }

    /// Takes a new password from somebody who has given the one that has expired, and gives it again where a face asks
    /// for that.
    pub(crate) fn give_new_password(
        &mut self,
        site: &Site,
        visit: &Visit,
        again: Option<&Secret>,
        new: &Secret,
    ) {
        let Some(Task::NewPassword { user, old }) = self.task.clone() else { return };
        match site.model.change_password(
            &user,
            again.unwrap_or(&old),
            new,
            &visit.cause(Actor::User(user.clone())),
        ) {
            Ok(user) => {
                if self.user.as_ref() != Some(&user.id) {
                    self.proofs.clear();
                }
                self.user = Some(user.id.clone());
                self.proved_password(site, visit, &user);
            }
            Err(ModelError::Invalid { reason, .. }) => self.alert = Some(Alert::NewPassword(reason)),
            Err(refusal) => self.alert = Some(Alert::NewPassword(refusal.to_string())),
        }
    }

    /// Takes the password of somebody whose name is known.
    pub(crate) fn give_password(&mut self, site: &Site, visit: &Visit, password: &Secret) {
        let Some(user) = self.user.as_ref().and_then(|user| site.model.user(user)) else { return };
        let cause = visit.cause(Actor::User(user.id.clone()));
        match site.model.verify_password(&user.profile.login, password, &cause) {
            Ok(user) => self.proved_password(site, visit, &user),
            Err(why) => self.refused(site, visit, Some(password), why),
        }
    }

    /// Begins what the person chose, if it is among what may come next.
    pub(crate) fn choose(&mut self, site: &Site, visit: &Visit, choice: Choice) {
        let Some(user) = self.user.clone() else { return };
        self.task = None;
        self.alert = None;
        match (self.stage(site, visit), choice) {
            (Stage::Choose(steps), Choice::Prove(method)) => {
                let step = steps.into_iter().find(|step| step.method == method);
                self.task = step.and_then(|step| challenge(site, &user, step));
            }
            (Stage::ChooseEnrolment(kinds), Choice::Enroll(kind)) if kinds.contains(&kind) => {
                self.task = enrolment(site, &user, kind);
            }
            _ => {}
        }
    }

    /// Takes a code for the factor that is asked for or being enrolled.
    pub(crate) fn give_code(&mut self, site: &Site, visit: &Visit, code: &str) {
        let Some(user) = self.user.clone() else { return };
        let cause = visit.cause(Actor::User(user));
        let proof = match &self.task {
            Some(Task::Code(factor)) => site.model.verify_totp(factor, code, &cause).map(Verification::from),
            Some(Task::EnrollTotp { factor, .. }) => {
                site.model.activate_totp(factor, code, &cause).map(|_| {
                    let (method, at) = (AuthenticationMethod::Factor(FactorKind::Totp), site.now());
                    let shown = Characteristics {
                        user_presence: true,
                        device_bound: true,
                        ..Characteristics::default()
                    };
                    Verification { method, at, characteristics: shown }
                })
            }
            _ => return,
        };
        match proof {
            Ok(proof) => self.proved(site, proof),
            Err(refusal) => self.alert = Some(refusal.into()),
        }
    }

    /// Leaves what was chosen; or begins anew, as nobody.
    pub(crate) fn go_back(&mut self, to_start: bool) {
        self.task = None;
        self.alert = None;
        if to_start {
            self.user = None;
            self.proofs.clear();
        }
    }

    fn proved_password(&mut self, site: &Site, visit: &Visit, user: &User) {
        let cause = visit.cause(Actor::User(user.id.clone()));
        site.model.log(Entry::of(EventType::Verify).to(user.party()), &cause);
        let method = AuthenticationMethod::Password;
        self.proved(
            site,
            Verification { method, at: site.now(), characteristics: Characteristics::default() },
        );
    }

    fn proved(&mut self, site: &Site, proof: Verification) {
        self.task = None;
        self.alert = None;
        self.proofs.retain(|old| old.method != proof.method);
        self.proofs.push(proof);
        if let Some(user) = self.user.as_ref().filter(|_| are_two_factors(&self.proofs)) {
            site.model.note_two_factors(user, self.browser);
        }
    }

    fn refused(&mut self, site: &Site, visit: &Visit, given: Option<&Secret>, why: SignInRefusal) {
        // Whoever has proved that the old password is theirs may change it.
        (self.task, self.alert) = match (&why, given) {
            (SignInRefusal::PasswordExpired(user), Some(old)) => {
                (Some(Task::NewPassword { user: user.clone(), old: old.clone() }), None)
            }
            _ => (None, Some(Alert::NotSignedIn)),
        };
        log::refusal(site, visit, &self.username, why);
    }
}

impl Task {
    fn proves(&self, method: AuthenticationMethod) -> bool {
        match self {
            Self::Password => method == AuthenticationMethod::Password,
            Self::Code(_) => method == AuthenticationMethod::Factor(FactorKind::Totp),
            Self::NewPassword { .. } | Self::EnrollTotp { .. } => false,
        }
    }

    fn enrolls(&self, kind: FactorKind) -> bool {
        match self {
            Self::EnrollTotp { .. } => kind == FactorKind::Totp,
            Self::Password | Self::NewPassword { .. } | Self::Code(_) => false,
        }
    }
}

impl Destination {
    /// The application that this person is on the way to, if it is one that the person may use.
    fn app_of(&self, site: &Site, user: &User) -> Option<Arc<App>> {
        match self {
            Self::Page(_) => None,
            Self::Authorize(request) => {
                site.model.assignment(&request.app, &user.id)?;
                site.model.app(&request.app)
            }
        }
    }

    /// What the relying party asks for on top of the policies.
    fn asked(&self) -> Asked {
        match self {
            Self::Page(_) => Asked::default(),
            Self::Authorize(request) => request.asked(),
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

fn challenge(site: &Site, user: &UserId, step: Step) -> Option<Task> {
    match step.method {
        AuthenticationMethod::Password => Some(Task::Password),
        AuthenticationMethod::Factor(kind) => {
            let factors = site.model.factors_of(user);
            let mut active = factors.iter().filter(|factor| factor.status == FactorStatus::Active);
            let factor = active.find(|factor| factor.kind() == kind)?;
            match kind {
                FactorKind::Totp => Some(Task::Code(factor.id.clone())),
                _ => None,
            }
        }
    }
}

fn enrolment(site: &Site, user: &UserId, kind: FactorKind) -> Option<Task> {
    match kind {
        FactorKind::Totp => {
            let enrolment = site.model.enroll_totp(user, &site.names.host).ok()?;
            let (factor, key, uri) = (enrolment.factor.id.clone(), enrolment.secret, enrolment.uri);
            Some(Task::EnrollTotp { factor, key, uri })
        }
        _ => None,
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
