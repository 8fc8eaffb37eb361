//! The values that templates stand for.

use ground::Secret;

use super::world::{EdgeAccount, OrgApp, OrgUser, World};
use crate::vocabulary::{
    AccountPart, AgentPart, AppPart, EdgePart, EdgeServerPart, OktaPart, Reference, RememberedPart,
    StepError, TunnelPart, UpstreamPart, UserPart,
};

impl World {
    /// What a reference stands for now.
    pub(crate) fn value(&self, reference: &Reference) -> Result<String, StepError> {
        Ok(match reference {
            Reference::Tunnel(name, part) => {
                let url = self.tunnel_url(name.as_str())?;
                match part {
                    TunnelPart::Url => url,
                    TunnelPart::Host => super::set::host_of(&url).to_owned(),
                }
            }
            Reference::Edge(name, part) => {
                let edge = self.ids.edges.get(name.as_str()).ok_or_else(|| none(reference))?;
                match part {
                    EdgePart::Url => edge.url.clone(),
                    EdgePart::Id => edge.id.clone(),
                }
            }
            Reference::User(name, part) => {
                let OrgUser { id, login, email, name, password } =
                    self.ids.users.get(name.as_str()).ok_or_else(|| none(reference))?;
                match part {
                    UserPart::Login => login.clone(),
                    UserPart::Email => email.clone(),
                    UserPart::Name => name.clone(),
                    UserPart::Password => password.expose().to_owned(),
                    UserPart::Id => id.to_string(),
                }
            }
            Reference::Okta(part) => match part {
                OktaPart::Issuer => self.org.issuer(),
                OktaPart::Admin => self.org.admin_url(),
                OktaPart::Dashboard => format!("{}/app/UserHome", self.org.issuer()),
                OktaPart::ApiToken => self.org.api_token().expose().to_owned(),
            },
            Reference::App(name, part) => {
                let OrgApp { id, label, secret } =
                    self.ids.apps.get(name.as_str()).ok_or_else(|| none(reference))?;
                match part {
                    AppPart::Id | AppPart::ClientId => id.to_string(),
                    AppPart::Label => label.clone(),
                    AppPart::ClientSecret => secret.expose().to_owned(),
                }
            }
            Reference::EdgeServer(part) => {
                let edge = self.edge();
                match part {
                    EdgeServerPart::Dashboard => edge.dashboard_url(),
                    EdgeServerPart::Api => edge.api_url(),
                    EdgeServerPart::ApiKey => self.api_key().expose().to_owned(),
                    EdgeServerPart::Domain => edge.model().domain().to_string(),
                    EdgeServerPart::RedirectUri => edge.redirect_uri().to_owned(),
                }
            }
            Reference::Account(name, part) => {
                let EdgeAccount { email, password, authtoken, .. } =
                    self.ids.accounts.get(name.as_str()).ok_or_else(|| none(reference))?;
                match part {
                    AccountPart::Email => email.clone(),
                    AccountPart::Password => password.expose().to_owned(),
                    AccountPart::Authtoken => authtoken.expose().to_owned(),
                }
            }
            Reference::Upstream(name, part) => {
                let address = self.upstream_address(name.as_str()).ok_or_else(|| none(reference))?;
                match part {
                    UpstreamPart::Address => address.to_string(),
                    UpstreamPart::Port => address.port().to_string(),
                }
            }
            Reference::Agent(name, AgentPart::Url) => self.agents.url(name.as_str()).ok_or_else(|| {
                StepError::unmet(format!("agent {name} has printed no URL next to \"Forwarding\""))
            })?,
            Reference::Copied(name, _) => {
                self.kept().copied.get(name.as_str()).cloned().ok_or_else(|| none(reference))?
            }
            Reference::Remembered(name, part) => {
                let url =
                    self.kept().remembered.get(name.as_str()).cloned().ok_or_else(|| none(reference))?;
                match part {
                    RememberedPart::Text => url,
                    RememberedPart::Code => parameter(&url, "code").ok_or_else(|| none(reference))?,
                    RememberedPart::State => parameter(&url, "state").ok_or_else(|| none(reference))?,
                }
            }
        })
    }

    /// A tunnel's public URL: of a tunnel of the beginning, or what an agent that a step started has printed.
    pub(crate) fn tunnel_url(&self, name: &str) -> Result<String, StepError> {
        let url = self.ids.tunnels.get(name).cloned().or_else(|| self.agents.url(name));
        url.ok_or_else(|| StepError::unmet(format!("there is no tunnel {name}")))
    }

    /// The key of the control API that the stage's own account has.
    pub(crate) fn api_key(&self) -> &Secret {
        &self.edge_config.accounts[0].api_keys[0]
    }
}

/// A parameter of a URL's query, decoded.
fn parameter(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    url.query_pairs().find(|(member, _)| member == name).map(|(_, value)| value.into_owned())
}

fn none(reference: &Reference) -> StepError {
    StepError::unmet(format!("there is no `{{{reference}}}` on this stage"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_the_first_of_its_name_decoded() {
        let url = "https://idp.tunnel.test/oauth2/callback?code=a%2Bb&state=s&code=c";
        assert_eq!(parameter(url, "code").as_deref(), Some("a+b"));
        assert_eq!(parameter(url, "state").as_deref(), Some("s"));
        assert_eq!(parameter(url, "iss"), None);
    }
}
