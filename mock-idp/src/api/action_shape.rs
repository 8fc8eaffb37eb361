//! How what a rule says looks in JSON, going in and coming out.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::members::Members;
use super::{ApiError, duration};
use crate::model::{
    Access, Actions, AppSignOn, Assurance, AuthenticationMethod, Characteristics, Constraint, EnrollWhen,
    FactorKind, FactorMode, FactorPrompt, Knowledge, PolicyKind, Possession, PrimaryFactor, SessionLimits,
    SignOn,
};

/// As many minutes as sessions and factors may last: more than a lifetime.
const MOST_MINUTES: u32 = 100 * 365 * 24 * 60;

/// Reads the actions of a rule in a policy of this kind.
pub(super) fn read(rule: &mut Members, kind: PolicyKind) -> Result<Actions, ApiError> {
    let mut actions = rule.object_or_empty("actions")?;
    let read = match kind {
        PolicyKind::SignOn => Actions::SignOn(sign_on(action(&mut actions, "signon")?)?),
        PolicyKind::Access => Actions::AppSignOn(app_sign_on(action(&mut actions, "appSignOn")?)?),
        PolicyKind::Enrolment => Actions::Enroll(enroll(action(&mut actions, "enroll")?)?),
        PolicyKind::Password => return Err(rule.refuse("type", "Not supported by this org")),
    };
    actions.finish()?;
    Ok(read)
}

fn action(actions: &mut Members, name: &str) -> Result<Members, ApiError> {
    let missing = actions.refuse(name, "The field cannot be left blank");
    actions.object(name)?.ok_or(missing)
}

fn sign_on(mut given: Members) -> Result<SignOn, ApiError> {
    let sign_on = SignOn {
        access: given.need("access")?,
        require_factor: factor_prompt(&mut given)?,
        primary_factor: given.read("primaryFactor")?.unwrap_or(PrimaryFactor::Any),
        session: session_limits(given.object_or_empty("session")?)?,
    };
    given.finish()?;
    Ok(sign_on)
}

fn factor_prompt(given: &mut Members) -> Result<Option<FactorPrompt>, ApiError> {
    let required = given.read("requireFactor")?.unwrap_or(false);
    let mode: Option<String> = given.read("factorPromptMode")?;
    let lifetime = minutes(given, "factorLifetime")?;
    let remembered: Option<bool> = given.read("rememberDeviceByDefault")?;
    if !required {
        return Ok(None);
    }
    let prompt = match (mode.as_deref(), lifetime) {
        (None, _) => return Err(given.refuse("factorPromptMode", "The field cannot be left blank")),
        (Some("ALWAYS"), _) => FactorPrompt::Always,
        (Some("DEVICE"), _) => FactorPrompt::Device,
        (Some("SESSION"), Some(lifetime)) => FactorPrompt::Session(lifetime),
        (Some("SESSION"), None) => {
            return Err(given.refuse("factorLifetime", "The field cannot be left blank"));
        }
        (Some(_), _) => return Err(ApiError::malformed()),
    };
    match remembered {
        Some(false) if prompt != FactorPrompt::Always => {
            Err(given.refuse("rememberDeviceByDefault", "This org remembers every device"))
        }
        _ => Ok(Some(prompt)),
    }
}

fn session_limits(mut given: Members) -> Result<SessionLimits, ApiError> {
    let usual = SessionLimits::default();
    // Zero minutes are no limit.
    let mut limit = |name, usual| {
        let given = minutes(&mut given, name)?;
        Ok::<_, ApiError>(given.map_or(usual, |given| Some(given).filter(|limit| !limit.is_zero())))
    };
    let limits = SessionLimits {
        max_idle: limit("maxSessionIdleMinutes", usual.max_idle)?,
        max_lifetime: limit("maxSessionLifetimeMinutes", usual.max_lifetime)?,
        persistent_cookie: given.read("usePersistentCookie")?.unwrap_or(usual.persistent_cookie),
    };
    given.finish()?;
    Ok(limits)
}

fn minutes(given: &mut Members, name: &str) -> Result<Option<TimeDelta>, ApiError> {
    match given.read::<i64>(name)? {
        None => Ok(None),
        Some(minutes) if (0..=i64::from(MOST_MINUTES)).contains(&minutes) => {
            Ok(Some(TimeDelta::minutes(minutes)))
        }
        Some(_) => Err(given.refuse(name, "The value is out of range")),
    }
}

fn app_sign_on(mut given: Members) -> Result<AppSignOn, ApiError> {
    let access: Access = given.need("access")?;
    let method = given.object("verificationMethod")?;
    given.finish()?;
    let usual = || Assurance::one_factor().no_older_than(Some(TimeDelta::hours(43_800)));
    Ok(AppSignOn { access, assurance: method.map(assurance).transpose()?.unwrap_or_else(usual) })
}

fn assurance(mut given: Members) -> Result<Assurance, ApiError> {
    if given.need::<String>("type")? != "ASSURANCE" {
        return Err(given.refuse("type", "Only ASSURANCE is supported by this org"));
    }
    let factor_mode = match given.need::<String>("factorMode")?.as_str() {
        "1FA" => FactorMode::OneFactor,
        "2FA" => FactorMode::TwoFactor,
        _ => return Err(ApiError::malformed()),
    };
    let reauthenticate_in = age(&mut given)?;
    let constraints = given.objects("constraints")?.into_iter();
    let constraints =
        constraints.map(|part| constraint(part, reauthenticate_in)).collect::<Result<_, _>>()?;
    given.finish()?;
    Ok(Assurance { factor_mode, reauthenticate_in, constraints })
}

fn age(given: &mut Members) -> Result<Option<TimeDelta>, ApiError> {
    let text: Option<String> = given.read("reauthenticateIn")?;
    let parse = |text: String| {
        let reason = "The value must be an ISO 8601 duration, for example PT2H";
        duration::parse(&text).ok_or_else(|| given.refuse("reauthenticateIn", reason))
    };
    text.map(parse).transpose()
}

fn constraint(mut given: Members, limit: Option<TimeDelta>) -> Result<Constraint, ApiError> {
    let constraint = Constraint {
        knowledge: given.object("knowledge")?.map(|part| knowledge(part, limit)).transpose()?,
        possession: given.object("possession")?.map(|part| possession(part, limit)).transpose()?,
    };
    given.finish()?;
    Ok(constraint)
}

fn knowledge(mut given: Members, limit: Option<TimeDelta>) -> Result<Knowledge, ApiError> {
    let password = BTreeSet::from([AuthenticationMethod::Password]);
    if allowed(&mut given)?.is_some_and(|allowed| allowed != password) {
        return Err(given.refuse("types", "The password alone is knowledge in this org"));
    }
    let reauthenticate_in = part_age(&mut given, limit)?;
    given.finish()?;
    Ok(Knowledge { reauthenticate_in })
}

fn possession(mut given: Members, limit: Option<TimeDelta>) -> Result<Possession, ApiError> {
    let mut methods = BTreeSet::new();
    for method in allowed(&mut given)?.into_iter().flatten() {
        match method {
            AuthenticationMethod::Factor(kind) => methods.insert(kind),
            AuthenticationMethod::Password => {
                return Err(given.refuse("types", "The password is no possession"));
            }
        };
    }
    let reauthenticate_in = part_age(&mut given, limit)?;
    let mut required = |name, usual: bool| match given.read::<String>(name)?.as_deref() {
        None => Ok(usual),
        Some("REQUIRED") => Ok(true),
        Some("OPTIONAL") => Ok(false),
        Some(_) => Err(ApiError::malformed()),
    };
    let characteristics = Characteristics {
        device_bound: required("deviceBound", false)?,
        hardware_protected: required("hardwareProtection", false)?,
        phishing_resistant: required("phishingResistant", false)?,
        // Unlike the others, required unless said otherwise.
        user_presence: required("userPresence", true)?,
        user_verification: required("userVerification", false)?,
    };
    given.finish()?;
    Ok(Possession { methods, characteristics, reauthenticate_in })
}

/// The age that a part of a constraint asks for. At Okta it takes the place of the whole method's; here it can only
/// be less.
fn part_age(given: &mut Members, limit: Option<TimeDelta>) -> Result<Option<TimeDelta>, ApiError> {
    if given.read("required")?.is_some_and(|required: bool| !required) {
        return Err(given.refuse("required", "Only true is supported by this org"));
    }
    let age = age(given)?;
    match (age, limit) {
        (Some(age), Some(limit)) if age > limit => {
            Err(given.refuse("reauthenticateIn", "The value can't be longer than the verification method's"))
        }
        _ => Ok(age),
    }
}

/// What a part of a constraint allows, by each of Okta's ways to say it, which hold together; anything when absent.
fn allowed(given: &mut Members) -> Result<Option<BTreeSet<AuthenticationMethod>>, ApiError> {
    let mut ways = Vec::new();
    for (member, of) in
        [("types", of_type as fn(&str) -> &'static [AuthenticationMethod]), ("methods", of_method)]
    {
        let mut way = BTreeSet::new();
        for name in given.set(member)? {
            way.extend(known(of(&name)).map_err(|why| given.refuse(member, why))?);
        }
        ways.extend(Some(way).filter(|way| !way.is_empty()));
    }
    let mut way = BTreeSet::new();
    for mut exact in given.objects("authenticationMethods")? {
        let of_key = known(of_key(&exact.need::<String>("key")?)).map_err(|why| exact.refuse("key", why))?;
        let method: Option<String> = exact.read("method")?;
        let of_method = method.map_or(of_key, |method| of_method(&method));
        let both = of_key.iter().filter(|method| of_method.contains(method));
        let before = way.len();
        way.extend(both);
        if way.len() == before {
            return Err(exact.refuse("method", NO_SUCH));
        }
        exact.finish()?;
    }
    ways.extend(Some(way).filter(|way| !way.is_empty()));
    let together = ways.into_iter().reduce(|one, other| one.intersection(&other).copied().collect());
    match together {
        Some(nothing) if nothing.is_empty() => Err(given.refuse("methods", "No authenticator fits")),
        together => Ok(together),
    }
}

const NO_SUCH: &str = "There is no such authenticator in this org";

fn known(methods: &'static [AuthenticationMethod]) -> Result<&'static [AuthenticationMethod], &'static str> {
    if methods.is_empty() { Err(NO_SUCH) } else { Ok(methods) }
}

const PASSWORD: &[AuthenticationMethod] = &[AuthenticationMethod::Password];
const TOTP: AuthenticationMethod = AuthenticationMethod::Factor(FactorKind::Totp);
const PUSH: AuthenticationMethod = AuthenticationMethod::Factor(FactorKind::Push);
const SIGNED_NONCE: AuthenticationMethod = AuthenticationMethod::Factor(FactorKind::SignedNonce);
const WEBAUTHN: AuthenticationMethod = AuthenticationMethod::Factor(FactorKind::WebAuthn);

/// By an authenticator's type. Okta's documents write these in either case.
fn of_type(name: &str) -> &'static [AuthenticationMethod] {
    match name.to_ascii_uppercase().as_str() {
        "PASSWORD" => PASSWORD,
        "APP" => &[TOTP, PUSH, SIGNED_NONCE],
        "SECURITY_KEY" => &[WEBAUTHN],
        _ => &[],
    }
}

/// By an authenticator's method, in either case.
fn of_method(name: &str) -> &'static [AuthenticationMethod] {
    match name.to_ascii_uppercase().as_str() {
        "PASSWORD" => PASSWORD,
        "TOTP" => &[TOTP],
        "PUSH" => &[PUSH],
        "SIGNED_NONCE" => &[SIGNED_NONCE],
        "WEBAUTHN" => &[WEBAUTHN],
        _ => &[],
    }
}

/// By an authenticator's key.
fn of_key(key: &str) -> &'static [AuthenticationMethod] {
    match key {
        "okta_password" => PASSWORD,
        "okta_verify" => of_type("APP"),
        "webauthn" => of_type("SECURITY_KEY"),
        _ => &[],
    }
}

fn method_name(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Totp => "TOTP",
        FactorKind::Push => "PUSH",
        FactorKind::SignedNonce => "SIGNED_NONCE",
        FactorKind::WebAuthn => "WEBAUTHN",
    }
}

fn enroll(mut given: Members) -> Result<EnrollWhen, ApiError> {
    let when = given.need("self")?;
    given.finish()?;
    Ok(when)
}

/// Writes a rule's actions.
pub(super) fn write(actions: &Actions) -> Value {
    match actions {
        Actions::SignOn(action) => json!({ "signon": sign_on_document(action) }),
        Actions::AppSignOn(AppSignOn { access, assurance }) => json!({
            "appSignOn": { "access": access, "verificationMethod": assurance_document(assurance) },
        }),
        Actions::Enroll(when) => json!({ "enroll": { "self": when } }),
    }
}

fn sign_on_document(action: &SignOn) -> Value {
    let SessionLimits { max_idle, max_lifetime, persistent_cookie } = action.session;
    let limit = |limit: Option<TimeDelta>| limit.map_or(0, |limit| limit.num_minutes());
    let mut document = json!({
        "access": action.access,
        "requireFactor": action.require_factor.is_some(),
        "primaryFactor": action.primary_factor,
        "session": {
            "maxSessionIdleMinutes": limit(max_idle),
            "maxSessionLifetimeMinutes": limit(max_lifetime),
            "usePersistentCookie": persistent_cookie,
        },
    });
    let mode = match action.require_factor {
        None => return document,
        Some(FactorPrompt::Always) => "ALWAYS",
        Some(FactorPrompt::Device) => "DEVICE",
        Some(FactorPrompt::Session(lifetime)) => {
            document["factorLifetime"] = lifetime.num_minutes().into();
            "SESSION"
        }
    };
    document["factorPromptMode"] = mode.into();
    document["rememberDeviceByDefault"] = (mode != "ALWAYS").into();
    document
}

fn assurance_document(assurance: &Assurance) -> Value {
    let factor_mode = match assurance.factor_mode {
        FactorMode::OneFactor => "1FA",
        FactorMode::TwoFactor => "2FA",
    };
    let constraints: Vec<Value> = assurance.constraints.iter().map(constraint_document).collect();
    let document = json!({ "type": "ASSURANCE", "factorMode": factor_mode, "constraints": constraints });
    with_age(document, assurance.reauthenticate_in)
}

fn constraint_document(Constraint { knowledge, possession }: &Constraint) -> Value {
    let mut document = Map::new();
    if let Some(Knowledge { reauthenticate_in }) = knowledge {
        let part = json!({ "required": true, "types": ["PASSWORD"] });
        document.insert("knowledge".to_owned(), with_age(part, *reauthenticate_in));
    }
    if let Some(Possession { methods, characteristics, reauthenticate_in }) = possession {
        let said = |required: bool| if required { "REQUIRED" } else { "OPTIONAL" };
        let mut part = json!({
            "required": true,
            "deviceBound": said(characteristics.device_bound),
            "hardwareProtection": said(characteristics.hardware_protected),
            "phishingResistant": said(characteristics.phishing_resistant),
            "userPresence": said(characteristics.user_presence),
            "userVerification": said(characteristics.user_verification),
        });
        if !methods.is_empty() {
            part["methods"] = methods.iter().copied().map(method_name).collect();
        }
        document.insert("possession".to_owned(), with_age(part, *reauthenticate_in));
    }
    document.into()
}

fn with_age(mut document: Value, age: Option<TimeDelta>) -> Value {
    if let Some(age) = age {
        document["reauthenticateIn"] = duration::write(age).into();
    }
    document
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    use super::*;

    fn minutes(from: i64) -> impl Strategy<Value = TimeDelta> {
        (from..100_000).prop_map(TimeDelta::minutes)
    }

    fn sign_on() -> impl Strategy<Value = Actions> {
        let prompt = prop_oneof![
            Just(None),
            Just(Some(FactorPrompt::Always)),
            Just(Some(FactorPrompt::Device)),
            minutes(0).prop_map(|lifetime| Some(FactorPrompt::Session(lifetime))),
        ];
        let limits = (prop::option::of(minutes(1)), prop::option::of(minutes(1)), any::<bool>()).prop_map(
            |(max_idle, max_lifetime, persistent_cookie)| SessionLimits {
                max_idle,
                max_lifetime,
                persistent_cookie,
            },
        );
        let primary = select(vec![PrimaryFactor::Password, PrimaryFactor::Any]);
        (access(), prompt, primary, limits).prop_map(|(access, require_factor, primary_factor, session)| {
            Actions::SignOn(SignOn { access, require_factor, primary_factor, session })
        })
    }

    fn access() -> impl Strategy<Value = Access> {
        select(vec![Access::Allow, Access::Deny])
    }

    /// An age, up to this many seconds.
    fn age(most: i64) -> impl Strategy<Value = Option<TimeDelta>> {
        prop::option::of((0..=most).prop_map(TimeDelta::seconds))
    }

    fn constraint(longest: i64) -> impl Strategy<Value = Constraint> {
        let knowledge = age(longest).prop_map(|reauthenticate_in| Knowledge { reauthenticate_in });
        let kinds = subsequence(FactorKind::ALL.to_vec(), 0..=4);
        let possession =
            (kinds, any::<[bool; 5]>(), age(longest)).prop_map(|(kinds, shown, reauthenticate_in)| {
                let [user_presence, user_verification, phishing_resistant, hardware_protected, device_bound] =
                    shown;
                let characteristics = Characteristics {
                    user_presence,
                    user_verification,
                    phishing_resistant,
                    hardware_protected,
                    device_bound,
                };
                Possession { methods: kinds.into_iter().collect(), characteristics, reauthenticate_in }
            });
        (prop::option::of(knowledge), prop::option::of(possession))
            .prop_map(|(knowledge, possession)| Constraint { knowledge, possession })
    }

    fn app_sign_on() -> impl Strategy<Value = Actions> {
        let mode = select(vec![FactorMode::OneFactor, FactorMode::TwoFactor]);
        (access(), mode, age(200_000_000)).prop_flat_map(|(access, factor_mode, reauthenticate_in)| {
            let longest = reauthenticate_in.map_or(200_000_000, |age| age.num_seconds());
            prop::collection::vec(constraint(longest), 0..3).prop_map(move |constraints| {
                let assurance = Assurance { factor_mode, reauthenticate_in, constraints };
                Actions::AppSignOn(AppSignOn { access, assurance })
            })
        })
    }

    /// The actions of a rule in a policy of this kind.
    pub(in crate::api) fn actions(kind: PolicyKind) -> BoxedStrategy<Actions> {
        match kind {
            PolicyKind::SignOn => sign_on().boxed(),
            PolicyKind::Access => app_sign_on().boxed(),
            PolicyKind::Enrolment | PolicyKind::Password => {
                let when = vec![EnrollWhen::Challenge, EnrollWhen::Login, EnrollWhen::Never];
                select(when).prop_map(Actions::Enroll).boxed()
            }
        }
    }
}
