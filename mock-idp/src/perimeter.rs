//! Who asks, and who is turned away before anybody is identified.

use std::net::IpAddr;

use axum::response::{IntoResponse, Response};
use chrono::Utc;
use http::{HeaderMap, Method, StatusCode};

use crate::api::{ApiError, token_of};
use crate::model::{Actor, Entry, EventType, Model, OutcomeResult, Party};
use crate::rate_limit::{Caller, Standing};
use crate::site::Site;
use crate::web::{Visit, error_page};

/// More proxies than this stand behind one another nowhere.
const MOST_HOPS: usize = 20;

/// Whom a request is from: the peer, or, where a network zone trusts the peer as a proxy, whom its `X-Forwarded-For`
/// names, and so on. What anybody else says of addresses is not believed.
pub(crate) fn address_of(model: &Model, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut address = peer.to_canonical();
    let values = headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    for forwarded in named.into_iter().rev().take(MOST_HOPS) {
        if !model.is_trusted_proxy(address) {
            break;
        }
        let Ok(forwarded) = forwarded.parse::<IpAddr>() else { break };
        address = forwarded.to_canonical();
    }
    address
}

/// The refusal of whoever is refused because of the address alone.
pub(crate) fn turn_away(site: &Site, visit: &Visit, method: &Method) -> Option<Response> {
    let refused = is_blocked(site, visit) || is_suspected(site, visit, method);
    refused.then(|| forbidden(site, visit))
}

/// Whether an active blocklist names the address, whatever is asked for. (But for the files that the refusal's page
/// itself loads: a real org has them at another host.)
fn is_blocked(site: &Site, visit: &Visit) -> bool {
    if visit.uri.path().starts_with("/assets/") {
        return false;
    }
    let Some(zone) = site.model.blocklist_of(visit.address) else { return false };
    let entry = Entry::of(EventType::RequestBlocked).to(zone.party());
    let entry = entry.decided(OutcomeResult::Deny, None).with("requestUri", visit.uri.path());
    site.model.log(entry, &visit.cause(Actor::Address(visit.address)));
    true
}

/// Whether ThreatInsight refuses a request by which somebody would be identified.
fn is_suspected(site: &Site, visit: &Visit, method: &Method) -> bool {
    let path = visit.uri.path();
    identifies(method, path) && {
        let cause = visit.cause(Actor::Address(visit.address));
        site.model.is_refused(visit.address, path, &cause)
    }
}

/// The requests by which somebody is identified: where a password or another proof is given, and where a relying party
/// sends people to sign in. ThreatInsight looks at these.
fn identifies(method: &Method, path: &str) -> bool {
    let proofs =
        ["/signin", "/signin/verify", "/api/v1/authn", "/idp/idx/identify", "/idp/idx/challenge/answer"];
    let authorize = path.starts_with("/oauth2/") && path.ends_with("/v1/authorize");
    authorize || *method == Method::POST && proofs.contains(&path)
}

/// Counts the request against its caller's limit, and says where that one stands; the answer is there when it asked too
/// often.
pub(crate) fn count(site: &Site, visit: &Visit) -> (Option<Standing>, Option<Response>) {
    let token = token_of(&visit.headers, &site.model).map(|(token, _)| token);
    let caller = match &token {
        Some(token) => Caller::Token(token.id.clone()),
        None => Caller::Address(visit.address),
    };
    let standing = site.rate_limits.count(caller, visit.uri.path(), Utc::now());
    let Some(exceeded) = standing.filter(Standing::is_exceeded) else { return (standing, None) };
    if exceeded.is_first_exceeded() {
        let actor = match token {
            Some(token) => Actor::ApiToken { token: token.id, owner: token.owner },
            None => Actor::Address(visit.address),
        };
        let bucket = Party::new("URL Pattern", exceeded.bucket, "unknown", exceeded.bucket);
        let entry = Entry::of(EventType::RateLimitViolation).to(bucket);
        site.model.log(entry.decided(OutcomeResult::Deny, None), &visit.cause(actor));
    }
    (standing, Some(too_often(site, visit)))
}

fn too_often(site: &Site, visit: &Visit) -> Response {
    if is_for_programs(visit.uri.path()) {
        return ApiError::rate_limited().into_response();
    }
    let text = "API call exceeded rate limit due to too many requests.";
    error_page(site, StatusCode::TOO_MANY_REQUESTS, "Too Many Requests", text)
}

/// What Okta says to those whom it turns away, on a page or in JSON.
fn forbidden(site: &Site, visit: &Visit) -> Response {
    if is_for_programs(visit.uri.path()) {
        return ApiError::access_denied().into_response();
    }
    let text = "You do not have permission to perform the requested action.";
    error_page(site, StatusCode::FORBIDDEN, "Access Forbidden", text)
}

/// Whether programs ask here: they are told of mistakes and refusals in JSON.
pub(crate) fn is_for_programs(path: &str) -> bool {
    let pages = ["/v1/authorize", "/v1/logout"];
    let json = ["/api/", "/oauth2/", "/idp/", "/attack-protection/", "/.well-known/", "/gatewright/"];
    json.iter().any(|prefix| path.starts_with(prefix)) && !pages.iter().any(|page| path.ends_with(page))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cause, ZoneSettings, ZoneUsage};
    use crate::testing::{ADMIN, ORG, TestOrg};
    use http::HeaderValue;

    fn forwarded(values: &[&'static str]) -> HeaderMap {
        let pairs =
            values.iter().map(|value| ("x-forwarded-for".parse().unwrap(), HeaderValue::from_static(value)));
        pairs.collect()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn only_trusted_proxies_are_believed() {
        let org = TestOrg::new().await;
        let ask =
            |peer: &str, values: &[&'static str]| address_of(org.model(), address(peer), &forwarded(values));
        assert_eq!(ask("127.0.0.1", &["10.0.0.1"]), address("127.0.0.1"), "nobody is trusted");
        let proxies = vec!["127.0.0.0/30".parse().unwrap()];
        let settings = ZoneSettings { proxies, ..ZoneSettings::new("Proxies", Vec::new()) };
        org.model().create_zone(settings, &Cause::system()).unwrap();
        assert_eq!(ask("127.0.0.1", &["10.0.0.1"]), address("10.0.0.1"));
        assert_eq!(ask("::ffff:127.0.0.1", &["10.0.0.1"]), address("10.0.0.1"));
        assert_eq!(ask("127.0.0.9", &["10.0.0.1"]), address("127.0.0.9"));
        // What the client wrote itself stands left of what the first proxy wrote.
        assert_eq!(ask("127.0.0.1", &["6.6.6.6, 10.0.0.1, 127.0.0.2"]), address("10.0.0.1"));
        assert_eq!(ask("127.0.0.1", &["6.6.6.6", "10.0.0.1"]), address("10.0.0.1"));
        assert_eq!(ask("127.0.0.1", &["10.0.0.1, somebody"]), address("127.0.0.1"));
        assert_eq!(ask("127.0.0.1", &[]), address("127.0.0.1"));
    }

    #[tokio::test]
    async fn a_blocklist_keeps_out_on_both_hosts_before_anybody_is_identified() {
        let org = TestOrg::new().await;
        let mut ada = org.browser();
        ada.sign_in("ada@acme.test").await;
        let gateways = vec!["127.0.0.1".parse().unwrap()];
        let settings = ZoneSettings { usage: ZoneUsage::Blocklist, ..ZoneSettings::new("Blocked", gateways) };
        let zone = org.model().create_zone(settings, &Cause::system()).unwrap();
        let pages =
            ["/", "/signin", "/app/UserHome", "/oauth2/v1/authorize"].map(|path| format!("{ORG}{path}"));
        for url in pages.into_iter().chain([format!("{ADMIN}/admin/dashboard")]) {
            let answer = ada.get(&url).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{url}");
            let sentence = "You do not have permission to perform the requested action.";
            assert!(answer.body.contains(sentence), "{url}");
        }
        assert_eq!(ada.get(&format!("{ORG}/assets/org.css")).await.status, StatusCode::OK);
        for path in ["/oauth2/v1/token", "/api/v1/users/me", "/.well-known/openid-configuration"] {
            let refused = ada.get(&format!("{ORG}{path}")).await;
            let expected = "403 E0000006 You do not have permission to perform the requested action";
            assert_eq!(refused.api_error(), expected, "{path}");
        }
        let events = org.model().log_events(&Default::default()).items;
        let blocked: Vec<_> =
            events.iter().filter(|event| event.event_type == EventType::RequestBlocked).collect();
        assert_eq!(blocked.len(), 8);
        let (actor, target) = (&blocked[0].actor, &blocked[0].target[0]);
        assert_eq!((actor.kind, actor.id.as_str()), ("IP address", "127.0.0.1"));
        assert_eq!((target.id.as_str(), target.kind), (zone.id.as_str(), "NetworkZone"));
        assert_eq!(blocked[0].outcome.result, OutcomeResult::Deny);
        org.model().set_zone_status(&zone.id, crate::model::ZoneStatus::Inactive, &Cause::system()).unwrap();
        assert_eq!(ada.get(&format!("{ORG}/app/UserHome")).await.status, StatusCode::OK);
    }
}
