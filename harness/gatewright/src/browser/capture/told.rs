//! What scripts, pages and sockets told, in this crate's words.

use serde_json::Value;

use super::heard::{
    ConsoleCalled, DialogOpening, EntryAdded, ExceptionThrown, RemoteObject, SocketEvent, headers, read,
    status,
};
use crate::browser::event::{Console, Frame, Level, TabId, WebSocketDoing};

/// A line on the console.
pub(super) fn console(tab: &TabId, event: &str, params: Value) -> Option<Console> {
    let (level, text, place) = match event {
        "consoleAPICalled" => {
            let called: ConsoleCalled = read(params)?;
            let text = called.args.iter().map(RemoteObject::text).collect::<Vec<_>>().join(" ");
            let frame = called.stack_trace.and_then(|trace| trace.call_frames.into_iter().next());
            (called.level, text, frame.map(|frame| (frame.url, frame.line_number)))
        }
        "exceptionThrown" => {
            let ExceptionThrown { exception_details: details } = read(params)?;
            let (text, line) = (details.text(), details.line_number);
            ("error".to_owned(), text, details.url.map(|url| (url, line)))
        }
        "entryAdded" => {
            let EntryAdded { entry } = read(params)?;
            let line = entry.line_number.unwrap_or_default();
            (entry.level, entry.text, entry.url.map(|url| (url, line)))
        }
        _ => return None,
    };
    let level = match level.as_str() {
        "error" | "assert" => Level::Error,
        "warning" => Level::Warning,
        "debug" | "verbose" => Level::Debug,
        _ => Level::Info,
    };
    // DevTools count lines from 0.
    let place = place.map(|(url, line)| (url, line + 1));
    Some(Console { tab: tab.clone(), level, text, place })
}

/// A dialog of the page's, which was answered for the person.
pub(super) fn dialog(tab: &TabId, params: Value) -> Option<Console> {
    let DialogOpening { url, message, kind } = read(params)?;
    let text = format!("a dialog was answered for the person ({kind}): {message}");
    Some(Console { tab: tab.clone(), level: Level::Warning, text, place: Some((url, 1)) })
}

/// What a WebSocket did.
pub(super) fn socket(event: &str, heard: SocketEvent) -> Option<WebSocketDoing> {
    Some(match (event, heard.request, heard.response) {
        ("webSocketWillSendHandshakeRequest", Some(request), _) => {
            WebSocketDoing::Asked(headers(&request.headers))
        }
        ("webSocketHandshakeResponseReceived", _, Some(response)) => WebSocketDoing::Answered {
            status: status(response.status.unwrap_or_default()),
            headers: headers(&response.headers),
        },
        ("webSocketFrameSent", _, Some(frame)) => {
            WebSocketDoing::Sent(message(frame.opcode, frame.payload_data))
        }
        ("webSocketFrameReceived", _, Some(frame)) => {
            WebSocketDoing::Received(message(frame.opcode, frame.payload_data))
        }
        ("webSocketFrameError", ..) => WebSocketDoing::Failed(heard.error_message.unwrap_or_default()),
        ("webSocketClosed", ..) => WebSocketDoing::Closed,
        _ => return None,
    })
}

fn message(opcode: Option<f64>, payload: String) -> Frame {
    // RFC 6455, 5.2: opcodes are small integers, here in JavaScript's only kind of number.
    match opcode.unwrap_or_default() as u8 {
        1 => Frame::Text(payload),
        2 => Frame::Binary(payload),
        other => Frame::Control(other),
    }
}
