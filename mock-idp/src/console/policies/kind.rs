//! What the console calls the kinds of policies, and where it shows them.

use std::sync::Arc;

use crate::console::frame::Page;
use crate::console::refusal::{Refusal, missing};
use crate::model::{Policy, PolicyId, PolicyKind};
use crate::site::Site;

/// A kind of policy.
pub(super) struct Kind {
    pub(super) kind: PolicyKind,
    /// What addresses call it.
    pub(super) name: &'static str,
    /// What one such policy is called.
    pub(super) one: &'static str,
    /// The heading of the list.
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) page: Page,
    /// Where the list is.
    pub(super) list: &'static str,
}

pub(super) static SESSION: Kind = Kind {
    kind: PolicyKind::SignOn,
    name: "session",
    one: "Global session policy",
    title: "Global Session Policy",
    lead: "Who may have a session at this org, after which proof, and for how long. The first policy that is for \
           somebody and has a rule that fits decides. An app's own policy is demanded on top.",
    page: Page::GlobalSession,
    list: "/admin/access/policies",
};

pub(super) static AUTHENTICATION: Kind = Kind {
    kind: PolicyKind::Access,
    name: "authentication",
    one: "Authentication policy",
    title: "Authentication Policies",
    lead: "Who may go on to an application, and after which proof. Each application goes by one of these, which its \
           Sign On tab names. The first rule that fits decides.",
    page: Page::Authentication,
    list: "/admin/authn/policies",
};

pub(super) static ENROLMENT: Kind = Kind {
    kind: PolicyKind::Enrolment,
    name: "enrollment",
    one: "Authenticator enrollment policy",
    title: "Authenticators",
    lead: "Which authenticators people may or must set up, and when they are asked to. The first policy that is for \
           somebody and has a rule that fits decides.",
    page: Page::Authenticators,
    list: "/admin/access/authenticators/enrollment",
};

pub(super) static PASSWORD: Kind = Kind {
    kind: PolicyKind::Password,
    name: "password",
    one: "Password policy",
    title: "Password Policies",
    lead: "What passwords must be like, when they lock, and when they expire. The first policy that is for somebody \
           decides. It counts from now on; passwords that are set stay.",
    page: Page::Authenticators,
    list: "/admin/access/authenticators/password",
};

impl Kind {
    fn all() -> [&'static Self; 4] {
        [&SESSION, &AUTHENTICATION, &ENROLMENT, &PASSWORD]
    }

    /// The kind that addresses call this.
    pub(super) fn named(site: &Site, name: &str) -> Result<&'static Self, Refusal> {
        Self::all()
            .into_iter()
            .find(|known| known.name == name)
            .ok_or_else(|| missing(site, "kind of policy", name))
    }

    /// Whether its policies say by rules what they say.
    pub(super) fn has_rules(&self) -> bool {
        self.kind != PolicyKind::Password
    }

    /// Whether its policies come one after the other, and are for groups.
    pub(super) fn is_ordered(&self) -> bool {
        self.kind != PolicyKind::Access
    }
}

/// The policy of this id.
pub(super) fn policy_of(site: &Site, id: &str) -> Result<(Arc<Policy>, &'static Kind), Refusal> {
    let policy = site.model.policy(&PolicyId::new(id)).ok_or_else(|| missing(site, "Policy", id))?;
    let kind = Kind::all().into_iter().find(|kind| kind.kind == policy.kind);
    Ok((policy, kind.ok_or_else(|| missing(site, "Policy", id))?))
}

/// The policy of this id, if it is one that has rules.
pub(super) fn policy_with_rules(site: &Site, id: &str) -> Result<(Arc<Policy>, &'static Kind), Refusal> {
    let found = policy_of(site, id)?;
    if found.1.has_rules() { Ok(found) } else { Err(missing(site, "Policy with rules", id)) }
}

/// The path of its page.
pub(super) fn path(id: &PolicyId) -> String {
    format!("/admin/policy/{id}")
}
