//! Security > Global Session Policy, Authentication Policies, and Authenticators' Enrollment and
//! password policies.
//!
//! * `kind`: what the console calls each kind of policy, and where it stands;
//! * `list`: the policies of a kind in their order;
//! * `policy`: one policy with its rules, and what can be done with it;
//! * `policy_form`: making and changing a policy;
//! * `rule`: making, changing, moving and deleting a rule;
//! * `rule_form`: a rule as a form, of `conditions` and, by the kind, `session`, `access` or a moment of enrolment;
//! * `password`: what a password policy says;
//! * `length`: a length of time as a form has it;
//! * `words`: what rules say, for people.

mod access;
mod conditions;
mod kind;
mod length;
mod list;
mod password;
mod policy;
mod policy_form;
mod rule;
mod rule_form;
mod session;
#[cfg(test)]
mod tests;
mod words;

use axum::Router;
use axum::routing::{get, post};

use crate::site::Site;

pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/admin/access/policies", get(list::session))
        .route("/admin/authn/policies", get(list::authentication))
        .route("/admin/access/authenticators/enrollment", get(list::enrolment))
        .route("/admin/access/authenticators/password", get(list::password))
        .route("/admin/policies/{kind}/add", get(policy_form::add).post(policy_form::create))
        .route("/admin/policy/{id}", get(policy::show).post(policy::act))
        .route("/admin/policy/{id}/edit", get(policy_form::edit).post(policy_form::save))
        .route("/admin/policy/{id}/rules/add", get(rule::add).post(rule::create))
        .route("/admin/policy/{id}/rule/{rule}", get(rule::edit).post(rule::save))
        .route("/admin/policy/{id}/rule/{rule}/act", post(rule::act))
}
