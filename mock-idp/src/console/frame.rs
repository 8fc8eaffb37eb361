//! What every page of the console has around it: who is signed in, and the navigation.

use super::mark::Mark;
use crate::site::Site;
use crate::web::SignedIn;

/// A page of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Dashboard,
    People,
    Groups,
    Applications,
    General,
    Authenticators,
    Authentication,
    GlobalSession,
    Networks,
    SystemLog,
}

/// Part of the navigation.
pub(super) struct Section {
    pub(super) label: &'static str,
    pub(super) pages: &'static [Page],
}

const SECTIONS: &[Section] = &[
    Section { label: "Directory", pages: &[Page::People, Page::Groups] },
    Section { label: "Applications", pages: &[Page::Applications] },
    Section {
        label: "Security",
        pages: &[
            Page::General,
            Page::Authenticators,
            Page::Authentication,
            Page::GlobalSession,
            Page::Networks,
        ],
    },
    Section { label: "Reports", pages: &[Page::SystemLog] },
];

impl Page {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Dashboard => "Dashboard",
            Self::People => "People",
            Self::Groups => "Groups",
            Self::Applications => "Applications",
            Self::General => "General",
            Self::Authenticators => "Authenticators",
            Self::Authentication => "Authentication Policies",
            Self::GlobalSession => "Global Session Policy",
            Self::Networks => "Networks",
            Self::SystemLog => "System Log",
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Dashboard => "/admin/dashboard",
            Self::People => "/admin/users",
            Self::Groups => "/admin/groups",
            Self::Applications => "/admin/apps/active",
            Self::General => "/admin/access/general",
            Self::Authenticators => "/admin/access/authenticators",
            Self::Authentication => "/admin/authn/policies",
            Self::GlobalSession => "/admin/access/policies",
            Self::Networks => "/admin/access/networks",
            Self::SystemLog => "/reports/system-log",
        }
    }
}

/// What the layout shows.
pub(super) struct Frame {
    pub(super) org: String,
    pub(super) home: String,
    pub(super) name: String,
    pub(super) login: String,
    pub(super) csrf: String,
    here: Page,
}

impl Frame {
    /// The frame around a page that stands at `here` in the navigation.
    pub(super) fn around(here: Page, site: &Site, by: &SignedIn) -> Self {
        Self {
            org: site.names.name.clone(),
            home: format!("{}/app/UserHome", site.names.org_url()),
            name: by.user.profile.display_name(),
            login: by.user.profile.login.clone(),
            csrf: by.csrf.clone(),
            here,
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark::of(&self.name)
    }

    pub(super) fn sections(&self) -> &'static [Section] {
        SECTIONS
    }

    pub(super) fn at_dashboard(&self) -> bool {
        self.here == Page::Dashboard
    }

    pub(super) fn is_in(&self, section: &Section) -> bool {
        section.pages.contains(&self.here)
    }

    pub(super) fn is_at(&self, page: &Page) -> bool {
        *page == self.here
    }
}
