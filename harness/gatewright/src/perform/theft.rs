//! Sessions at a gate as a browser has them, and what can be done to their cookies.

use crate::people::Cookie as KeptCookie;
use crate::stage::World;
use crate::vocabulary::{Cookie, CookieTheft, StepError, TunnelName};

/// The gate's session cookie, and what the names of all its cookies begin with.
const SESSION_COOKIE: &str = "__Host-gate-session";
const GATE_COOKIES: &str = "__Host-gate-";

impl World {
    pub(super) async fn has_session(
        &self,
        who: &str,
        tunnel: &TunnelName,
        expected: bool,
    ) -> Result<(), StepError> {
        let url = self.tunnel_url(tunnel.as_str())?;
        let session = self.session_cookie(who, &url).await?;
        let live = session
            .and_then(|cookie| self.edge().model().app_session_of(cookie.value.expose()))
            .is_some_and(|session| session.endpoint.origin() == url);
        let words = |has: bool| if has { "a live session" } else { "no live session" };
        match live == expected {
            true => Ok(()),
            false => Err(StepError::unmet(format!("{who} has {} at {tunnel}", words(live)))
                .compared(words(expected), words(live))),
        }
    }

    pub(super) async fn steals_cookies(&self, who: &str, theft: &CookieTheft) -> Result<(), StepError> {
        let (from, to) = (&theft.at, theft.to.as_ref().unwrap_or(&theft.at));
        let (from, to) = (self.tunnel_url(from.as_str())?, self.tunnel_url(to.as_str())?);
        let victim = theft.from.as_str();
        let cookies = self.did(victim, self.driver(victim).await?.cookies(&from).await)?;
        let stolen: Vec<_> = cookies.iter().filter(|cookie| cookie.name.starts_with(GATE_COOKIES)).collect();
        if stolen.is_empty() {
            let what = format!("{victim} has no cookie of the gate at {} to steal", theft.at);
            return Err(StepError::unmet(what));
        }
        for cookie in stolen {
            self.plants(who, &to, &cookie.name, cookie.value.expose()).await?;
        }
        Ok(())
    }

    pub(super) async fn sets_a_cookie(&self, who: &str, cookie: &Cookie) -> Result<(), StepError> {
        let url = self.tunnel_url(cookie.at.as_str())?;
        self.plants(who, &url, &self.fill(&cookie.name)?, &self.fill(&cookie.value)?).await
    }

    pub(super) async fn tampers(&self, who: &str, tunnel: &TunnelName) -> Result<(), StepError> {
        let url = self.tunnel_url(tunnel.as_str())?;
        let Some(session) = self.session_cookie(who, &url).await? else {
            return Err(StepError::unmet(format!("{who} has no session cookie at {tunnel} to tamper with")));
        };
        let mut value = session.value.expose().to_owned();
        let last = value.pop();
        value.push(if last == Some('A') { 'B' } else { 'A' });
        self.plants(who, &url, SESSION_COOKIE, &value).await
    }

    async fn session_cookie(&self, who: &str, url: &str) -> Result<Option<KeptCookie>, StepError> {
        let cookies = self.did(who, self.driver(who).await?.cookies(url).await)?;
        Ok(cookies.into_iter().find(|cookie| cookie.name == SESSION_COOKIE))
    }

    async fn plants(&self, who: &str, url: &str, name: &str, value: &str) -> Result<(), StepError> {
        let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let cookie = KeptCookie::new(host.unwrap_or_default(), name, value);
        self.did(who, self.driver(who).await?.set_cookie(url, &cookie).await)
    }
}
