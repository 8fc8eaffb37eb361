//! What a scenario finds when it begins.

use std::time::Duration;

use serde_json::Value;

use crate::vocabulary::argument::Argument;
use crate::vocabulary::reading::{Node, Reader};
use crate::vocabulary::record::{choice, record, short_forms, words};
use crate::vocabulary::shape::Shape;
use crate::vocabulary::{
    AccountName, AppName, AppRule, Count, EdgeName, Entries, GroupName, Header, Kind, PersonName,
    SessionRule, Template, TunnelName, UpstreamName, UserName, ZoneName,
};

record! {
    /// What is there when a scenario begins. Everything has a name, by which the steps speak of it.
    Given {
        takes {
            /// The Okta org.
            okta: Org,
            /// The edge server.
            edge: EdgeServer,
            /// HTTPS Edges that are there already.
            edges: Entries<EdgeName, HttpsEdge>,
            /// The apps behind the tunnels.
            upstreams: Entries<UpstreamName, UpstreamApp>,
            /// Tunnels that are online already, each by an agent under the same name.
            tunnels: Entries<TunnelName, Tunnel>,
            /// People who have an account neither at the org nor at the edge.
            people: Vec<Newcomer>,
        }
    }
}

record! {
    /// The Okta org.
    Org {
        takes {
            /// Its users. Each of them is a person with a browser, too.
            users: Entries<UserName, OrgUser>,
            /// Groups besides those that a user is in.
            groups: Vec<NewGroup>,
            /// Network zones, which rules speak of.
            zones: Entries<ZoneName, Zone>,
            /// Whether whoever approves a push notification has to choose the number that the page shows.
            number_challenge: bool,
            /// ThreatInsight; off unless written.
            threat_insight: Option<ThreatInsight>,
            /// Rules of the global session policy, the first that fits counting; then everyone gets in with one factor.
            session_rules: Vec<SessionRule>,
            /// Its applications.
            apps: Entries<AppName, OrgApp>,
        }
    }
}

record! {
    /// A user of the Okta org.
    OrgUser {
        takes {
            /// The full name; made from the user's name unless written.
            name: Option<String>,
            /// The e-mail address; `NAME@acme.test` unless written.
            email: Option<String>,
            /// What they sign in with; the e-mail address unless written.
            login: Option<String>,
            /// The password; made up unless written.
            password: Option<String>,
            /// The groups that the user is in.
            groups: Vec<GroupName>,
            /// Whether the user is an administrator of the org.
            admin: bool,
            /// Whether the user is suspended.
            suspended: bool,
            /// What the user has enrolled already, on a phone or a security key of theirs.
            factors: Vec<Factor>,
        }
    }
}

words! {
    /// What somebody proves beside the password who it is.
    Factor {
        /// The codes of an authenticator app.
        Code = "code",
        /// Push notifications to that app.
        Push = "push",
        /// A security key that knows its owner's fingerprint.
        SecurityKey = "security key",
        /// A security key that anybody may touch.
        TouchOnlySecurityKey = "touch-only security key",
        /// FastPass, as a simulation: an app beside the browser that signs what the org asks it to.
        Fastpass = "fastpass",
    }
}

words! {
    /// What is done with requests from suspicious addresses.
    ThreatAction {
        /// Nothing.
        None = "none",
        /// They are logged.
        Audit = "audit",
        /// They are logged and refused.
        Block = "block",
    }
}

record! {
    /// ThreatInsight: which addresses are suspicious, and what becomes of them.
    ThreatInsight short action {
        needs {
            /// What is done.
            action: ThreatAction,
        }
        takes {
            /// Zones that are exempt.
            exempt: Vec<ZoneName>,
            /// Addresses and ranges that are suspicious whatever they do.
            suspicious: Vec<String>,
            /// From how many logins refused at one address on it is a spray; 10 unless written.
            spray_logins: Option<Count>,
            /// From how many refusals at one address on it is suspicious; 30 unless written.
            login_failures: Option<Count>,
            /// How long a refusal counts; 10 minutes unless written.
            window: Option<Duration>,
        }
    }
}

record! {
    /// A network zone: the addresses of people and others.
    Zone {
        takes {
            /// The people whose addresses are in it.
            people: Vec<PersonName>,
            /// Addresses and ranges: `127.0.0.1`, `127.1.0.0/16`, `127.1.0.1-127.1.0.9`.
            addresses: Vec<String>,
        }
    }
}

short_forms! {
    |action: ThreatAction| -> ThreatInsight { Self::new(action) }
}

words! {
    /// Who may begin a login.
    LoginInitiatedBy {
        /// The app alone.
        App = "app",
        /// The app, or Okta by the app's tile on the dashboard.
        Either = "either",
    }
}

record! {
    /// An application of the Okta org: ngrok's, from the catalogue.
    OrgApp {
        takes {
            /// The label on the dashboard; the app's name unless written.
            label: Option<String>,
            /// The sign-in redirect URIs; the edge's one unless written.
            redirect_uris: Vec<Template>,
            /// Who may begin a login; the app unless written.
            login_initiated_by: Option<LoginInitiatedBy>,
            /// Where the tile leads, if Okta may begin a login.
            initiate_login_uri: Option<Template>,
            /// Whether the app requires PKCE.
            pkce_required: bool,
            /// Rules of its sign-in policy, the first that fits counting; then everyone gets in with one factor.
            rules: Vec<AppRule>,
            /// Who may use it. A new app has no assignments.
            assign: Assigned,
        }
    }
}

record! {
    /// Who may use an app.
    Assigned {
        takes {
            /// Users.
            users: Vec<UserName>,
            /// Groups, whose members may use it.
            groups: Vec<GroupName>,
        }
    }
}

record! {
    /// The edge server.
    EdgeServer {
        takes {
            /// Accounts at the dashboard. Each of their holders is a person with a browser, too.
            accounts: Entries<AccountName, EdgeAccount>,
        }
    }
}

words! {
    /// What an account may do at the dashboard.
    Role {
        /// Everything.
        Administrator = "administrator",
        /// Look, but not change.
        Member = "member",
    }
}

words! {
    /// What an account has paid for.
    Entitlement {
        /// Everything, OpenID Connect included.
        Enterprise = "enterprise",
        /// Tunnels, without OpenID Connect.
        Free = "free",
    }
}

record! {
    /// An account at the edge's dashboard.
    EdgeAccount {
        takes {
            /// The e-mail address; `NAME@acme.test` unless written.
            email: Option<String>,
            /// The password; made up unless written.
            password: Option<String>,
            /// What it may do; everything unless written.
            role: Option<Role>,
            /// What it has paid for; everything unless written.
            plan: Option<Entitlement>,
        }
    }
}

record! {
    /// An HTTPS Edge.
    HttpsEdge {
        takes {
            /// The app of the org that guards it: `okta/NAME`. Nobody is asked unless written.
            oidc: Option<Provider>,
            /// Its domain; made from its name unless written.
            domain: Option<String>,
            /// How long a session may stand unused.
            inactivity_timeout: Option<Duration>,
            /// How long a session may live.
            maximum_duration: Option<Duration>,
        }
    }
}

record! {
    /// An app that answers everything with one page.
    PageApp {
        needs {
            /// What the page says.
            page: String,
        }
        takes {
            /// Headers of every answer.
            header: Entries<Header, Template>,
        }
    }
}

record! {
    /// An app that streams: `/` is a page, `/echo` a WebSocket, `/events?count=N` server-sent events, `/upload` counts a
    /// body, and `/download?bytes=N` sends one.
    StreamingApp {
        needs {
            /// What the page says.
            streaming: String,
        }
    }
}

choice! {
    /// An app behind a tunnel.
    UpstreamApp {
        /// One page for everything.
        Page(PageApp) by page,
        /// WebSocket, server-sent events and large bodies.
        Streaming(StreamingApp) by streaming,
    }
}

record! {
    /// A tunnel as `gatewright http` makes it.
    HttpTunnel {
        needs {
            /// The upstream that it leads to.
            http: UpstreamName,
        }
        takes {
            /// The app of the org that guards it: `okta/NAME`. Nobody is asked unless written.
            oidc: Option<Provider>,
            /// Its domain; made from its name unless written.
            domain: Option<String>,
            /// E-mail addresses that are let in; everybody unless written.
            allow_emails: Vec<Template>,
            /// E-mail domains that are let in; everybody unless written.
            allow_domains: Vec<Template>,
            /// Whose authtoken its agent has; an account of the stage's own unless written.
            account: Option<AccountName>,
        }
    }
}

record! {
    /// A tunnel of an HTTPS Edge, as `gatewright tunnel --label` makes it.
    EdgeTunnel {
        needs {
            /// The Edge that it belongs to.
            edge: EdgeName,
            /// The upstream that it leads to.
            upstream: UpstreamName,
        }
        takes {
            /// Whose authtoken its agent has; an account of the stage's own unless written.
            account: Option<AccountName>,
        }
    }
}

choice! {
    /// A tunnel that is online.
    Tunnel {
        /// A tunnel with an endpoint of its own.
        Http(HttpTunnel) by http,
        /// One of the tunnels of an Edge.
        Edge(EdgeTunnel) by edge,
    }
}

/// Who signs people in: an app of the Okta org, written `okta/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The app.
    pub app: AppName,
}

impl From<AppName> for Provider {
    fn from(app: AppName) -> Self {
        Self { app }
    }
}

/// From what a file has, or from the app's name alone.
impl From<&str> for Provider {
    fn from(written: &str) -> Self {
        Self { app: AppName::from(written.strip_prefix("okta/").unwrap_or(written)) }
    }
}

impl Argument for Provider {
    fn shape() -> Shape {
        Shape::Text("the name of an Okta app, written `okta/NAME`")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(name) = node.text().and_then(|text| text.strip_prefix("okta/")) else {
            return reader.mismatch(node, &Self::shape());
        };
        let at = reader.inside(node, "okta/".len().."okta/".len() + name.len());
        reader.check_name(Kind::App, name, at).then(|| Self { app: AppName::from(name) })
    }

    fn write(&self) -> Value {
        Value::from(format!("okta/{}", self.app))
    }
}

macro_rules! listed_names {
    ($($(#[doc = $doc:literal])+ $New:ident($Name:ident) is $Kind:ident, unlike $($Other:ident)*;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $New(pub $Name);

        impl<T: Into<$Name>> From<T> for $New {
            fn from(name: T) -> Self {
                Self(name.into())
            }
        }

        impl Argument for $New {
            fn shape() -> Shape {
                Shape::Text("a name")
            }

            fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
                reader.fresh_name(Kind::$Kind, &[$(Kind::$Other),*], node).map(Self::from)
            }

            fn write(&self) -> Value {
                Value::from(self.0.as_str())
            }
        }
    )+};
}

listed_names! {
    /// A person whom a scenario introduces.
    Newcomer(PersonName) is Person, unlike Person User Account;
    /// A group that a scenario introduces.
    NewGroup(GroupName) is Group, unlike Group;
}
