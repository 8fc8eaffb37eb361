//! Puts the pieces of each request together. DevTools tell of one request in several events: what was meant to be sent
//! and what came of it in one set, what really went over the wire (cookies, `Set-Cookie`) in another, in no certain
//! order between the two, and one name for a whole chain of redirects.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use ground::evidence::Busy;
use http::{HeaderMap, Method, StatusCode, Version};

use super::heard::{
    ExtraInfo, LoadingFailed, LoadingFinished, RequestWillBeSent, ResponseHead, ResponseReceived, headers,
    status,
};
use crate::browser::cdp::SessionId;
use crate::browser::event::{Event, Failed, Hop, Kind, Request, RequestId, Response, TabId};

/// The requests of one profile that are not through yet.
#[derive(Default)]
pub(super) struct Requests {
    open: HashMap<RequestId, Open>,
    /// What came before the request it belongs to.
    early: HashMap<RequestId, Extras>,
}

/// What marks a profile and its stage as busy.
pub(super) type InFlight = [Busy; 2];

struct Open {
    tab: TabId,
    session: SessionId,
    kind: Kind,
    navigation: bool,
    /// In which frame, and which document there, it was asked for.
    asker: (Option<String>, String),
    /// What was asked for last.
    url: String,
    /// Those that are not told in full, the first in front.
    hops: VecDeque<Half>,
    extras: Extras,
    end: Option<End>,
    in_flight: Option<InFlight>,
}

struct Half {
    method: Method,
    url: String,
    headers: HeaderMap,
    announced: bool,
    answer: Option<Answer>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    version: Option<Version>,
    remote: Option<SocketAddr>,
    from_cache: bool,
    /// Whether an [`ExtraInfo`] comes for it.
    has_extra: bool,
}

#[derive(Default)]
struct Extras {
    requests: VecDeque<HeaderMap>,
    responses: VecDeque<(Option<StatusCode>, HeaderMap)>,
}

enum End {
    Finished { bytes: u64 },
    Failed { reason: String, canceled: bool },
}

/// More than this many are a flood of events about requests that were never told of.
const MAX_EARLY: usize = 1000;

impl Requests {
    /// A request is about to leave, the first or, by a redirect, the next.
    pub(super) fn will_be_sent(
        &mut self,
        (tab, session): (&TabId, &SessionId),
        sent: RequestWillBeSent,
        in_flight: InFlight,
        tell: &mut dyn FnMut(Event),
    ) {
        let (kind, method) = (sent.kind(), sent.request.method());
        let navigation = kind == Kind::Document && sent.frame_id.as_deref() == Some(&tab.0);
        let id = RequestId(sent.request_id);
        let half = Half {
            method,
            url: sent.request.url,
            headers: headers(&sent.request.headers),
            announced: false,
            answer: None,
        };
        let early = &mut self.early;
        let open = self.open.entry(id.clone()).or_insert_with(|| Open {
            tab: tab.clone(),
            session: session.clone(),
            kind,
            navigation,
            asker: (sent.frame_id, sent.loader_id),
            url: String::new(),
            hops: VecDeque::new(),
            extras: early.remove(&id).unwrap_or_default(),
            end: None,
            // A stream goes on for as long as it likes.
            in_flight: (kind != Kind::EventSource).then_some(in_flight),
        });
        if let (Some(redirect), Some(hop)) = (&sent.redirect_response, open.hops.back_mut()) {
            hop.answer = Some(Answer::of(redirect, sent.redirect_has_extra_info));
        }
        open.url.clone_from(&half.url);
        open.hops.push_back(half);
        self.tell_about(&id, tell);
    }

    pub(super) fn answered(&mut self, received: &ResponseReceived, tell: &mut dyn FnMut(Event)) {
        let id = RequestId(received.request_id.clone());
        let Some(open) = self.open.get_mut(&id) else { return };
        if let Some(hop) = open.hops.back_mut() {
            hop.answer = Some(Answer::of(&received.response, received.has_extra_info));
        }
        self.tell_about(&id, tell);
    }

    pub(super) fn request_extra(&mut self, info: ExtraInfo, tell: &mut dyn FnMut(Event)) {
        let id = RequestId(info.request_id);
        let headers = headers(&info.headers);
        if let Some(extras) = self.extras(&id) {
            extras.requests.push_back(headers);
        }
        self.tell_about(&id, tell);
    }

    pub(super) fn response_extra(&mut self, info: ExtraInfo, tell: &mut dyn FnMut(Event)) {
        let id = RequestId(info.request_id);
        let extra = (info.status_code.map(status), headers(&info.headers));
        if let Some(extras) = self.extras(&id) {
            extras.responses.push_back(extra);
        }
        self.tell_about(&id, tell);
    }

    pub(super) fn finished(&mut self, finished: LoadingFinished, tell: &mut dyn FnMut(Event)) {
        // A length in bytes, in JavaScript's only kind of number.
        let end = End::Finished { bytes: finished.encoded_data_length.max(0.0) as u64 };
        self.end(&RequestId(finished.request_id), end, tell);
    }

    pub(super) fn failed(&mut self, failed: LoadingFailed, tell: &mut dyn FnMut(Event)) {
        let end = End::Failed { reason: failed.reason(), canceled: failed.canceled };
        self.end(&RequestId(failed.request_id), end, tell);
    }

    /// The session that told of these requests is over: nothing more will be heard of them.
    pub(super) fn session_over(&mut self, session: &SessionId, tell: &mut dyn FnMut(Event)) {
        self.give_up(|open| open.session == *session, tell);
    }

    /// Another document is in a frame. What the one before asked for is given up, and of a request that was just being
    /// finished nothing more may be heard.
    pub(super) fn document_replaced(&mut self, frame: &str, by: &str, tell: &mut dyn FnMut(Event)) {
        let of_another = |open: &Open| {
            let (asked_in, document) = &open.asker;
            open.kind != Kind::Document && asked_in.as_deref() == Some(frame) && document != by
        };
        self.give_up(of_another, tell);
    }

    fn give_up(&mut self, which: impl Fn(&Open) -> bool, tell: &mut dyn FnMut(Event)) {
        let given_up = self.open.iter().filter(|(_, open)| which(open));
        let ids: Vec<_> = given_up.map(|(id, _)| id.clone()).collect();
        for id in ids {
            if let Some(open) = self.open.get_mut(&id) {
                let gone = || End::Failed { reason: "the page is gone".into(), canceled: true };
                open.end.get_or_insert_with(gone);
                open.in_flight = None;
                open.expect_no_more();
            }
            self.tell_about(&id, tell);
        }
    }

    fn extras(&mut self, id: &RequestId) -> Option<&mut Extras> {
        if let Some(open) = self.open.get_mut(id) {
            return Some(&mut open.extras);
        }
        (self.early.len() < MAX_EARLY).then(|| self.early.entry(id.clone()).or_default())
    }

    fn end(&mut self, id: &RequestId, end: End, tell: &mut dyn FnMut(Event)) {
        let Some(open) = self.open.get_mut(id) else { return };
        open.end = Some(end);
        open.in_flight = None;
        self.tell_about(id, tell);
    }

    /// Tells, in order, what is known in full, and forgets what is told to its end.
    fn tell_about(&mut self, id: &RequestId, tell: &mut dyn FnMut(Event)) {
        let Some(open) = self.open.get_mut(id) else { return };
        if open.tell(id, tell) {
            self.open.remove(id);
        }
    }
}

impl Open {
    /// Tells what is known in full; whether that is all there will be.
    fn tell(&mut self, id: &RequestId, tell: &mut dyn FnMut(Event)) -> bool {
        while let Some(hop) = self.hops.front_mut() {
            if !hop.announced {
                hop.announced = true;
                tell(Event::Request(Request {
                    id: id.clone(),
                    tab: self.tab.clone(),
                    kind: self.kind,
                    navigation: self.navigation,
                    method: hop.method.clone(),
                    url: hop.url.clone(),
                }));
            }
            let Some(answer) = &hop.answer else { break };
            if answer.has_extra && self.extras.responses.is_empty() {
                return false;
            }
            if let Some(hop) = self.hops.pop_front() {
                self.tell_hop(id, hop, tell);
            }
        }
        match self.end.take() {
            None => false,
            Some(End::Finished { bytes }) => {
                tell(Event::Finished { request: id.clone(), bytes });
                true
            }
            Some(End::Failed { reason, canceled }) => {
                let (request, tab, url) = (id.clone(), self.tab.clone(), self.url.clone());
                let navigation = self.navigation;
                tell(Event::Failed(Failed { request, tab, navigation, url, reason, canceled }));
                true
            }
        }
    }

    fn tell_hop(&mut self, id: &RequestId, hop: Half, tell: &mut dyn FnMut(Event)) {
        let Some(answer) = hop.answer else { return };
        let (mut request_headers, mut status, mut response_headers) =
            (hop.headers, answer.status, answer.headers);
        if answer.has_extra {
            if let Some(headers) = self.extras.requests.pop_front() {
                request_headers = headers;
            }
            if let Some((code, headers)) = self.extras.responses.pop_front() {
                status = code.unwrap_or(status);
                response_headers = headers;
            }
        }
        let (method, url) = (hop.method, hop.url);
        tell(Event::Response(Response {
            id: id.clone(),
            tab: self.tab.clone(),
            kind: self.kind,
            navigation: self.navigation,
            hop: Hop { method, url, request_headers, status, response_headers },
            version: answer.version,
            remote: answer.remote,
            from_cache: answer.from_cache,
        }));
    }

    fn expect_no_more(&mut self) {
        for hop in &mut self.hops {
            if let Some(answer) = &mut hop.answer {
                answer.has_extra = false;
            }
        }
    }
}

impl Answer {
    fn of(head: &ResponseHead, has_extra: bool) -> Self {
        Self {
            status: status(head.status),
            headers: headers(&head.headers),
            version: head.version(),
            remote: head.remote(),
            from_cache: head.from_disk_cache,
            has_extra,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ground::evidence::Activity;
    use serde_json::{Value, json};

    #[derive(Default)]
    struct Scene {
        requests: Requests,
        activity: Activity,
        told: Vec<Event>,
    }

    impl Scene {
        fn hear(&mut self, method: &str, params: Value) {
            let (tab, session) = (TabId("T".into()), SessionId("S".into()));
            let in_flight = [self.activity.busy(), self.activity.busy()];
            let Self { requests, told, .. } = self;
            let mut tell = |event| told.push(event);
            match method {
                "sent" => {
                    let sent = serde_json::from_value(params).unwrap();
                    requests.will_be_sent((&tab, &session), sent, in_flight, &mut tell);
                }
                "answered" => requests.answered(&serde_json::from_value(params).unwrap(), &mut tell),
                "request extra" => requests.request_extra(serde_json::from_value(params).unwrap(), &mut tell),
                "response extra" => {
                    requests.response_extra(serde_json::from_value(params).unwrap(), &mut tell);
                }
                "finished" => requests.finished(serde_json::from_value(params).unwrap(), &mut tell),
                "failed" => requests.failed(serde_json::from_value(params).unwrap(), &mut tell),
                "replaced" => requests.document_replaced("T", params.as_str().unwrap(), &mut tell),
                "over" => requests.session_over(&session, &mut tell),
                other => panic!("{other}"),
            }
        }

        /// What was told, a line an event.
        fn lines(&self) -> Vec<String> {
            let line = |event: &Event| match event {
                Event::Request(request) => format!("{} {}", request.method, request.url),
                Event::Response(response) => {
                    let set = response.hop.response_headers.get_all("set-cookie").iter().count();
                    let sent =
                        response.hop.request_headers.get("cookie").map_or("-", |v| v.to_str().unwrap());
                    format!("{} {} cookie {sent} sets {set}", response.hop.status.as_u16(), response.hop.url)
                }
                Event::Finished { bytes, .. } => format!("finished {bytes}"),
                Event::Failed(failed) => format!("failed {} {}", failed.url, failed.reason),
                other => format!("{other:?}"),
            };
            self.told.iter().map(line).collect()
        }
    }

    fn sent(url: &str, redirected: bool) -> Value {
        let mut sent = json!({
            "requestId": "1", "type": "Document", "frameId": "T",
            "request": { "url": url, "method": "GET", "headers": {} },
        });
        if redirected {
            sent["redirectResponse"] = json!({ "status": 302, "headers": { "location": url } });
            sent["redirectHasExtraInfo"] = json!(true);
        }
        sent
    }

    #[test]
    fn a_chain_is_told_in_order_though_what_really_went_comes_before_or_after() {
        let mut scene = Scene::default();
        scene
            .hear("request extra", json!({ "requestId": "1", "headers": { ":path": "/", "cookie": "a=1" } }));
        scene.hear("sent", sent("https://a.test/", false));
        assert_eq!(scene.activity.in_flight(), 2);
        scene.hear("sent", sent("https://b.test/", true));
        assert_eq!(scene.lines(), ["GET https://a.test/"], "the first answer is not known in full");
        scene.hear(
            "response extra",
            json!({ "requestId": "1", "statusCode": 302, "headers": { "set-cookie": "x=1\ny=2" } }),
        );
        scene.hear(
            "answered",
            json!({ "requestId": "1", "hasExtraInfo": true, "response": { "status": 200, "headers": {} } }),
        );
        scene.hear("finished", json!({ "requestId": "1", "encodedDataLength": 12.0 }));
        assert_eq!(scene.activity.in_flight(), 0);
        scene.hear("request extra", json!({ "requestId": "1", "headers": { "cookie": "b=2" } }));
        scene.hear("response extra", json!({ "requestId": "1", "statusCode": 200, "headers": {} }));
        assert_eq!(
            scene.lines(),
            [
                "GET https://a.test/",
                "302 https://a.test/ cookie a=1 sets 2",
                "GET https://b.test/",
                "200 https://b.test/ cookie b=2 sets 0",
                "finished 12",
            ]
        );
        assert!(scene.requests.open.is_empty());
        assert!(scene.told.iter().all(|event| !matches!(event, Event::Response(r) if !r.navigation)));
    }

    #[test]
    fn a_failure_names_what_was_asked_and_frees_the_stage() {
        let mut scene = Scene::default();
        scene.hear("sent", sent("https://a.test/", false));
        scene.hear(
            "failed",
            json!({ "requestId": "1", "errorText": "net::ERR_CERT_COMMON_NAME_INVALID", "canceled": false }),
        );
        assert_eq!(scene.activity.in_flight(), 0);
        assert_eq!(
            scene.lines(),
            ["GET https://a.test/", "failed https://a.test/ net::ERR_CERT_COMMON_NAME_INVALID"]
        );
    }

    #[test]
    fn what_a_document_asked_for_ends_with_it() {
        let mut scene = Scene::default();
        let mut fetch = sent("https://a.test/data", false);
        fetch["type"] = json!("Fetch");
        fetch["loaderId"] = json!("first");
        scene.hear("sent", fetch);
        scene.hear("replaced", json!("first"));
        assert_eq!(scene.lines(), ["GET https://a.test/data"]);
        scene.hear("replaced", json!("second"));
        let ended = ["GET https://a.test/data", "failed https://a.test/data the page is gone"];
        assert_eq!(scene.lines(), ended);
        assert_eq!(scene.activity.in_flight(), 0);
    }

    #[test]
    fn when_a_page_goes_its_requests_end() {
        let mut scene = Scene::default();
        scene.hear("sent", sent("https://a.test/", false));
        scene.hear("sent", sent("https://b.test/", true));
        scene.hear("over", json!({}));
        assert_eq!(
            scene.lines(),
            [
                "GET https://a.test/",
                "302 https://a.test/ cookie - sets 0",
                "GET https://b.test/",
                "failed https://b.test/ the page is gone",
            ]
        );
        assert_eq!(scene.activity.in_flight(), 0);
    }
}
