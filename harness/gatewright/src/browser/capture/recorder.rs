//! The record of one profile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ground::Sink;
use ground::evidence::Activity;
use serde_json::Value;
use tokio::sync::watch;

use super::heard::{
    FrameNavigated, FrameOnItsWay, NavigatedWithinDocument, RequestWillBeSent, SocketEvent, read,
};
use super::requests::Requests;
use super::tabs::{Attempt, Loaded, Record, Tab, Way};
use super::told;
use super::words::{LastWord, Words};
use crate::browser::cdp::SessionId;
use crate::browser::event::{Event, Navigated, RequestId, TabId, WebSocket, WebSocketDoing};

/// Listens to one profile: says what happens there, and remembers what a person may ask.
#[derive(Debug)]
pub(crate) struct Recorder {
    evidence: Sink<Event>,
    /// What of this profile is in flight.
    activity: Activity,
    state: Mutex<State>,
    /// Counts what was heard, for those who wait for something to be there.
    heard: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    tabs: Vec<Tab>,
    requests: Requests,
    sockets: HashMap<RequestId, String>,
    words: Words,
}

impl Recorder {
    pub(crate) fn new(evidence: Sink<Event>) -> Arc<Self> {
        let (activity, state, heard) = (Activity::default(), Mutex::default(), watch::Sender::new(0));
        Arc::new(Self { evidence, activity, state, heard })
    }

    /// What of this profile is in flight.
    pub(crate) fn activity(&self) -> &Activity {
        &self.activity
    }

    pub(crate) fn tabs(&self) -> Vec<TabId> {
        self.state().tabs.iter().map(|tab| tab.id.clone()).collect()
    }

    pub(crate) fn session(&self, tab: &TabId) -> Option<SessionId> {
        self.state().tabs.iter().find(|open| open.id == *tab).map(|open| open.session.clone())
    }

    /// How the document in a tab came there.
    pub(crate) fn loaded(&self, tab: &TabId) -> Loaded {
        self.state().tab(tab).map_or(Loaded::Otherwise, |open| open.loaded())
    }

    /// What came of the last try to load a document in a tab.
    pub(crate) fn attempt(&self, tab: &TabId) -> Attempt {
        self.state().tab(tab).map_or(Attempt::Fine, |open| open.last_attempt())
    }

    /// The last try to load a document in a tab no longer counts.
    pub(crate) fn forget_attempt(&self, tab: &TabId) {
        if let Some(open) = self.state().tab(tab) {
            open.attempt = None;
        }
    }

    /// Whether a tab is on its way to another document, by its page's wish or by a command.
    pub(crate) fn is_underway(&self, tab: &TabId) -> bool {
        self.state().tab(tab).is_some_and(|open| open.way != Way::Arrived)
    }

    /// What a tab's page has asked for and the browser has not begun no longer counts.
    pub(crate) fn forget_wish(&self, tab: &TabId) {
        if let Some(open) = self.state().tab(tab).filter(|open| open.way == Way::Asked) {
            open.way = Way::Arrived;
        }
    }

    /// What came of the last request for this URL that was not for a tab's document.
    pub(crate) fn last_word(&self, url: &str) -> LastWord {
        self.state().words.last(url)
    }

    /// Waits until `there` gives something, looking again whenever something was heard.
    pub(crate) async fn wait_for<T>(&self, mut there: impl FnMut(&Self) -> Option<T>) -> T {
        let mut heard = self.heard.subscribe();
        loop {
            if let Some(found) = there(self) {
                return found;
            }
            // The sender is ours, so the channel can't close while we wait.
            let _ = heard.changed().await;
        }
    }

    /// A tab is there.
    pub(crate) fn tab_opened(&self, id: &TabId, session: SessionId, opener: Option<TabId>) {
        let mut state = self.state();
        state.tabs.push(Tab::new(id.clone(), session));
        self.evidence.emit(Event::TabOpened { tab: id.clone(), opener });
        drop(state);
        self.stir();
    }

    /// A session of this profile's is over: a tab, a frame or a worker is gone.
    pub(crate) fn session_over(&self, session: &SessionId) {
        let mut state = self.state();
        let State { tabs, requests, words, .. } = &mut *state;
        requests.session_over(session, &mut |event| self.tell(tabs, words, event));
        if let Some(place) = tabs.iter().position(|tab| tab.session == *session) {
            let tab = tabs.remove(place).id;
            self.evidence.emit(Event::TabClosed { tab });
        }
        drop(state);
        self.stir();
    }

    /// Takes a DevTools event of one of this profile's sessions.
    pub(crate) fn hear(&self, tab: &TabId, session: &SessionId, method: &str, params: Value) {
        let mut state = self.state();
        match method.split_once('.') {
            Some(("Network", event)) if event.starts_with("webSocket") => {
                self.hear_socket(&mut state, tab, event, params);
            }
            Some(("Network", event)) => self.hear_request(&mut state, (tab, session), event, params),
            Some(("Page", event)) => self.hear_page(&mut state, tab, event, params),
            Some(("Runtime" | "Log", event)) => self.hear_console(tab, event, params),
            _ => return,
        }
        drop(state);
        self.stir();
    }

    fn hear_request(&self, state: &mut State, source: (&TabId, &SessionId), event: &str, params: Value) {
        let State { tabs, requests, words, .. } = state;
        let mut tell = |event| self.tell(tabs, words, event);
        match event {
            "requestWillBeSent" => {
                let Some(sent) = read::<RequestWillBeSent>(params).filter(RequestWillBeSent::leaves) else {
                    return;
                };
                let in_flight = [self.activity.busy(), self.evidence.busy()];
                requests.will_be_sent(source, sent, in_flight, &mut tell);
            }
            "requestWillBeSentExtraInfo" => {
                read(params).into_iter().for_each(|info| requests.request_extra(info, &mut tell));
            }
            "responseReceived" => {
                read(params).iter().for_each(|received| requests.answered(received, &mut tell));
            }
            "responseReceivedExtraInfo" => {
                read(params).into_iter().for_each(|info| requests.response_extra(info, &mut tell));
            }
            "loadingFinished" => read(params).into_iter().for_each(|end| requests.finished(end, &mut tell)),
            "loadingFailed" => read(params).into_iter().for_each(|end| requests.failed(end, &mut tell)),
            _ => {}
        }
    }

    fn hear_page(&self, state: &mut State, tab: &TabId, event: &str, params: Value) {
        match event {
            "frameNavigated" => {
                let Some(FrameNavigated { frame }) = read(params) else { return };
                let State { tabs, requests, words, .. } = &mut *state;
                requests.document_replaced(&frame.id, &frame.loader_id, &mut |event| {
                    self.tell(tabs, words, event);
                });
                let Some(open) = state.tab(tab) else { return };
                if frame.parent_id.is_some() {
                    return;
                }
                open.document = Some(RequestId(frame.loader_id.clone()));
                open.way = open.way.after(event);
                self.evidence.emit(Event::Navigated(Navigated {
                    tab: tab.clone(),
                    url: frame.address(),
                    new_document: true,
                    error_page: frame.unreachable_url.is_some(),
                }));
            }
            "frameRequestedNavigation"
            | "frameStartedNavigating"
            | "frameStartedLoading"
            | "frameStoppedLoading" => {
                let Some(FrameOnItsWay { frame_id, disposition }) = read(params) else { return };
                let here = disposition.is_none_or(|disposition| disposition == "currentTab");
                if let Some(open) = state.tab(tab).filter(|open| here && open.id.0 == frame_id) {
                    open.way = open.way.after(event);
                }
            }
            "javascriptDialogOpening" => {
                if let Some(line) = told::dialog(tab, params) {
                    self.evidence.emit(Event::Console(line));
                }
            }
            "navigatedWithinDocument" => {
                let Some(navigated) = read::<NavigatedWithinDocument>(params) else { return };
                if navigated.frame_id == tab.0 {
                    let (tab, url) = (tab.clone(), navigated.url);
                    let navigated = Navigated { tab, url, new_document: false, error_page: false };
                    self.evidence.emit(Event::Navigated(navigated));
                }
            }
            _ => {}
        }
    }

    fn hear_socket(&self, state: &mut State, tab: &TabId, event: &str, params: Value) {
        let Some(heard) = read::<SocketEvent>(params) else { return };
        let id = RequestId(heard.request_id.clone());
        if let ("webSocketCreated", Some(url)) = (event, &heard.url) {
            state.sockets.insert(id, url.clone());
            return;
        }
        let Some(what) = told::socket(event, heard) else { return };
        let url = match what {
            WebSocketDoing::Closed => state.sockets.remove(&id),
            _ => state.sockets.get(&id).cloned(),
        };
        let socket = WebSocket { id, tab: tab.clone(), url: url.unwrap_or_default(), what };
        let event = Event::WebSocket(socket);
        state.words.note(&event);
        self.evidence.emit(event);
    }

    fn hear_console(&self, tab: &TabId, event: &str, params: Value) {
        if let Some(line) = told::console(tab, event, params) {
            self.evidence.emit(Event::Console(line));
        }
    }

    /// Passes an event on, after noting what it says of a tab's documents.
    fn tell(&self, tabs: &mut [Tab], words: &mut Words, event: Event) {
        words.note(&event);
        let mut of = |tab: &TabId, id: &RequestId, note: &dyn Fn(&mut Record)| {
            if let Some(tab) = tabs.iter_mut().find(|open| open.id == *tab) {
                note(tab.record(id));
            }
        };
        match &event {
            Event::Request(request) if request.navigation => {
                of(&request.tab, &request.id, &|_| {});
                if let Some(tab) = tabs.iter_mut().find(|open| open.id == request.tab) {
                    tab.attempt = Some(request.id.clone());
                }
            }
            Event::Response(response) if response.navigation => {
                of(&response.tab, &response.id, &|record| record.take(&response.hop));
            }
            Event::Failed(failed) if failed.navigation => {
                of(&failed.tab, &failed.request, &|record| record.failure = Some(failed.clone()));
            }
            _ => {}
        }
        self.evidence.emit(event);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stir(&self) {
        self.heard.send_modify(|count| *count += 1);
    }
}

impl State {
    fn tab(&mut self, id: &TabId) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.id == *id)
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("tabs", &self.tabs.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::event::{Frame, Level};
    use ground::Clock;
    use serde_json::json;

    struct Scene {
        recorder: Arc<Recorder>,
        told: Arc<Mutex<Vec<Event>>>,
        stage: Activity,
    }

    fn scene() -> Scene {
        let told = Arc::new(Mutex::new(Vec::new()));
        let (listener, stage) = (Arc::clone(&told), Activity::default());
        let sink = Sink::new(Clock::new(), stage.clone(), move |stamped| {
            listener.lock().unwrap().push(stamped.event);
        });
        let recorder = Recorder::new(sink);
        recorder.tab_opened(&tab(), SessionId("S".into()), None);
        Scene { recorder, told, stage }
    }

    fn tab() -> TabId {
        TabId("T".into())
    }

    impl Scene {
        fn hear(&self, method: &str, params: Value) {
            self.recorder.hear(&tab(), &SessionId("S".into()), method, params);
        }

        fn ask(&self, id: &str, url: &str) {
            self.hear(
                "Network.requestWillBeSent",
                json!({
                    "requestId": id, "type": "Document", "frameId": "T",
                    "request": { "url": url, "method": "GET", "headers": {} },
                }),
            );
        }

        fn answer(&self, id: &str, status: u16) {
            self.hear(
                "Network.responseReceived",
                json!({ "requestId": id, "response": { "status": status, "headers": {}, "protocol": "h2",
                    "remoteIPAddress": "127.0.0.1", "remotePort": 4711 } }),
            );
        }

        fn commit(&self, id: &str, url: &str) {
            self.hear(
                "Page.frameNavigated",
                json!({ "frame": { "id": "T", "loaderId": id, "url": url, "urlFragment": "#part" } }),
            );
        }
    }

    #[test]
    fn the_document_in_the_tab_is_known_with_its_hops_and_older_ones_come_back() {
        let scene = scene();
        assert!(matches!(scene.recorder.loaded(&tab()), Loaded::Otherwise));
        scene.ask("1", "https://a.test/");
        assert_eq!((scene.stage.in_flight(), scene.recorder.activity().in_flight()), (1, 1));
        scene.commit("1", "https://a.test/");
        assert!(matches!(scene.recorder.loaded(&tab()), Loaded::Coming));
        scene.answer("1", 404);
        scene.ask("2", "https://b.test/");
        scene.answer("2", 200);
        scene.commit("2", "https://b.test/");
        let Loaded::By(hops) = scene.recorder.loaded(&tab()) else { panic!("the second document is there") };
        assert_eq!((hops.len(), hops[0].status.as_u16()), (1, 200));
        scene.commit("1", "https://a.test/");
        let Loaded::By(hops) = scene.recorder.loaded(&tab()) else { panic!("the first one is back") };
        assert_eq!(hops[0].status.as_u16(), 404);
        let told = scene.told.lock().unwrap();
        let addresses = told.iter().filter_map(|event| match event {
            Event::Navigated(navigated) => Some(navigated.url.as_str()),
            _ => None,
        });
        assert_eq!(
            addresses.collect::<Vec<_>>(),
            ["https://a.test/#part", "https://b.test/#part", "https://a.test/#part"]
        );
    }

    #[test]
    fn a_failed_attempt_is_told_from_a_download() {
        let scene = scene();
        let failed = |id: &str, canceled: bool| {
            let params = json!({ "requestId": id, "errorText": "net::ERR_ABORTED", "canceled": canceled });
            scene.hear("Network.loadingFailed", params);
        };
        scene.ask("1", "https://a.test/file");
        scene.answer("1", 200);
        failed("1", true);
        assert_eq!(scene.recorder.attempt(&tab()), Attempt::Fine);
        scene.ask("2", "https://b.test/");
        failed("2", false);
        let Attempt::Failed(failure) = scene.recorder.attempt(&tab()) else { panic!("it failed") };
        assert_eq!((failure.url.as_str(), failure.reason.as_str()), ("https://b.test/", "net::ERR_ABORTED"));
        scene.ask("3", "https://c.test/");
        assert_eq!(scene.recorder.attempt(&tab()), Attempt::Fine);
    }

    #[test]
    fn a_tab_is_underway_from_when_its_page_asks_to_go_until_it_has_loaded() {
        let scene = scene();
        let tells = |event: &str, frame: &str, disposition: &str| {
            let params = json!({ "frameId": frame, "disposition": disposition, "url": "https://b.test/" });
            scene.hear(&format!("Page.{event}"), params);
            scene.recorder.is_underway(&tab())
        };
        let main = |event: &str| tells(event, "T", "currentTab");
        assert!(!tells("frameRequestedNavigation", "T", "newTab"));
        assert!(!tells("frameRequestedNavigation", "I", "currentTab"), "a frame inside is not the tab");
        // What was loading before ends while the page is leaving already.
        assert!(main("frameStartedLoading") && main("frameRequestedNavigation"));
        assert!(main("frameStoppedLoading"));
        scene.commit("2", "https://b.test/");
        assert!(scene.recorder.is_underway(&tab()));
        assert!(!main("frameStoppedLoading"));
        // A wish that comes to nothing does not stand for ever; what the browser has begun does.
        main("frameRequestedNavigation");
        scene.recorder.forget_wish(&tab());
        assert!(!scene.recorder.is_underway(&tab()));
        main("frameStartedLoading");
        scene.recorder.forget_wish(&tab());
        assert!(scene.recorder.is_underway(&tab()));
    }

    #[tokio::test]
    async fn a_tab_that_closes_ends_what_it_had_in_flight() {
        let scene = scene();
        scene.ask("1", "https://a.test/");
        let recorder = Arc::clone(&scene.recorder);
        let gone = tokio::spawn(async move {
            recorder.wait_for(|recorder| recorder.tabs().is_empty().then_some(())).await;
        });
        scene.recorder.session_over(&SessionId("S".into()));
        gone.await.unwrap();
        assert_eq!(scene.stage.in_flight(), 0);
        assert!(matches!(scene.told.lock().unwrap().last(), Some(Event::TabClosed { .. })));
    }

    #[test]
    fn the_console_and_sockets_are_told_of() {
        let scene = scene();
        scene.hear(
            "Runtime.consoleAPICalled",
            json!({ "type": "warning", "args": [{ "value": "two" }, { "value": 2 }, { "description": "Object" }],
                "stackTrace": { "callFrames": [{ "url": "https://a.test/x.js", "lineNumber": 6 }] } }),
        );
        scene.hear(
            "Runtime.exceptionThrown",
            json!({ "exceptionDetails": { "text": "Uncaught", "lineNumber": 0, "url": "https://a.test/",
                "exception": { "description": "Error: no" } } }),
        );
        scene.hear("Network.webSocketCreated", json!({ "requestId": "9", "url": "wss://a.test/" }));
        scene.hear(
            "Network.webSocketHandshakeResponseReceived",
            json!({ "requestId": "9", "response": { "status": 401, "headers": {} } }),
        );
        scene.hear(
            "Network.webSocketFrameReceived",
            json!({ "requestId": "9", "response": { "opcode": 1, "mask": false, "payloadData": "hi" } }),
        );
        let told = scene.told.lock().unwrap();
        let Event::Console(warning) = &told[1] else { panic!("{told:?}") };
        assert_eq!((warning.level, warning.text.as_str()), (Level::Warning, "two 2 Object"));
        assert_eq!(warning.place, Some(("https://a.test/x.js".into(), 7)));
        let Event::Console(error) = &told[2] else { panic!("{told:?}") };
        assert_eq!((error.level, error.text.as_str()), (Level::Error, "Uncaught Error: no"));
        let Event::WebSocket(WebSocket { url, what: WebSocketDoing::Answered { status, .. }, .. }) = &told[3]
        else {
            panic!("{told:?}")
        };
        assert_eq!((url.as_str(), status.as_u16()), ("wss://a.test/", 401));
        let Event::WebSocket(WebSocket { what: WebSocketDoing::Received(frame), .. }) = &told[4] else {
            panic!("{told:?}")
        };
        assert_eq!(*frame, Frame::Text("hi".into()));
    }
}
