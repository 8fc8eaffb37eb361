use super::*;
use proptest::prelude::*;

/// A frame that owns its bytes, with DATA pieces put together.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whole {
    Reset { stream: u32, code: u32 },
    Data { stream: u32, syn: bool, fin: bool, bytes: Vec<u8> },
    Window { stream: u32, increment: u32 },
    GoAway { last_stream: u32, code: u32, text: Vec<u8> },
}

impl Whole {
    fn encode(&self, out: &mut Vec<u8>) {
        let frame = match self {
            Whole::Reset { stream, code } => Frame::Reset { stream: *stream, code: ErrorCode(*code) },
            Whole::Data { stream, syn, fin, bytes } => {
                Frame::Data { stream: *stream, syn: *syn, fin: *fin, continued: false, bytes }
            }
            Whole::Window { stream, increment } => Frame::Window { stream: *stream, increment: *increment },
            Whole::GoAway { last_stream, code, text } => {
                Frame::GoAway { last_stream: *last_stream, code: ErrorCode(*code), text }
            }
        };
        frame.encode(out);
    }
}

/// Decodes `input` as it would arrive in reads that end at `cuts`; the longest rest that was left is checked too.
fn decode(input: &[u8], cuts: &[usize]) -> Result<Vec<Whole>, FrameError> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
    ends.push(input.len());
    ends.sort_unstable();
    let (mut decoder, mut start, mut frames) = (Decoder::default(), 0, Vec::new());
    for end in ends {
        let mut available = &input[start..end];
        while let Some(frame) = decoder.decode(&mut available)? {
            collect(&mut frames, &frame);
        }
        assert!(available.len() <= Decoder::MAX_LEFT);
        start = end - available.len();
    }
    Ok(frames)
}

fn collect(frames: &mut Vec<Whole>, frame: &Frame<'_>) {
    match *frame {
        Frame::Reset { stream, code } => frames.push(Whole::Reset { stream, code: code.0 }),
        Frame::Window { stream, increment } => frames.push(Whole::Window { stream, increment }),
        Frame::GoAway { last_stream, code, text } => {
            frames.push(Whole::GoAway { last_stream, code: code.0, text: text.to_vec() });
        }
        Frame::Data { stream, syn, fin, continued: false, bytes } => {
            frames.push(Whole::Data { stream, syn, fin, bytes: bytes.to_vec() });
        }
        Frame::Data { stream: piece_of, syn, fin: last, bytes: piece, .. } => {
            let Some(Whole::Data { stream, fin, bytes, .. }) = frames.last_mut() else {
                panic!("a continuation of nothing")
            };
            assert!(!syn && !*fin && *stream == piece_of);
            *fin = last;
            bytes.extend_from_slice(piece);
        }
    }
}

fn frames() -> impl Strategy<Value = Vec<Whole>> {
    let stream = 1..=MAX_STREAM;
    let frame = prop_oneof![
        (stream.clone(), any::<u32>()).prop_map(|(stream, code)| Whole::Reset { stream, code }),
        (stream.clone(), any::<(bool, bool)>(), prop::collection::vec(any::<u8>(), 0..600))
            .prop_map(|(stream, (syn, fin), bytes)| Whole::Data { stream, syn, fin, bytes }),
        (stream, 1..=MAX_STREAM).prop_map(|(stream, increment)| Whole::Window { stream, increment }),
        (any::<(u32, u32)>(), prop::collection::vec(any::<u8>(), 0..600))
            .prop_map(|((last_stream, code), text)| Whole::GoAway { last_stream, code, text }),
    ];
    prop::collection::vec(frame, 0..12)
}

proptest! {
    #[test]
    fn frames_survive_the_wire_however_it_is_cut(frames in frames(), cuts in prop::collection::vec(any::<usize>(), 0..20)) {
        let mut wire = Vec::new();
        frames.iter().for_each(|frame| frame.encode(&mut wire));
        prop_assert_eq!(decode(&wire, &cuts), Ok(frames));
    }

    #[test]
    fn arbitrary_bytes_never_panic(input in prop::collection::vec(any::<u8>(), 0..2000), cuts in prop::collection::vec(any::<usize>(), 0..20)) {
        let _ = decode(&input, &cuts);
    }

    #[test]
    fn a_type_of_the_future_is_skipped(kind in 4_u8..16, flags in 0_u8..16, stream in any::<u32>(), length in 0_usize..500, cut in any::<usize>()) {
        let mut wire = Vec::new();
        encode_header(&mut wire, length, kind, flags, stream);
        wire.resize(wire.len() + length, 0xaa);
        let after = Whole::Window { stream: 3, increment: 9 };
        after.encode(&mut wire);
        prop_assert_eq!(decode(&wire, &[cut]), Ok(vec![after]));
    }
}

#[test]
fn the_first_bytes_of_a_real_client_are_a_syn_with_the_heartbeat_type() {
    let wire = [0, 0, 4, 0x12, 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xff];
    let syn = Whole::Data { stream: 3, syn: true, fin: false, bytes: vec![0xff; 4] };
    assert_eq!(decode(&wire, &[]), Ok(vec![syn.clone()]));
    let mut encoded = Vec::new();
    syn.encode(&mut encoded);
    assert_eq!(encoded, wire);
}

#[test]
fn a_long_goodbye_is_cut_short_and_passed_over() {
    let mut wire = Vec::new();
    Frame::GoAway { last_stream: 7, code: ErrorCode::NONE, text: &[b'x'; 9000] }.encode(&mut wire);
    let reset = Whole::Reset { stream: 3, code: 5 };
    reset.encode(&mut wire);
    let goaway = Whole::GoAway { last_stream: 7, code: 0, text: vec![b'x'; MAX_TEXT] };
    assert_eq!(decode(&wire, &[100, 5000]), Ok(vec![goaway, reset]));
}

#[test]
fn frames_that_cannot_be_are_named() {
    let mut cases = Vec::new();
    let mut case = |length: usize, kind: u8, stream: u32, body: &[u8]| {
        let mut wire = Vec::new();
        encode_header(&mut wire, length, kind, 0, stream);
        wire.extend_from_slice(body);
        cases.push(decode(&wire, &[]).unwrap_err().to_string());
    };
    case(5, RST, 1, &[0; 5]);
    case(4, RST, 0, &[0; 4]);
    case(0, DATA, 0, &[]);
    case(0, DATA, 0x8000_0001, &[]);
    case(3, WNDINC, 1, &[0; 3]);
    case(4, WNDINC, 1, &[0; 4]);
    case(4, WNDINC, 1, &[0xff; 4]);
    case(7, GOAWAY, 0, &[0; 7]);
    case(8, GOAWAY, 2, &[0; 8]);
    case(0xff_ffff, GOAWAY, 0, &[]);
    assert_eq!(
        cases,
        [
            "a RST frame of 5 bytes",
            "a RST frame for stream 0x0",
            "a DATA frame for stream 0x0",
            "a DATA frame for stream 0x80000001",
            "a WNDINC frame of 3 bytes",
            "a WNDINC frame with an increment of 0x0",
            "a WNDINC frame with an increment of 0xffffffff",
            "a GOAWAY frame of 7 bytes",
            "a GOAWAY frame for stream 0x2",
            "a GOAWAY frame of 16777215 bytes",
        ]
    );
}
