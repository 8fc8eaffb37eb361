//! Policies in the console, as its administrator uses them.

use chrono::TimeDelta;
use http::StatusCode;

use crate::console::visitor::{Found, Visitor, app};
use crate::model::{
    Access, Actions, AppSignOn, Assurance, Authenticator, Cause, Choice, Conditions, Constraint, EnrollWhen,
    EventType, FactorKind, FactorMode, FactorPrompt, Knowledge, Network, NewRule, PasswordComplexity,
    PasswordSettings, Policy, PolicyKind, PolicySettings, PolicyStatus, Possession, PrimaryFactor, Rule,
    SelfEnrolment, SessionLimits, SignOn, ZoneSettings,
};
use crate::testing::{ADMIN, TestOrg};

const SESSION: &str = "/admin/access/policies";
const AUTHENTICATION: &str = "/admin/authn/policies";
const ENROLMENT: &str = "/admin/access/authenticators/enrollment";

/// What the form of an application's rule sends that asks for two factors at every sign-in.
const TWO_FACTORS: [(&str, &str); 4] =
    [("name", "Two factors"), ("access", "ALLOW"), ("proof", "any_two"), ("reauthenticate", "always")];

/// The same with this in place of what it says, or beside it.
fn with<'a>(fields: &[(&'a str, &'a str)], changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = fields.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    kept.chain(changes).copied().collect()
}

fn policy_named(org: &TestOrg, kind: PolicyKind, name: &str) -> std::sync::Arc<Policy> {
    let policies = org.model().policies(kind);
    policies.into_iter().find(|policy| policy.name == name).unwrap_or_else(|| panic!("no policy {name}"))
}

fn rule_named(org: &TestOrg, policy: &Policy, name: &str) -> Rule {
    let policy = org.model().policy(&policy.id).unwrap();
    policy.rules.iter().find(|rule| rule.name == name).unwrap_or_else(|| panic!("no rule {name}")).clone()
}

fn names(rules: &[Rule]) -> Vec<&str> {
    rules.iter().map(|rule| rule.name.as_str()).collect()
}

fn assurance(rule: &Rule) -> &Assurance {
    match &rule.actions {
        Actions::AppSignOn(action) => &action.assurance,
        other => panic!("{other:?}"),
    }
}

/// Makes an authentication policy in the console.
async fn authentication_policy(org: &TestOrg, ada: &mut Visitor<'_>, name: &str) -> std::sync::Arc<Policy> {
    let add = "/admin/policies/authentication/add";
    let made = ada.submit(add, add, &[("name", name)]).await;
    assert_eq!(made.answer.status, StatusCode::SEE_OTHER, "{}", made.answer.body);
    policy_named(org, PolicyKind::Access, name)
}

#[track_caller]
fn must_refuse(found: &Found, reason: &str) {
    assert_eq!(found.answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", found.answer.body);
    found.must_show(&[reason, "aria-invalid=\"true\""]);
}

#[tokio::test]
async fn policies_of_each_kind_are_made_changed_and_deleted() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let engineering = org.engineering.id.as_str();
    for (kind, list, name) in [
        (PolicyKind::SignOn, SESSION, "session"),
        (PolicyKind::Access, AUTHENTICATION, "authentication"),
        (PolicyKind::Enrolment, ENROLMENT, "enrollment"),
    ] {
        ada.page(list).await.must_show(&["Default Policy", ">Default</span>", ">Add Policy</a>"]);
        let add = format!("/admin/policies/{name}/add");
        let fields = [
            ("name", " Engineers "),
            ("description", "Who builds"),
            ("group", engineering),
            ("okta_password", "Required"),
            ("okta_verify", "Required"),
            ("webauthn", "Disabled"),
        ];
        let made = ada.submit(&add, &add, &fields).await;
        let policy = policy_named(&org, kind, "Engineers");
        let page = format!("/admin/policy/{}", policy.id);
        assert_eq!((made.answer.status, made.answer.location()), (StatusCode::SEE_OTHER, page.as_str()));
        assert_eq!(policy.groups.is_empty(), kind == PolicyKind::Access, "an app names its policy itself");
        ada.page(list).await.must_show(&[">Engineers</a>", "Who builds"]);
        ada.page(&page).await.must_show(&["<h1>Engineers</h1>", ">Deactivate</button>", ">Delete</button>"]);
        if kind == PolicyKind::Enrolment {
            let PolicySettings::Enrolment(settings) = &policy.settings else { panic!("{policy:?}") };
            assert_eq!(
                settings.authenticators,
                [
                    (Authenticator::OktaPassword, SelfEnrolment::Required),
                    (Authenticator::OktaVerify, SelfEnrolment::Required),
                    (Authenticator::WebAuthn, SelfEnrolment::NotAllowed),
                ]
            );
        }

        let again = ada.submit(&add, &add, &fields).await;
        must_refuse(&again, "Policy name already in use");
        let edit = format!("{page}/edit");
        let groupless: Vec<_> = fields.into_iter().filter(|(field, _)| *field != "group").collect();
        ada.submit(&edit, &edit, &with(&groupless, &[("name", "Builders")])).await;
        let changed = org.model().policy(&policy.id).unwrap();
        assert_eq!((changed.name.as_str(), changed.groups.len()), ("Builders", 0));
        assert_eq!(changed.settings, policy.settings);

        ada.submit(&page, &page, &[("action", "Deactivate")]).await;
        assert_eq!(org.model().policy(&policy.id).unwrap().status, PolicyStatus::Inactive);
        ada.page(&page).await.must_show(&[">Inactive</span>", ">Activate</button>"]);
        ada.submit(&page, &page, &[("action", "Activate")]).await;
        assert_eq!(org.model().policy(&policy.id).unwrap().status, PolicyStatus::Active);
        let deleted = ada.submit(&page, &page, &[("action", "Delete")]).await;
        assert_eq!(deleted.answer.location(), list);
        assert!(org.model().policy(&policy.id).is_none());
    }
}

#[tokio::test]
async fn the_default_policies_and_rules_stay() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    for kind in [PolicyKind::SignOn, PolicyKind::Access, PolicyKind::Enrolment] {
        let policy = org.model().policies(kind).remove(0);
        let page = format!("/admin/policy/{}", policy.id);
        let shown = ada.page(&page).await;
        shown.must_show(&["The default policy is for everyone, comes last"]);
        for offered in [">Deactivate<", ">Delete<", ">Move up<"] {
            assert!(!shown.shows(offered), "{offered} of {kind:?}");
        }
        let rule = format!("{page}/rule/{}", policy.rules[0].id);
        ada.page(&rule).await.must_show(&["The default rule fits everyone, comes last"]);
        for (path, action) in [
            (page.clone(), "Deactivate"),
            (page.clone(), "Delete"),
            (format!("{rule}/act"), "Deactivate"),
            (format!("{rule}/act"), "Delete"),
        ] {
            let refused = ada.submit(&page, &path, &[("action", action)]).await;
            assert_eq!(refused.answer.status, StatusCode::CONFLICT, "{action} {path}");
        }
        assert_eq!(org.model().policy(&policy.id), Some(policy));
    }
}

#[tokio::test]
async fn an_apps_rule_says_what_its_form_asks() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let zone = ZoneSettings::new("Office", vec!["10.0.0.0/8".parse().unwrap()]);
    let zone = org.model().create_zone(zone, &Cause::system()).unwrap();
    let policy = authentication_policy(&org, &mut ada, "Tunnels").await;
    let page = format!("/admin/policy/{}", policy.id);
    let add = format!("{page}/rules/add");
    let fields = [
        ("name", "Engineers outside"),
        ("group", org.engineering.id.as_str()),
        ("users", "mallory@acme.test"),
        ("users_except", " alice@acme.test\r\nada@acme.test "),
        ("network", "not_in"),
        ("zone", zone.id.as_str()),
        ("access", "ALLOW"),
        ("proof", "password_and_another"),
        ("phishing_resistant", "true"),
        ("user_verification", "true"),
        ("method", "webauthn"),
        ("method", "signed_nonce"),
        ("reauthenticate", "after"),
        ("age", "2"),
        ("age_unit", "hours"),
    ];
    let made = ada.submit(&add, &add, &fields).await;
    assert_eq!(made.answer.location(), page);
    let rule = rule_named(&org, &policy, "Engineers outside");
    assert_eq!(
        rule.conditions,
        Conditions {
            users: Choice {
                include: [org.mallory.id.clone()].into(),
                exclude: [org.alice.id.clone(), org.admin.id.clone()].into(),
            },
            groups: Choice::only([org.engineering.id.clone()]),
            network: Network::NotIn([zone.id.clone()].into()),
        }
    );
    let mut possession = Possession {
        methods: [FactorKind::WebAuthn, FactorKind::SignedNonce].into(),
        ..Possession::default()
    };
    possession.characteristics.phishing_resistant = true;
    possession.characteristics.user_verification = true;
    assert_eq!(
        *assurance(&rule),
        Assurance {
            factor_mode: FactorMode::TwoFactor,
            reauthenticate_in: Some(TimeDelta::hours(2)),
            constraints: vec![Constraint {
                knowledge: Some(Knowledge::default()),
                possession: Some(possession),
            }],
        }
    );
    ada.page(&page).await.must_show(&[
        "User is Engineering, mallory@acme.test",
        "User is not alice@acme.test, ada@acme.test",
        "IP is not in Office",
        "Access with any 2 factor types",
        "a password and Security Key or Biometric (FIDO2) or Okta FastPass (simulated) (phishing resistant, user verification)",
        "Re-authentication: after 2 hours",
        "Catch-all Rule",
    ]);
    let edit = format!("{page}/rule/{}", rule.id);
    ada.page(&edit).await.must_show(&[
        "mallory@acme.test</textarea>",
        "value=\"not_in\" checked",
        "value=\"password_and_another\" required checked",
        "name=\"method\" value=\"webauthn\" checked",
        "name=\"age\" value=\"2\"",
        "<option selected>hours</option>",
    ]);
    ada.submit(&edit, &edit, &fields).await;
    assert_eq!(rule_named(&org, &policy, &rule.name).actions, rule.actions, "sent back unchanged");
    assert_eq!(rule_named(&org, &policy, &rule.name).conditions, rule.conditions);

    for (proof, mode, knowledge, possession) in [
        ("any_one", FactorMode::OneFactor, None, None),
        ("password", FactorMode::OneFactor, Some(Knowledge::default()), None),
        ("possession", FactorMode::OneFactor, None, Some(Possession::default())),
        ("any_two", FactorMode::TwoFactor, None, None),
        ("password_and_another", FactorMode::TwoFactor, Some(Knowledge::default()), None),
    ] {
        ada.submit(&edit, &edit, &with(&TWO_FACTORS, &[("proof", proof), ("access", "DENY")])).await;
        let changed = rule_named(&org, &policy, "Two factors");
        let one = Constraint { knowledge, possession };
        let constraints = if one == Constraint::default() { Vec::new() } else { vec![one] };
        let said = Assurance { factor_mode: mode, reauthenticate_in: Some(TimeDelta::zero()), constraints };
        assert_eq!(changed.actions, Actions::AppSignOn(AppSignOn { access: Access::Deny, assurance: said }));
        assert_eq!(changed.conditions, Conditions::default(), "what is taken out is out");
    }
    ada.page(&page).await.must_show(&["Access is denied"]);
}

#[tokio::test]
async fn a_session_rule_says_what_its_form_asks() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let policy = org.model().policies(PolicyKind::SignOn).remove(0);
    let page = format!("/admin/policy/{}", policy.id);
    let add = format!("{page}/rules/add");
    let fields = [
        ("name", "Careful"),
        ("access", "ALLOW"),
        ("primary", "password"),
        ("prompt", "session"),
        ("factor_lifetime", "15"),
        ("factor_lifetime_unit", "minutes"),
        ("max_lifetime", "1"),
        ("max_lifetime_unit", "days"),
        ("max_idle", "2"),
        ("max_idle_unit", "hours"),
        ("persistent", "true"),
    ];
    assert_eq!(ada.submit(&add, &add, &fields).await.answer.location(), page);
    let rule = rule_named(&org, &policy, "Careful");
    let said = SignOn {
        access: Access::Allow,
        require_factor: Some(FactorPrompt::Session(TimeDelta::minutes(15))),
        primary_factor: PrimaryFactor::Password,
        session: SessionLimits {
            max_idle: Some(TimeDelta::hours(2)),
            max_lifetime: Some(TimeDelta::days(1)),
            persistent_cookie: true,
        },
    };
    assert_eq!(rule.actions, Actions::SignOn(said));
    ada.page(&page).await.must_show(&[
        "MFA is required, 15 minutes after it was last given",
        "A session ends when idle for 2 hours",
        "A session ends after 1 day",
        "A session outlasts the browser",
    ]);
    let edit = format!("{page}/rule/{}", rule.id);
    ada.page(&edit).await.must_show(&[
        "name=\"factor_lifetime\" value=\"15\"",
        "<option selected>days</option>",
        "name=\"persistent\" value=\"true\" checked",
    ]);
    for (prompt, wanted) in
        [("none", None), ("always", Some(FactorPrompt::Always)), ("device", Some(FactorPrompt::Device))]
    {
        let plain = [("name", "Careful"), ("access", "DENY"), ("primary", "any"), ("prompt", prompt)];
        ada.submit(&edit, &edit, &plain).await;
        let said = SignOn {
            access: Access::Deny,
            require_factor: wanted,
            primary_factor: PrimaryFactor::Any,
            session: SessionLimits { max_idle: None, max_lifetime: None, persistent_cookie: false },
        };
        assert_eq!(rule_named(&org, &policy, "Careful").actions, Actions::SignOn(said));
    }
}

#[tokio::test]
async fn an_enrolment_rule_says_when() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let policy = org.model().policies(PolicyKind::Enrolment).remove(0);
    let add = format!("/admin/policy/{}/rules/add", policy.id);
    for (moment, wanted) in
        [("challenge", EnrollWhen::Challenge), ("login", EnrollWhen::Login), ("never", EnrollWhen::Never)]
    {
        ada.submit(&add, &add, &[("name", moment), ("enroll", moment)]).await;
        assert_eq!(rule_named(&org, &policy, moment).actions, Actions::Enroll(wanted));
    }
    let refused = ada.submit(&add, &add, &[("name", "Sometime"), ("enroll", "sometime")]).await;
    assert_eq!(refused.answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(org.model().policy(&policy.id).unwrap().rules.len(), 4);
}

#[tokio::test]
async fn policies_and_rules_are_put_in_order() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let add = "/admin/policies/session/add";
    for name in ["First", "Second"] {
        ada.submit(add, add, &[("name", name)]).await;
    }
    let order = || {
        let policies = org.model().policies(PolicyKind::SignOn);
        policies.iter().map(|policy| policy.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(order(), ["First", "Second", "Default Policy"]);
    let first = policy_named(&org, PolicyKind::SignOn, "First");
    let page = format!("/admin/policy/{}", first.id);
    let moved = ada.submit(SESSION, &page, &[("action", "Move down")]).await;
    assert_eq!(moved.answer.location(), SESSION);
    assert_eq!(order(), ["Second", "First", "Default Policy"]);
    ada.submit(SESSION, &page, &[("action", "Move down")]).await;
    assert_eq!(order(), ["Second", "First", "Default Policy"], "never behind the default");
    ada.submit(SESSION, &page, &[("action", "Move up")]).await;
    assert_eq!(order(), ["First", "Second", "Default Policy"]);

    let policy = authentication_policy(&org, &mut ada, "Tunnels").await;
    let page = format!("/admin/policy/{}", policy.id);
    let add = format!("{page}/rules/add");
    for name in ["a", "b"] {
        ada.submit(&add, &add, &with(&TWO_FACTORS, &[("name", name)])).await;
    }
    let rules = || names(&org.model().policy(&policy.id).unwrap().rules).join(" ");
    assert_eq!(rules(), "a b Catch-all Rule");
    let act = |name| format!("{page}/rule/{}/act", rule_named(&org, &policy, name).id);
    ada.submit(&page, &act("b"), &[("action", "Move up")]).await;
    assert_eq!(rules(), "b a Catch-all Rule");
    ada.submit(&page, &act("b"), &[("action", "Move down")]).await;
    assert_eq!(rules(), "a b Catch-all Rule");
    ada.submit(&page, &act("b"), &[("action", "Move down")]).await;
    assert_eq!(rules(), "a b Catch-all Rule", "never behind the default");
    ada.submit(&page, &act("a"), &[("action", "Deactivate")]).await;
    assert_eq!(rule_named(&org, &policy, "a").status, PolicyStatus::Inactive);
    ada.submit(&page, &act("a"), &[("action", "Activate")]).await;
    assert_eq!(rule_named(&org, &policy, "a").status, PolicyStatus::Active);
    let gone = ada.submit(&page, &act("a"), &[("action", "Delete")]).await;
    assert_eq!((gone.answer.location(), rules().as_str()), (page.as_str(), "b Catch-all Rule"));
    let odd = ada.submit(&page, &act("b"), &[("action", "Promote")]).await;
    assert_eq!(odd.answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(rules(), "b Catch-all Rule");
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_is_said_beside_the_field_and_changes_nothing() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let policy = authentication_policy(&org, &mut ada, "Tunnels").await;
    let add = format!("/admin/policy/{}/rules/add", policy.id);
    let long = "x".repeat(51);
    for (changes, reason) in [
        (&[("name", "")][..], "The name must have 1 to 50 characters"),
        (&[("name", long.as_str())], "The name must have 1 to 50 characters"),
        (&[("name", "Catch-all Rule")], "Policy rule name already in use"),
        (&[("users", "nobody@acme.test")], "There is no user nobody@acme.test."),
        (&[("users_except", "nobody")], "There is no user nobody."),
        (&[("group", "00gnone")], "There is no such group"),
        (&[("network", "in")], "At least one network zone must be named"),
        (&[("network", "not_in"), ("zone", "nzonone")], "There is no such network zone"),
        (&[("network", "nowhere")], ""),
        (&[("reauthenticate", "after")], "Type how long."),
        (&[("reauthenticate", "after"), ("age", "soon")], "Type a whole number"),
        (
            &[("reauthenticate", "after"), ("age", "4000000000"), ("age_unit", "days")],
            "The value is out of range",
        ),
        (&[("access", "MAYBE")], ""),
        (&[("proof", "three")], ""),
        (&[("proof", "as_it_is")], ""),
        (&[("method", "sms")], ""),
    ] {
        let answer = ada.submit(&add, &add, &with(&TWO_FACTORS, changes)).await;
        match reason {
            // What no browser sends that shows the form.
            "" => assert_eq!(answer.answer.status, StatusCode::BAD_REQUEST, "{changes:?}"),
            reason => must_refuse(&answer, reason),
        }
    }
    let session = org.model().policies(PolicyKind::SignOn).remove(0);
    let add = format!("/admin/policy/{}/rules/add", session.id);
    let fields = [("name", "Careful"), ("access", "ALLOW"), ("prompt", "always")];
    for (changes, reason) in [
        (&[("prompt", "session")][..], "Type how long."),
        (&[("max_idle", "0")], "The value is out of range"),
        (&[("max_lifetime", "-5")], "Type a whole number"),
    ] {
        must_refuse(&ada.submit(&add, &add, &with(&fields, changes)).await, reason);
    }
    assert_eq!(org.model().policy(&policy.id), Some(policy));
    assert_eq!(org.model().policy(&session.id), Some(session));
    let enrolment = "/admin/policies/enrollment/add";
    let refused = ada.submit(enrolment, enrolment, &[("name", "Half"), ("okta_verify", "Perhaps")]).await;
    assert_eq!(refused.answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.must_show(&["Choose Required, Optional or Disabled for each.", "value=\"Half\""]);
    assert_eq!(org.model().policies(PolicyKind::Enrolment).len(), 1);
    for path in ["/admin/policies/idp/add", "/admin/policy/00pnone", "/admin/policy/00pnone/rules/add"] {
        assert_eq!(ada.open(&format!("{ADMIN}{path}")).await.answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_the_form_has_no_words_for_is_shown_and_kept() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let policy = authentication_policy(&org, &mut ada, "Tunnels").await;
    let knowledge = Some(Knowledge { reauthenticate_in: Some(TimeDelta::hours(1)) });
    let said = Assurance {
        factor_mode: FactorMode::TwoFactor,
        reauthenticate_in: Some(TimeDelta::hours(4)),
        constraints: vec![
            Constraint { knowledge, possession: None },
            Constraint { knowledge: None, possession: Some(Possession::default()) },
        ],
    };
    let new = NewRule {
        name: "By the API".to_owned(),
        priority: None,
        status: PolicyStatus::Active,
        conditions: Conditions::default(),
        actions: Actions::AppSignOn(AppSignOn { access: Access::Allow, assurance: said.clone() }),
    };
    let rule = org.model().create_rule(&policy.id, new, &Cause::system()).unwrap();
    let edit = format!("/admin/policy/{}/rule/{}", policy.id, rule.id);
    ada.page(&edit).await.must_show(&[
        "value=\"as_it_is\" required checked",
        "Among them: a password, no older than 1 hour; or a possession factor",
    ]);
    let fields = [
        ("name", "Renamed"),
        ("access", "ALLOW"),
        ("proof", "as_it_is"),
        ("reauthenticate", "after"),
        ("age", "4"),
        ("age_unit", "hours"),
    ];
    ada.submit(&edit, &edit, &fields).await;
    assert_eq!(*assurance(&rule_named(&org, &policy, "Renamed")), said);
    ada.submit(&edit, &edit, &with(&fields, &[("proof", "any_two")])).await;
    let changed = rule_named(&org, &policy, "Renamed");
    assert_eq!(assurance(&changed).constraints, [Constraint { knowledge: None, possession: None }; 0]);
}

#[tokio::test]
async fn an_app_goes_by_the_policy_that_its_sign_on_tab_names() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let policy = authentication_policy(&org, &mut ada, "Tunnels").await;
    let other = app(&org, "Payroll");
    let tab = format!("/admin/app/{}/sign-on", org.app.id);
    ada.page(&tab).await.must_show(&[
        "selected>Default Policy</option>",
        "<label for=\"policy\">Authentication policy</label>",
        ">Tunnels</option>",
    ]);
    let set = format!("/admin/app/{}/policy", org.app.id);
    let saved = ada.submit(&tab, &set, &[("policy", policy.id.as_str())]).await;
    assert_eq!(saved.answer.location(), tab);
    assert_eq!(org.model().app(&org.app.id).unwrap().access_policy, policy.id);
    let page = format!("/admin/policy/{}", policy.id);
    ada.page(&tab).await.must_show(&["selected>Tunnels</option>", &format!("href=\"{page}\">View policy")]);
    let shown = ada.page(&page).await;
    shown.must_show(&[
        &format!("href=\"{tab}\">ngrok</a>"),
        "A policy that applications go by can't be deleted.",
    ]);
    assert!(!shown.shows(">Delete<") && !shown.shows("Payroll"));
    assert_eq!(
        ada.submit(&page, &page, &[("action", "Delete")]).await.answer.status,
        StatusCode::CONFLICT,
        "an app goes by it"
    );
    let session = org.model().policies(PolicyKind::SignOn).remove(0);
    for wrong in ["", "rstnone", session.id.as_str()] {
        let refused = ada.submit(&tab, &set, &[("policy", wrong)]).await;
        assert_eq!(refused.answer.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    assert_eq!(org.model().app(&org.app.id).unwrap().access_policy, policy.id);
    assert_ne!(org.model().app(&other.id).unwrap().access_policy, policy.id);
    assert_eq!(org.count(EventType::AppPolicyUpdate), 1);

    let cloned = ada.submit(&page, &page, &[("action", "Clone")]).await;
    let copy = policy_named(&org, PolicyKind::Access, "[cloned] Tunnels");
    assert_eq!(cloned.answer.location(), format!("/admin/policy/{}", copy.id));
    ada.page(cloned.answer.location()).await.must_show(&["No application goes by this policy."]);
}

#[tokio::test]
async fn a_password_policy_is_for_its_groups() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let list = "/admin/access/authenticators/password";
    ada.page(list).await.must_show(&["Default Policy", "Password Policies"]);
    let add = "/admin/policies/password/add";
    ada.page(add)
        .await
        .must_show(&["name=\"minLength\" value=\"8\"", "name=\"minNumber\" value=\"true\" checked"]);
    let fields = [
        ("name", "Engineers"),
        ("group", org.engineering.id.as_str()),
        ("minLength", "12"),
        ("minUpperCase", "true"),
        ("historyCount", "5"),
        ("maxAgeDays", "90"),
        ("expireWarnDays", "7"),
        ("maxAttempts", "3"),
        ("autoUnlockMinutes", "15"),
        ("excludeUsername", "true"),
        ("showLockoutFailures", "true"),
    ];
    let made = ada.submit(add, add, &fields).await;
    assert_eq!(made.answer.status, StatusCode::SEE_OTHER, "{}", made.answer.body);
    let wanted = PasswordSettings {
        max_attempts: 3,
        auto_unlock_minutes: 15,
        show_lockout_failures: true,
        max_age_days: 90,
        expire_warn_days: 7,
        history_count: 5,
        complexity: PasswordComplexity {
            min_length: 12,
            min_lower_case: 0,
            min_upper_case: 1,
            min_number: 0,
            min_symbol: 0,
            exclude_username: true,
        },
    };
    assert_eq!(*org.model().password_settings_for(&org.alice.id), wanted);
    assert_eq!(*org.model().password_settings_for(&org.mallory.id), PasswordSettings::default());
    let page = made.answer.location().to_owned();
    let shown = ada.page(&page).await;
    shown.must_show(&[
        "<dd>12 characters</dd>",
        "<dd>90 days</dd>",
        "<dd>3 unsuccessful attempts</dd>",
        "<dd>Engineering</dd>",
    ]);
    assert!(!shown.shows("Add Rule"), "it has no rules");
    assert_eq!(ada.open(&format!("{ADMIN}{page}/rules/add")).await.answer.status, StatusCode::NOT_FOUND);
    let edit = format!("{page}/edit");
    for (field, value, reason) in [
        ("minLength", "31", "The value must be from 1 to 30"),
        ("minLength", "", "Type a whole number."),
        ("historyCount", "31", "The value must be from 0 to 30"),
        ("maxAttempts", "-1", "Type a whole number."),
    ] {
        let refused = ada.submit(&edit, &edit, &with(&fields, &[(field, value)])).await;
        must_refuse(&refused, reason);
        refused.must_show(&[&format!("id=\"{field}-wrong\"")]);
    }
    assert_eq!(*org.model().password_settings_for(&org.alice.id), wanted);
    ada.submit(&edit, &edit, &with(&fields, &[("minLength", "6")])).await;
    assert_eq!(org.model().password_settings_for(&org.alice.id).complexity.min_length, 6);
    let default = org.model().policies(PolicyKind::Password).pop().unwrap();
    let edit = format!("/admin/policy/{}/edit", default.id);
    let own: Vec<_> = fields.into_iter().filter(|(name, _)| *name != "group").collect();
    ada.submit(&edit, &edit, &with(&own, &[("name", "Default Policy")])).await;
    assert_eq!(org.model().password_settings().complexity.min_length, 12);
}
