//! What sign-ins leave in the System Log.

use crate::Event;
use crate::model::{
    Actor, App, Applied, Cause, Entry, EventType, Judgement, OutcomeResult, Party, PolicyKind, SignInRefusal,
    UserStatus, Verdict,
};
use crate::site::Site;
use crate::web::Visit;

/// What the policies said. A denial by an application's policy has an entry of its own besides.
pub(super) fn evaluation(site: &Site, cause: &Cause, judgement: &Judgement, app: Option<&App>) {
    let (result, name) = match judgement.verdict {
        Verdict::Allow => (OutcomeResult::Allow, "ALLOW"),
        Verdict::Prove(_) | Verdict::Enroll(_) => (OutcomeResult::Challenge, "CHALLENGE"),
        Verdict::Deny | Verdict::Unattainable => (OutcomeResult::Deny, "DENY"),
    };
    let reason = format!("Sign-on policy evaluation resulted in {name}");
    let entry = Entry::of(EventType::EvaluateSignOn).decided(result, Some(reason));
    let to_app = |entry: Entry| app.map(App::party).into_iter().fold(entry, Entry::to);
    let entry = judgement.applied.iter().flat_map(parties).fold(to_app(entry), Entry::to);
    site.model.log(entry, cause);
    if judgement.applied.iter().any(|applied| applied.kind == PolicyKind::Access && applied.denies) {
        let reason = "Access denied by the sign-on policy".to_owned();
        let entry = Entry::of(EventType::AppPolicyDeny).decided(OutcomeResult::Deny, Some(reason));
        site.model.log(to_app(entry), cause);
    }
}

fn parties(applied: &Applied) -> [Party; 2] {
    [
        Party::new("PolicyEntity", &applied.policy, "unknown", &applied.policy_name),
        Party::new("PolicyRule", &applied.rule, "unknown", &applied.rule_name),
    ]
}

/// The log says why; the person doesn't learn whether the name or the password was wrong.
pub(super) fn refusal(site: &Site, visit: &Visit, login: &str, why: SignInRefusal) {
    let (actor, reason) = match &why {
        SignInRefusal::UnknownUser => (Actor::Unknown { login: login.to_owned() }, "VERIFICATION_ERROR"),
        SignInRefusal::WrongPassword(user) => (Actor::User(user.clone()), "INVALID_CREDENTIALS"),
        SignInRefusal::NotActive(user, UserStatus::Suspended) => {
            (Actor::User(user.clone()), "USER_SUSPENDED")
        }
        SignInRefusal::NotActive(user, UserStatus::LockedOut) => (Actor::User(user.clone()), "LOCKED_OUT"),
        SignInRefusal::PasswordExpired(user) => (Actor::User(user.clone()), "PASSWORD_EXPIRED"),
        SignInRefusal::NotActive(user, _) => (Actor::User(user.clone()), "USER_NOT_ACTIVE"),
    };
    site.model.log(Entry::of(EventType::SessionStart).failed(reason), &visit.cause(actor));
    site.sink.emit(Event::SignInRefused { request: visit.request_id.clone(), login: login.to_owned(), why });
}
