//! A world that stands by itself, for people and programs to go and look around in: what `gatewright up` sets up.

use std::path::PathBuf;

use ground::Secret;
use serde::Serialize;

use super::{Names, Run, SetError, Stage};
use crate::network::Membership;
use crate::scenario::given::{Assigned, EdgeAccount, EdgeServer, Given, Org, OrgApp, OrgUser};

/// Who is in a standing world: an assigned user, one who isn't, and the edge's administrator.
const ASSIGNED: &str = "alice";
const UNASSIGNED: &str = "mallory";
const ADMINISTRATOR: &str = "ada";
const APP: &str = "ngrok";

/// A world that stands until it is struck: an org with an ngrok app, a user who is assigned to it and one who isn't, and
/// an edge with an account. Agents, tunnels and upstreams come from outside.
#[derive(Debug)]
pub struct Standing {
    stage: Stage,
    visitor: Membership,
    trust_file: PathBuf,
}

/// Everything that one has to know to use a standing world. Serialized it is what `gatewright up --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Card {
    /// The org.
    pub okta: OktaCard,
    /// The edge.
    pub edge: EdgeCard,
    /// The file with the certificate of the authority that everything here is certified by.
    pub ca_pem: PathBuf,
    /// The forward proxy that knows the world's names, `host:port`.
    pub proxy: String,
}

/// The org.
#[derive(Clone, Debug, Serialize)]
pub struct OktaCard {
    /// The issuer, which is the org's own URL.
    pub issuer: String,
    /// The admin console.
    pub admin_url: String,
    /// The org's administrator.
    pub admin: Login,
    /// A token for the management API (`Authorization: SSWS …`).
    pub api_token: String,
    /// The client ID of the ngrok app, which has the edge's redirect URI.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: String,
    /// The org's users besides the administrator.
    pub users: Vec<UserCard>,
}

/// A user of the org.
#[derive(Clone, Debug, Serialize)]
pub struct UserCard {
    /// What to sign in with.
    pub login: String,
    /// The password.
    pub password: String,
    /// Whether the user may use the ngrok app.
    pub assigned: bool,
}

/// Someone who signs in.
#[derive(Clone, Debug, Serialize)]
pub struct Login {
    /// What to sign in with.
    pub login: String,
    /// The password.
    pub password: String,
}

/// The edge.
#[derive(Clone, Debug, Serialize)]
pub struct EdgeCard {
    /// The domain under which tunnels get their names.
    pub domain: String,
    /// Where it serves HTTPS, `host:port`.
    pub https_addr: String,
    /// Where it takes agents, `host:port`.
    pub agent_addr: String,
    /// The control API.
    pub api_url: String,
    /// A key for it (`Authorization: Bearer …`).
    pub api_key: String,
    /// The dashboard.
    pub dashboard_url: String,
    /// Its administrator.
    pub admin: Login,
    /// A token for agents.
    pub authtoken: String,
}

impl Standing {
    /// Sets the world up. It is of a run, and under the names that are given.
    pub async fn set(run: &Run, names: &Names) -> Result<Self, SetError> {
        let given = Given::new()
            .okta(
                Org::new()
                    .users((ASSIGNED, OrgUser::new()))
                    .users((UNASSIGNED, OrgUser::new()))
                    .apps((APP, OrgApp::new().assign(Assigned::new().users(ASSIGNED)))),
            )
            .edge(EdgeServer::new().accounts((ADMINISTRATOR, EdgeAccount::new())));
        let stage = Stage::set_under(run, names, &given).await?;
        let visitor = stage.world().visitor().await?;
        Ok(Self { stage, visitor, trust_file: run.trust_file()? })
    }

    /// What one has to know to use it, secrets included.
    pub fn card(&self) -> Card {
        let world = self.stage.world();
        let (org, edge, ids) = (world.org(), world.edge(), world.ids());
        let plain = |secret: &Secret| secret.expose().to_owned();
        let users = ids.users.iter().map(|(name, user)| UserCard {
            login: user.login.clone(),
            password: plain(&user.password),
            assigned: name == ASSIGNED,
        });
        let app = &ids.apps[APP];
        let administrator = &ids.accounts[ADMINISTRATOR];
        Card {
            okta: OktaCard {
                issuer: org.issuer(),
                admin_url: org.admin_url(),
                admin: Login {
                    login: org.administrator().login.clone(),
                    password: plain(&org.administrator().password),
                },
                api_token: plain(org.api_token()),
                client_id: app.id.to_string(),
                client_secret: plain(&app.secret),
                users: users.collect(),
            },
            edge: EdgeCard {
                domain: edge.model().domain().to_string(),
                https_addr: edge.https_addr().to_string(),
                agent_addr: edge.agent_addr().to_string(),
                api_url: edge.api_url(),
                api_key: plain(world.api_key()),
                dashboard_url: edge.dashboard_url(),
                admin: Login { login: administrator.email.clone(), password: plain(&administrator.password) },
                authtoken: plain(world.own_authtoken()),
            },
            ca_pem: self.trust_file.clone(),
            proxy: self.visitor.proxy.to_string(),
        }
    }

    /// The stage that it is.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Takes the world down.
    pub async fn strike(self) {
        self.stage.end().await;
    }
}

#[cfg(test)]
mod tests {
    use ground::Outbound;
    use ground::outbound::Route;
    use http::{Request, StatusCode};
    use serde_json::Value;

    use super::*;
    use crate::stage::People;

    async fn discovered(card: &Card, run: &Run, route: Route) -> Value {
        let tls = run.authority().client_config(&[b"http/1.1"]).unwrap();
        let outbound = Outbound::new(route, "127.0.0.1".parse().unwrap(), tls);
        let url = format!("{}/.well-known/openid-configuration", card.okta.issuer);
        let answer = outbound.send(Request::get(url).body(Default::default()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        serde_json::from_slice(answer.body()).unwrap()
    }

    #[tokio::test]
    async fn a_standing_world_is_reached_by_its_proxy() {
        let run = Run::start(People::Http, 1).unwrap();
        let standing = Standing::set(&run, &Names::IN_THE_NETWORK).await.unwrap();
        let card = standing.card();
        let metadata = discovered(&card, &run, Route::Proxy(card.proxy.parse().unwrap())).await;
        assert_eq!(metadata["issuer"], "https://acme.okta.test");
        assert!(std::fs::read_to_string(&card.ca_pem).unwrap().contains("BEGIN CERTIFICATE"));
        assert_eq!(card.okta.users.iter().filter(|user| user.assigned).count(), 1);
        assert_eq!(card.okta.users.len(), 2);
        standing.strike().await;
    }

    #[tokio::test]
    async fn on_loopback_it_is_reached_without_one() {
        let run = Run::start(People::Http, 1).unwrap();
        let standing = Standing::set(&run, &Names::ON_LOOPBACK).await.unwrap();
        let card = standing.card();
        let metadata = discovered(&card, &run, Route::Loopback).await;
        assert_eq!(metadata["issuer"], card.okta.issuer.as_str());
        assert!(card.okta.issuer.starts_with("https://acme.okta.localhost:"), "{}", card.okta.issuer);
        assert!(card.edge.dashboard_url.starts_with("https://dashboard.tunnel.localhost:"));
        standing.strike().await;
    }
}
