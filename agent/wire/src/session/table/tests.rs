use super::*;
use crate::frame::Decoder;
use proptest::prelude::*;

fn table(role: Role) -> Table {
    table_with(role, Limits::default())
}

fn table_with(role: Role, limits: Limits) -> Table {
    Table::new(role, limits, Arc::new(Semaphore::new(limits.opened))).0
}

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

impl Table {
    fn open_now(&mut self, payload: &[u8]) -> Result<u32, OpenError> {
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok();
        self.open(StreamType::PROXY, payload, slot)
    }

    fn accept_now(&mut self) -> Option<u32> {
        match self.poll_accept(&context()) {
            Poll::Ready(stream) => stream,
            Poll::Pending => None,
        }
    }

    fn write_now(&mut self, stream: u32, bytes: &[u8]) -> usize {
        match self.poll_write(stream, &context(), &[IoSlice::new(bytes)]) {
            Poll::Ready(Ok(written)) => written,
            _ => 0,
        }
    }

    /// What can be read at once, at most `length` bytes; the error when there is one instead.
    fn read_now(&mut self, stream: u32, length: usize) -> Result<Vec<u8>, StreamError> {
        let mut bytes = vec![0; length];
        let mut buffer = ReadBuf::new(&mut bytes);
        if let Poll::Ready(Err(error)) = self.poll_read(stream, &context(), &mut buffer) {
            return Err(error);
        }
        Ok(buffer.filled().to_vec())
    }

    /// One batch, as a line a frame.
    fn sent(&mut self) -> Vec<String> {
        let mut batch = Vec::new();
        self.fill(&mut batch);
        let (mut decoder, mut input, mut lines) = (Decoder::default(), batch.as_slice(), Vec::new());
        while let Some(frame) = decoder.decode(&mut input).unwrap() {
            lines.push(match frame {
                Frame::Reset { stream, code } => format!("{stream} rst {}", code.0),
                Frame::Window { stream, increment } => format!("{stream} +{increment}"),
                Frame::GoAway { last_stream, code, .. } => format!("goaway {last_stream} {}", code.0),
                Frame::Data { stream, syn, fin, bytes, .. } => {
                    let (syn, fin) = (if syn { " syn" } else { "" }, if fin { " fin" } else { "" });
                    format!("{stream}{syn}{fin} {}", bytes.len())
                }
            });
        }
        lines
    }

    fn syn(&mut self, stream: u32) {
        let frame = Frame::Data { stream, syn: true, fin: false, continued: false, bytes: &[0; 4] };
        self.receive(&frame).unwrap();
    }

    fn data(&mut self, stream: u32, fin: bool, length: usize) {
        let bytes = &vec![7; length];
        self.receive(&Frame::Data { stream, syn: false, fin, continued: false, bytes }).unwrap();
    }
}

#[test]
fn the_first_frame_is_the_type_and_what_was_given_with_it_alone() {
    let mut server = table(Role::Server);
    let stream = server.open_now(b"header").unwrap();
    server.write_now(stream, &[0; 100]);
    assert_eq!(server.sent(), ["2 syn 10", "2 100"]);
    assert_eq!(table(Role::Client).open_now(b"").unwrap(), 3);
}

#[test]
fn streams_take_turns_and_control_goes_first() {
    let mut server = table(Role::Server);
    let (a, b) = (server.open_now(b"").unwrap(), server.open_now(b"").unwrap());
    server.sent();
    server.write_now(a, &[0; 40_000]);
    server.write_now(b, &[0; 20_000]);
    server.syn(3);
    server.data(77, false, 1);
    assert_eq!(server.sent(), ["77 rst 4", "2 16384", "4 16384", "2 16384", "4 3616", "2 7232"]);
}

#[test]
fn an_abort_is_fin_then_rst_and_nothing_for_a_stream_that_the_peer_never_saw() {
    let mut server = table(Role::Server);
    let seen = server.open_now(b"").unwrap();
    server.sent();
    let unseen = server.open_now(b"").unwrap();
    server.write_now(seen, &[0; 100]);
    server.reset_here(seen, ErrorCode::RESET);
    server.reset_here(unseen, ErrorCode::RESET);
    assert_eq!(server.sent(), ["2 fin 0", "2 rst 7"]);
    assert_eq!(server.read_now(seen, 1), Err(StreamError::ResetHere(ErrorCode::RESET)));

    server.syn(3);
    server.finish(3).unwrap();
    assert_eq!(server.sent(), ["3 fin 0"]);
    server.reset_here(3, ErrorCode::CANCELLED);
    assert_eq!(server.sent(), ["3 rst 6"]);
}

#[test]
fn a_stream_that_was_reset_gives_its_place_back_while_it_is_still_held() {
    let mut server = table(Role::Server);
    let stream = server.open_now(b"").unwrap();
    server.sent();
    assert_eq!(server.slots.available_permits(), Limits::default().opened - 1);
    server.receive(&Frame::Reset { stream, code: ErrorCode::RESET }).unwrap();
    assert_eq!(server.slots.available_permits(), Limits::default().opened);
    assert_eq!((server.alive(), server.streams.len()), (0, 1));
    server.release(stream);
    assert_eq!(server.streams.len(), 0);
}

#[test]
fn nothing_follows_a_goaway() {
    let mut server = table(Role::Server);
    let stream = server.open_now(b"").unwrap();
    server.syn(3);
    server.write_now(stream, &[0; 10]);
    server.close(CloseReason::ShutDown { code: ErrorCode::NONE }, Some((ErrorCode::NONE, String::new())));
    assert_eq!(server.write_now(stream, b"more"), 0);
    assert_eq!(server.sent(), ["2 syn 4", "2 10"]);
    assert_eq!(server.sent(), ["goaway 3 0"]);
    server.reset_here(stream, ErrorCode::RESET);
    server.release(3);
    assert_eq!(server.fill(&mut Vec::new()), Work::Over);
}

#[test]
fn a_stream_that_is_dropped_says_its_last_words_before_it_refuses_more() {
    let mut server = table(Role::Server);
    for stream in [3, 5, 7] {
        server.syn(stream);
        server.accept_now();
        server.read_now(stream, 4).unwrap();
        server.write_now(stream, b"answer");
    }
    // 3 left bytes unread, 5 gets more after its end, 7 is ended by its peer.
    server.data(3, false, 10);
    [3, 5, 7].into_iter().for_each(|stream| server.release(stream));
    assert_eq!(server.sent(), ["3 fin 6", "5 fin 6", "7 fin 6"]);
    assert_eq!(server.sent(), ["3 rst 4"]);
    server.data(5, false, 1);
    server.data(7, true, 0);
    assert_eq!(server.sent(), ["5 rst 4"]);
    assert_eq!((server.alive(), server.accepted, server.streams.len()), (0, 0, 0));
}

#[test]
fn what_breaks_off_goes_out_as_far_as_it_came_and_never_as_the_whole() {
    let mut server = table(Role::Server);
    for stream in [3, 5, 7] {
        server.syn(stream);
    }
    // 3 is written to and broken off, 5 has its peer's end already, 7 has ended here before.
    server.write_now(3, b"half");
    server.data(5, true, 0);
    server.finish(7).unwrap();
    assert_eq!(server.sent(), ["3 4", "7 fin 0"]);
    server.write_now(3, b"more");
    [3, 5, 7].into_iter().for_each(|stream| server.break_off(stream, ErrorCode::RESET));
    assert_eq!(server.write_now(3, b"late"), 0);
    assert_eq!(server.sent(), ["7 rst 7", "3 fin 4", "5 fin 0"]);
    assert_eq!(server.sent(), ["3 rst 7", "5 rst 7"]);
    assert_eq!((server.alive(), server.accepted), (0, 0));
}

#[test]
fn data_beyond_the_window_costs_the_stream_and_no_other() {
    let mut server = table(Role::Server);
    server.syn(3);
    server.syn(5);
    server.data(3, false, WINDOW as usize - 4);
    assert_eq!(server.sent(), [""; 0]);
    server.data(3, false, 1);
    assert_eq!(server.sent(), ["3 fin 0", "3 rst 3"]);
    server.data(5, false, 1);
    assert_eq!(server.alive(), 1);
}

#[test]
fn what_came_before_a_reset_can_be_read_and_an_honest_end_stays_one() {
    let mut server = table(Role::Server);
    for stream in [3, 5] {
        server.syn(stream);
        server.data(stream, true, 2);
    }
    server.receive(&Frame::Reset { stream: 3, code: ErrorCode::RESET }).unwrap();
    server.receive(&Frame::Reset { stream: 5, code: ErrorCode::STREAM_CLOSED }).unwrap();
    for stream in [3, 5] {
        assert_eq!(server.read_now(stream, 100).unwrap().len(), 6);
        assert_eq!(server.write_now(stream, b"x"), 0);
    }
    assert_eq!(server.read_now(3, 1), Err(StreamError::Reset(ErrorCode::RESET)));
    assert_eq!(server.read_now(5, 1), Ok(vec![]));
}

#[test]
fn credit_is_returned_in_batches_and_before_the_window_is_empty() {
    let mut server = table(Role::Server);
    server.syn(3);
    server.data(3, false, 200_000);
    server.read_now(3, 60_000).unwrap();
    assert_eq!(server.sent(), [""; 0]);
    server.read_now(3, 100_000).unwrap();
    server.read_now(3, 1).unwrap();
    assert_eq!(server.sent(), ["3 +160001"]);
}

#[test]
fn who_never_reads_the_answers_loses_the_session() {
    let mut server = table(Role::Server);
    for stream in 0..=MAX_CONTROL as u32 {
        server.data(2 * stream + 3, false, 1);
    }
    assert_eq!(server.ended, Some(CloseReason::Misbehaved(Violation::Flood)));
    assert_eq!(server.sent(), ["goaway 0 10"]);
}

#[test]
fn streams_over_the_limits_are_refused() {
    let mut server = table_with(Role::Server, Limits { accepted: 3, backlog: 2, ..Limits::default() });
    [3, 5, 7].into_iter().for_each(|stream| server.syn(stream));
    assert_eq!(server.sent(), ["7 fin 0", "7 rst 9"]);
    assert_eq!((server.accept_now(), server.accept_now(), server.accept_now()), (Some(3), Some(5), None));
    server.syn(9);
    server.syn(11);
    assert_eq!(server.sent(), ["11 fin 0", "11 rst 5"]);
    server.stop_accepting();
    server.reset_here(3, ErrorCode::NONE);
    server.syn(13);
    assert_eq!(server.sent(), ["9 fin 0", "9 rst 5", "3 fin 0", "3 rst 0", "13 fin 0", "13 rst 5"]);
}

/// One step of two sides that use a session as they like.
#[derive(Clone, Copy, Debug)]
enum Step {
    Open,
    Write(usize, usize),
    Read(usize, usize),
    Finish(usize),
    Reset(usize),
    BreakOff(usize),
    Drop(usize),
    Deliver,
}

fn steps() -> impl Strategy<Value = Vec<(bool, Step)>> {
    let pick = 0_usize..4;
    let step = prop_oneof![
        1 => Just(Step::Open),
        6 => (pick.clone(), 0_usize..100_000).prop_map(|(stream, length)| Step::Write(stream, length)),
        6 => (pick.clone(), 0_usize..200_000).prop_map(|(stream, length)| Step::Read(stream, length)),
        1 => pick.clone().prop_map(Step::Finish),
        1 => pick.clone().prop_map(Step::Reset),
        1 => pick.clone().prop_map(Step::BreakOff),
        1 => pick.prop_map(Step::Drop),
        8 => Just(Step::Deliver),
    ];
    prop::collection::vec((any::<bool>(), step), 0..200)
}

struct Side {
    table: Table,
    held: Vec<u32>,
    written: HashMap<u32, usize>,
    read: HashMap<u32, usize>,
    decoder: Decoder,
    /// Ids whose frames were counted when this side sent them last.
    resets: Vec<ErrorCode>,
}

impl Side {
    fn new(role: Role) -> Self {
        let (held, written, read) = Default::default();
        Self { table: table(role), held, written, read, decoder: Decoder::default(), resets: Vec::new() }
    }

    fn stream(&self, at: usize) -> Option<u32> {
        self.held.get(at % self.held.len().max(1)).copied()
    }

    /// The byte at a place of a stream's data, in either direction.
    fn byte(stream: u32, at: usize) -> u8 {
        (at as u32).wrapping_mul(31).wrapping_add(stream) as u8
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Open => {
                let first = StreamType::PROXY.0.to_be_bytes();
                if let Ok(stream) = self.table.open_now(b"") {
                    self.held.push(stream);
                    self.written.insert(stream, first.len());
                }
            }
            Step::Write(at, length) => {
                if let Some(stream) = self.stream(at) {
                    let from = self.written.entry(stream).or_default();
                    let bytes: Vec<u8> = (*from..*from + length).map(|at| Self::byte(stream, at)).collect();
                    *from += self.table.write_now(stream, &bytes);
                }
            }
            Step::Read(at, length) => {
                if let Some(stream) = self.stream(at)
                    && let Ok(bytes) = self.table.read_now(stream, length)
                {
                    let from = self.read.entry(stream).or_default();
                    for byte in bytes {
                        let of_type = *from < 4 && stream % 2 != self.table.next_id % 2;
                        prop_assert!(of_type || byte == Self::byte(stream, *from));
                        *from += 1;
                    }
                }
            }
            Step::Finish(at) => {
                if let Some(stream) = self.stream(at) {
                    let _ = self.table.finish(stream);
                }
            }
            Step::Reset(at) => {
                if let Some(stream) = self.stream(at) {
                    self.table.reset_here(stream, ErrorCode::RESET);
                }
            }
            Step::BreakOff(at) => {
                if let Some(stream) = self.stream(at) {
                    self.table.break_off(stream, ErrorCode::RESET);
                }
            }
            Step::Drop(at) => {
                if let Some(stream) = self.stream(at) {
                    self.held.retain(|held| *held != stream);
                    self.table.release(stream);
                }
            }
            Step::Deliver => {}
        }
        Ok(())
    }

    fn deliver(&mut self, to: &mut Side) {
        let mut batch = Vec::new();
        self.table.fill(&mut batch);
        let mut input = batch.as_slice();
        while let Some(frame) = to.decoder.decode(&mut input).unwrap() {
            if let Frame::Reset { code, .. } = frame {
                to.resets.push(code);
            }
            to.table.receive(&frame).unwrap();
        }
        while let Some(stream) = to.table.accept_now() {
            to.held.push(stream);
        }
    }
}

proptest! {
    #[test]
    fn two_sides_never_break_the_protocol_and_never_leak(steps in steps()) {
        let (mut client, mut server) = (Side::new(Role::Client), Side::new(Role::Server));
        for (by_client, step) in steps {
            let (from, to) =
                if by_client { (&mut client, &mut server) } else { (&mut server, &mut client) };
            match step {
                Step::Deliver => from.deliver(to),
                step => from.take(step)?,
            }
            for side in [&client, &server] {
                prop_assert!(side.table.ended.is_none());
                prop_assert!(side.resets.iter().all(|code| [ErrorCode::RESET, ErrorCode::STREAM_CLOSED].contains(code)));
                for (stream, entry) in &side.table.streams {
                    prop_assert!(entry.within_bounds(), "{stream}");
                }
            }
        }
        // When all is dropped and delivered, nothing is left on either side.
        for side in [&mut client, &mut server] {
            for stream in std::mem::take(&mut side.held) {
                side.table.release(stream);
            }
        }
        for _ in 0..200 {
            client.deliver(&mut server);
            server.deliver(&mut client);
            for side in [&mut client, &mut server] {
                for stream in std::mem::take(&mut side.held) {
                    side.table.release(stream);
                }
            }
        }
        for side in [&client, &server] {
            prop_assert_eq!((side.table.streams.len(), side.table.accepted), (0, 0));
            prop_assert_eq!(side.table.slots.available_permits(), Limits::default().opened);
        }
    }
}
