//! Requests with cookies, redirects and evidence, as a browser makes them.

use bytes::Bytes;
use chrono::Utc;
use ground::outbound::OutboundError;
use ground::{Outbound, Sink};
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, LOCATION, ORIGIN, REFERER,
    SET_COOKIE, USER_AGENT,
};
use http::{Method, Request, Response, StatusCode};
use url::Url;

use super::jar::{Asking, Jar, same_site};
use crate::browser::{self, Event, Hop, Kind, RequestId, TabId};

/// Browsers give up after twenty.
const MOST_REDIRECTS: usize = 20;

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Bytes>,
    /// Headers beyond those that are always there.
    pub(super) headers: HeaderMap,
    /// The page that asks; none if the person does, by the address bar.
    pub(super) initiator: Option<Url>,
    pub(super) kind: Kind,
}

/// What came, after all redirects.
pub(super) struct Arrived {
    /// What was asked for last: a reload asks for it again.
    pub(super) asked: Asked,
    pub(super) hops: Vec<Hop>,
    pub(super) body: Bytes,
}

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("more than {MOST_REDIRECTS} redirects")]
    Redirects,
    #[error("it redirects to `{0}`, which is no URL")]
    Location(String),
    #[error("it redirects to another origin, which a page's script may not follow")]
    OtherOrigin,
    #[error("{0} can't be part of a request")]
    Unsendable(&'static str),
}

/// Who asks: one tab of one profile.
pub(super) struct Asker<'a> {
    pub(super) outbound: &'a Outbound,
    pub(super) evidence: &'a Sink<Event>,
    pub(super) jar: &'a mut Jar,
    pub(super) tab: TabId,
    pub(super) id: RequestId,
}

impl Asker<'_> {
    /// Asks, and goes where redirects lead.
    pub(super) async fn ask(&mut self, mut asked: Asked) -> Result<Arrived, (Url, Lost)> {
        let _busy = self.evidence.busy();
        let mut hops = Vec::new();
        let mut cross_site = false;
        loop {
            cross_site |= asked.initiator.as_ref().is_some_and(|from| !same_site(from, &asked.url));
            let response = self.ask_once(&asked, cross_site, &mut hops).await;
            let response = response.map_err(|lost| (asked.url.clone(), lost))?;
            match next(&asked, &response) {
                Ok(Some(next)) if hops.len() <= MOST_REDIRECTS => asked = next,
                Ok(Some(_)) => return Err(self.failed(&asked, Lost::Redirects)),
                Ok(None) => {
                    let body = response.into_body();
                    self.evidence
                        .emit(Event::Finished { request: self.id.clone(), bytes: body.len() as u64 });
                    return Ok(Arrived { asked, hops, body });
                }
                Err(lost) => return Err(self.failed(&asked, lost)),
            }
        }
    }

    async fn ask_once(
        &mut self,
        asked: &Asked,
        cross_site: bool,
        hops: &mut Vec<Hop>,
    ) -> Result<Response<Bytes>, Lost> {
        let navigation = asked.kind == Kind::Document;
        let url = without_fragment(&asked.url);
        let request = self.request(asked, cross_site)?;
        let request_headers = request.headers().clone();
        self.evidence.emit(Event::Request(browser::Request {
            id: self.id.clone(),
            tab: self.tab.clone(),
            kind: asked.kind,
            navigation,
            method: asked.method.clone(),
            url: url.clone(),
        }));
        let response = match self.outbound.send(request).await {
            Ok(response) => response,
            Err(error) => return Err(self.failed(asked, error.into()).1),
        };
        for field in response.headers().get_all(SET_COOKIE) {
            self.jar.store(&asked.url, &String::from_utf8_lossy(field.as_bytes()), Utc::now());
        }
        let hop = Hop {
            method: asked.method.clone(),
            url,
            request_headers,
            status: response.status(),
            response_headers: response.headers().clone(),
        };
        hops.push(hop.clone());
        self.evidence.emit(Event::Response(browser::Response {
            id: self.id.clone(),
            tab: self.tab.clone(),
            kind: asked.kind,
            navigation,
            hop,
            version: Some(response.version()),
            remote: None,
            from_cache: false,
        }));
        Ok(response)
    }

    fn request(&self, asked: &Asked, cross_site: bool) -> Result<Request<Bytes>, Lost> {
        let navigation = asked.kind == Kind::Document;
        let safe = matches!(asked.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
        let asking = match (cross_site, navigation && safe) {
            (false, _) => Asking::SameSite,
            (true, true) => Asking::CrossSiteNavigation,
            (true, false) => Asking::CrossSite,
        };
        let mut request = Request::new(asked.body.clone().unwrap_or_default());
        *request.method_mut() = asked.method.clone();
        *request.uri_mut() =
            without_fragment(&asked.url).parse().map_err(|_| Lost::Unsendable("this URL"))?;
        let headers = request.headers_mut();
        headers.extend(context(asked, cross_site));
        headers.extend(asked.headers.clone());
        if let Some(cookies) = self.jar.field(&asked.url, asking, Utc::now()) {
            let field = HeaderValue::from_str(&cookies).map_err(|_| Lost::Unsendable("a cookie"))?;
            headers.insert(COOKIE, field);
        }
        Ok(request)
    }

    fn failed(&self, asked: &Asked, lost: Lost) -> (Url, Lost) {
        self.evidence.emit(Event::Failed(browser::Failed {
            request: self.id.clone(),
            tab: self.tab.clone(),
            navigation: asked.kind == Kind::Document,
            url: without_fragment(&asked.url),
            reason: lost.to_string(),
            canceled: false,
        }));
        (asked.url.clone(), lost)
    }
}

/// What browsers tell of themselves and of where a request comes from (Fetch Metadata, 2).
fn context(asked: &Asked, cross_site: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut say = |name: &'static str, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    let navigation = asked.kind == Kind::Document;
    say(
        "sec-fetch-site",
        match &asked.initiator {
            None => "none",
            Some(_) if cross_site => "cross-site",
            Some(from) if from.origin() == asked.url.origin() => "same-origin",
            Some(_) => "same-site",
        },
    );
    say("sec-fetch-mode", if navigation { "navigate" } else { "cors" });
    say("sec-fetch-dest", if navigation { "document" } else { "empty" });
    say(USER_AGENT.as_str(), concat!("Mozilla/5.0 (compatible; Gatewright/", env!("CARGO_PKG_VERSION"), ")"));
    say(ACCEPT_LANGUAGE.as_str(), "en-US,en;q=0.9");
    if navigation {
        say("sec-fetch-user", "?1");
        say("upgrade-insecure-requests", "1");
        say(ACCEPT.as_str(), "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    } else {
        say(ACCEPT.as_str(), "*/*");
    }
    let Some(from) = &asked.initiator else { return headers };
    let origin = from.origin().ascii_serialization();
    if asked.method != Method::GET
        && asked.method != Method::HEAD
        && let Ok(origin) = HeaderValue::from_str(&origin)
    {
        headers.insert(ORIGIN, origin);
    }
    // strict-origin-when-cross-origin, what browsers do unless told otherwise.
    let referrer =
        if from.origin() == asked.url.origin() { without_fragment(from) } else { format!("{origin}/") };
    if let Ok(referrer) = HeaderValue::from_str(&referrer) {
        headers.insert(REFERER, referrer);
    }
    headers
}

/// Where a redirect leads (Fetch, 4.4).
fn next(asked: &Asked, response: &Response<Bytes>) -> Result<Option<Asked>, Lost> {
    let status = response.status();
    let (true, Some(location)) = (is_redirect(status), response.headers().get(LOCATION)) else {
        return Ok(None);
    };
    let location = String::from_utf8_lossy(location.as_bytes());
    let mut url = asked.url.join(&location).map_err(|_| Lost::Location(location.into_owned()))?;
    if url.fragment().is_none() {
        url.set_fragment(asked.url.fragment());
    }
    if asked.kind != Kind::Document && url.origin() != asked.url.origin() {
        return Err(Lost::OtherOrigin);
    }
    let mut next = Asked { url, ..asked.clone() };
    let post_becomes_get =
        matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND) && asked.method == Method::POST;
    let see_other =
        status == StatusCode::SEE_OTHER && asked.method != Method::GET && asked.method != Method::HEAD;
    if post_becomes_get || see_other {
        next.method = Method::GET;
        next.body = None;
        next.headers.remove(CONTENT_TYPE);
    }
    Ok(Some(next))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, kind: Kind) -> Asked {
        Asked {
            method,
            url: "https://a.tunnel.test/x#part".parse().unwrap(),
            body: Some(Bytes::from_static(b"b")),
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/plain"))]),
            initiator: None,
            kind,
        }
    }

    fn redirected(status: u16, location: &str, asked: &Asked) -> Result<Option<Asked>, Lost> {
        let response =
            Response::builder().status(status).header(LOCATION, location).body(Bytes::new()).unwrap();
        next(asked, &response)
    }

    #[test]
    fn redirects_keep_or_change_the_method_as_browsers_do() {
        for (status, method, then, with_body) in [
            (301, Method::POST, Method::GET, false),
            (302, Method::POST, Method::GET, false),
            (302, Method::PUT, Method::PUT, true),
            (303, Method::PUT, Method::GET, false),
            (303, Method::HEAD, Method::HEAD, true),
            (307, Method::POST, Method::POST, true),
            (308, Method::POST, Method::POST, true),
        ] {
            let next = redirected(status, "/y", &asked(method, Kind::Document)).unwrap().unwrap();
            assert_eq!((next.method, next.body.is_some()), (then, with_body), "{status}");
            assert_eq!(next.headers.contains_key(CONTENT_TYPE), with_body);
            assert_eq!(next.url.as_str(), "https://a.tunnel.test/y#part");
        }
        assert!(redirected(200, "/y", &asked(Method::GET, Kind::Document)).unwrap().is_none());
        assert!(redirected(304, "/y", &asked(Method::GET, Kind::Document)).unwrap().is_none());
        assert!(matches!(
            redirected(302, "https://", &asked(Method::GET, Kind::Document)),
            Err(Lost::Location(_))
        ));
    }

    #[test]
    fn a_script_is_not_led_to_another_origin() {
        let outcome = redirected(302, "https://acme.okta.test/", &asked(Method::GET, Kind::Fetch));
        assert!(matches!(outcome, Err(Lost::OtherOrigin)));
        assert!(redirected(302, "/y", &asked(Method::GET, Kind::Fetch)).unwrap().is_some());
    }

    #[test]
    fn requests_tell_where_they_come_from() {
        let navigation = context(&asked(Method::GET, Kind::Document), false);
        assert_eq!(
            (&navigation["sec-fetch-site"], &navigation["sec-fetch-mode"]),
            (&"none".parse().unwrap(), &"navigate".parse().unwrap())
        );
        assert!(!navigation.contains_key(ORIGIN) && !navigation.contains_key(REFERER));
        let from = Some("https://acme.okta.test/sign-in?secret#x".parse().unwrap());
        let posted = context(&Asked { initiator: from, ..asked(Method::POST, Kind::Document) }, true);
        assert_eq!(posted["sec-fetch-site"], "cross-site");
        assert_eq!(
            (&posted[ORIGIN], &posted[REFERER]),
            (&"https://acme.okta.test".parse().unwrap(), &"https://acme.okta.test/".parse().unwrap())
        );
        let from = Some("https://a.tunnel.test/page?q#x".parse().unwrap());
        let fetched = context(&Asked { initiator: from, ..asked(Method::GET, Kind::Fetch) }, false);
        assert_eq!(
            (&fetched["sec-fetch-site"], &fetched[REFERER]),
            (&"same-origin".parse().unwrap(), &"https://a.tunnel.test/page?q".parse().unwrap())
        );
    }
}
