use super::*;
use crate::inspector::Inspector;
use proptest::prelude::*;

/// What is seen when both directions come in pieces of `cut` bytes, the requests first.
fn seen(requests: &str, answers: &str, cut: usize) -> Vec<String> {
    let (mut observer, mut lines) = (Observer::default(), Vec::new());
    let now = Instant::now();
    requests.as_bytes().chunks(cut).for_each(|bytes| observer.request_bytes(bytes, now));
    for bytes in answers.as_bytes().chunks(cut) {
        observer.answer_bytes(bytes, now, |exchange| {
            let Exchange { method, target, status, reason, .. } = exchange;
            lines.push(format!("{method} {target} {status} {reason}"));
        });
    }
    lines
}

const REQUESTS: &str = "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n\
    POST /form HTTP/1.1\r\nContent-Length: 27\r\n\r\nGET /not-me HTTP/1.1\r\n\r\nabc\
    \r\nHEAD /big HTTP/1.1\r\n\r\n\
    PUT /chunks HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n\
    5;x=y\r\nGET /\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nTrailer: 1\r\n\r\n\
    DELETE /last HTTP/1.1\r\n\r\n";

const ANSWERS: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody\
    HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
    HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n\
    HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n\
    HTTP/1.1 418 \r\n\r\nHTTP/1.1 200 OK\r\n\r\n";

#[test]
fn each_exchange_is_seen_once_and_bodies_are_not_mistaken_for_messages() {
    for cut in [1, 2, 3, 7, 64, 10_000] {
        assert_eq!(
            seen(REQUESTS, ANSWERS, cut),
            [
                "GET /a?b=c 200 OK",
                "POST /form 302 Found",
                "HEAD /big 200 OK",
                "PUT /chunks 304 Not Modified",
                "DELETE /last 418 ",
            ]
        );
    }
}

#[test]
fn after_an_upgrade_and_in_other_protocols_nothing_is_seen() {
    let upgrade = "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\nGET /frame HTTP/1.1\r\n\r\n";
    let switched = "HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    assert_eq!(seen(upgrade, switched, 5), ["GET /ws 101 Switching Protocols"]);
    assert_eq!(seen("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", 9), [""; 0]);
    assert_eq!(seen("\x16\x03\x01\n", "HTTP/1.1 200 OK\r\n\r\n", 9), [""; 0]);
    assert_eq!(seen("", "HTTP/1.1 200 OK\r\n\r\n", 9), [""; 0]);
    let bad_length = "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n";
    assert_eq!(seen(bad_length, "HTTP/1.1 200 OK\r\n\r\n", 9), [""; 0]);
}

proptest! {
    #[test]
    fn anything_may_pass_and_memory_is_bounded(pieces in prop::collection::vec((any::<bool>(), ".{0,400}"), 0..40)) {
        let (inspector, client) = (Inspector::new(4096), "127.0.0.1:1".parse().unwrap());
        let mut observer = Observer::recording(Tape { inspector, tunnel: String::new(), client });
        for (request, piece) in pieces {
            if request {
                observer.request_bytes(piece.as_bytes(), Instant::now());
            } else {
                observer.answer_bytes(piece.as_bytes(), Instant::now(), drop);
            }
            prop_assert!(observer.traffic.pending.len() <= MAX_PENDING);
        }
    }

    #[test]
    fn what_is_kept_is_what_passed_however_it_is_cut(cut in 1_usize..200) {
        let (inspector, client) = (Inspector::new(1_000_000), "127.0.0.1:1".parse().unwrap());
        let tape = Tape { inspector: inspector.clone(), tunnel: String::new(), client };
        let (mut observer, now) = (Observer::recording(tape), Instant::now());
        REQUESTS.as_bytes().chunks(cut).for_each(|bytes| observer.request_bytes(bytes, now));
        ANSWERS.as_bytes().chunks(cut).for_each(|bytes| observer.answer_bytes(bytes, now, drop));
        let mut kept: Vec<_> = inspector.exchanges(usize::MAX, |_| true);
        kept.reverse();
        let bodies: Vec<_> = kept.iter().map(|one| {
            let (_, answer) = one.answer.as_ref().unwrap();
            let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
            (text(&one.request.body), text(&answer.body))
        }).collect();
        prop_assert_eq!(bodies, [
            ("", "body"),
            ("GET /not-me HTTP/1.1\r\n\r\nabc", "abc"),
            ("", ""),
            ("GET /abcdefghijklmnopqrstuvwxyz", ""),
            ("", "HTTP/1.1 200 OK\r\n\r\n"),
        ].map(|(request, answer)| (request.to_owned(), answer.to_owned())));
    }

    #[test]
    fn the_cut_makes_no_difference(cut in 1_usize..200) {
        prop_assert_eq!(seen(REQUESTS, ANSWERS, cut), seen(REQUESTS, ANSWERS, 100_000));
    }
}
