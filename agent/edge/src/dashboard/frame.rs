use super::viewer::Viewer;
use crate::model::{ModelError, Role};

/// Which entry of the menu a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Endpoints,
    CloudEdge,
    Edges,
    Traffic,
    Agents,
    People,
    Authtokens,
}

/// What stands around every page of someone who is signed in.
pub(super) struct Frame {
    pub(super) section: Section,
    pub(super) login: String,
    pub(super) role: &'static str,
    pub(super) account: String,
    pub(super) plan: String,
    pub(super) csrf: String,
    pub(super) may_change: bool,
}

impl Frame {
    pub(super) fn new(viewer: &Viewer, section: Section) -> Result<Self, ModelError> {
        let profile = viewer.account.profile()?;
        let role = match viewer.login.role {
            Role::Administrator => "Administrator",
            Role::Member => "Member",
        };
        Ok(Self {
            section,
            login: viewer.login.login.clone(),
            role,
            account: profile.name,
            plan: profile.plan,
            csrf: viewer.csrf.expose().to_owned(),
            may_change: viewer.may_change(),
        })
    }
}
