//! Which of the browser's targets belongs to whose profile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ground::Spawner;
use serde::Deserialize;
use serde_json::{Value, json};

use super::capture::Recorder;
use super::cdp::{Cdp, Heard, SessionId};
use super::{Authenticator, TabId};

/// Attaches to each target of a profile before it does anything, and passes on what it tells.
#[derive(Debug)]
pub(crate) struct Targets {
    cdp: Cdp,
    known: Mutex<Known>,
    spawner: Spawner,
}

/// Whose profile it is.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    /// Keeps what happens there.
    pub(crate) recorder: Arc<Recorder>,
    /// What they have at hand.
    pub(crate) authenticator: Authenticator,
}

#[derive(Debug, Default)]
struct Known {
    /// By browser context.
    profiles: HashMap<String, Owner>,
    /// In a browser of one person: whatever is in it.
    whole_browser: Option<Owner>,
    sessions: HashMap<SessionId, Attached>,
}

#[derive(Clone, Debug)]
struct Attached {
    owner: Owner,
    /// The tab that it is, or is part of.
    tab: TabId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttachedToTarget {
    session_id: String,
    target_info: TargetInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TargetInfo {
    target_id: String,
    #[serde(rename = "type")]
    kind: String,
    browser_context_id: Option<String>,
    opener_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DetachedFromTarget {
    session_id: String,
}

impl Owner {
    /// A session of theirs is over: a tab, a frame or a worker is gone.
    fn session_over(&self, session: &SessionId) {
        self.authenticator.session_over(session);
        self.recorder.session_over(session);
    }
}

impl Targets {
    /// `spawner` runs what the browser has to be asked for before a tab may begin.
    pub(crate) fn new(cdp: Cdp, whole_browser: Option<Owner>, spawner: Spawner) -> Self {
        Self { cdp, known: Mutex::new(Known { whole_browser, ..Known::default() }), spawner }
    }

    /// What to ask the browser for, so that it tells of every tab before the tab begins.
    pub(crate) fn wish() -> Value {
        json!({
            "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true,
            "filter": [{ "type": "page" }, { "exclude": true }],
        })
    }

    /// From now on what happens in this browser context is recorded.
    pub(crate) fn record(&self, context: &str, owner: Owner) {
        self.known().profiles.insert(context.to_owned(), owner);
    }

    /// The browser context is gone, or about to be.
    pub(crate) fn forget(&self, context: &str) {
        let mut known = self.known();
        let Some(owner) = known.profiles.remove(context) else { return };
        let theirs = |at: &Attached| Arc::ptr_eq(&at.owner.recorder, &owner.recorder);
        let over: Vec<_> = known.sessions.iter().filter(|(_, at)| theirs(at)).collect();
        let over: Vec<_> = over.into_iter().map(|(session, _)| session.clone()).collect();
        for session in &over {
            known.sessions.remove(session);
        }
        drop(known);
        over.iter().for_each(|session| owner.session_over(session));
    }

    /// The browser contexts that are recorded.
    pub(crate) fn contexts(&self) -> Vec<String> {
        self.known().profiles.keys().cloned().collect()
    }

    /// Takes whatever the browser tells.
    pub(crate) fn hear(&self, heard: Heard) {
        match heard.method.as_str() {
            "Target.attachedToTarget" => {
                if let Ok(attached) = serde_json::from_value(heard.params) {
                    self.attached(heard.session.as_ref(), attached);
                }
            }
            "Target.detachedFromTarget" => {
                let Ok(detached) = serde_json::from_value::<DetachedFromTarget>(heard.params) else { return };
                let session = SessionId(detached.session_id);
                let attached = self.known().sessions.remove(&session);
                if let Some(attached) = attached {
                    attached.owner.session_over(&session);
                }
            }
            method => {
                let Some(session) = heard.session else { return };
                if method == "Page.javascriptDialogOpening" {
                    self.answer_dialog(&session, &heard.params);
                }
                let attached = self.known().sessions.get(&session).cloned();
                let Some(Attached { owner, tab }) = attached else { return };
                match method.strip_prefix("WebAuthn.") {
                    Some(event) => owner.authenticator.hear(&session, event, heard.params),
                    None => owner.recorder.hear(&tab, &session, method, heard.params),
                }
            }
        }
    }

    fn attached(
        &self,
        parent: Option<&SessionId>,
        AttachedToTarget { session_id, target_info }: AttachedToTarget,
    ) {
        let session = SessionId(session_id);
        let is_tab = target_info.kind == "page";
        let mut known = self.known();
        let owner = match parent.and_then(|parent| known.sessions.get(parent)) {
            // A frame or a worker of a tab's, unless it is a tab of its own.
            Some(parent) if !is_tab => Some(parent.clone()),
            _ if !is_tab => None,
            _ => {
                let profile = target_info.browser_context_id.and_then(|context| known.profiles.get(&context));
                let owner = profile.or(known.whole_browser.as_ref());
                owner
                    .map(|owner| Attached { owner: owner.clone(), tab: TabId(target_info.target_id.clone()) })
            }
        };
        let mut key_at_hand = None;
        if let Some(Attached { owner, tab }) = owner {
            known.sessions.insert(session.clone(), Attached { owner: owner.clone(), tab: tab.clone() });
            drop(known);
            self.listen(&session, is_tab);
            if is_tab {
                let opener = target_info.opener_id.map(TabId);
                owner.recorder.tab_opened(&tab, session.clone(), opener);
                let to_plug = owner.authenticator.tab_opened(&self.cdp, &session);
                key_at_hand = to_plug.then_some(owner.authenticator);
            }
        }
        let cdp = self.cdp.clone();
        let begin =
            move |session: &SessionId| cdp.send(Some(session), "Runtime.runIfWaitingForDebugger", json!({}));
        match key_at_hand {
            None => begin(&session),
            Some(authenticator) => self.spawner.spawn(async move {
                // Where the browser refuses, the page goes without, and whoever expects a proof says what is missing.
                let _ = authenticator.plug(&session).await;
                begin(&session);
            }),
        }
    }

    /// A dialog of a page's stops the page until it is answered: nobody agrees to anything, but everybody may leave.
    fn answer_dialog(&self, session: &SessionId, dialog: &Value) {
        let leaving = dialog["type"] == "beforeunload";
        self.cdp.send(Some(session), "Page.handleJavaScriptDialog", json!({ "accept": leaving }));
    }

    fn listen(&self, session: &SessionId, is_tab: bool) {
        let send = |method, params| self.cdp.send(Some(session), method, params);
        // Heads are read, bodies stay where they are.
        let no_bodies = json!({ "maxPostDataSize": 0, "maxTotalBufferSize": 0, "maxResourceBufferSize": 0 });
        send("Network.enable", no_bodies);
        send("Runtime.enable", json!({}));
        send("Log.enable", json!({}));
        if is_tab {
            send("Page.enable", json!({}));
            // Fields take the focus and scripts see it, whichever tab is in front.
            send("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
        }
        send(
            "Target.setAutoAttach",
            json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true }),
        );
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
