use super::super::framing::{Framing, MAX_MESSAGE};
use super::bedrock::{exception, frame};
use super::*;
use proptest::prelude::*;

/// Messages in the order in which they came, and how it went.
type Found = (Vec<(String, bool, String)>, Result<(), Class>);

fn parse<'a>(framing: Framing, pieces: impl IntoIterator<Item = &'a [u8]>) -> Found {
    let mut parser = framing.parser();
    let mut seen = Vec::new();
    for piece in pieces {
        let fed = parser.feed(piece, |message| {
            seen.push((message.name.to_owned(), message.is_error, message.data.to_owned()));
            Ok(())
        });
        if let Err(complaint) = fed {
            return (seen, Err(complaint.class));
        }
    }
    (seen, Ok(()))
}

const EVENTS: &str =
    "event: a\ndata: {\"x\":\"é\"}\n\n: comment\r\ndata:1\r\ndata: 2\r\n\r\nid: 7\n\ndata: [DONE]\n\ndata: unended\n";
const LINES: &str = "{\"x\":\"é\"}\r\n\n  \n{\"y\":[1,2]}\n {\"z\":null} \n{\"unended\":";

fn frames() -> Vec<u8> {
    let mut stream = frame("messageStart", "{\"role\":\"assistant\"}");
    stream.extend(frame("contentBlockDelta", "{\"delta\":{\"text\":\"é\"}}"));
    stream.extend(frame("messageStop", ""));
    stream.extend(exception("throttlingException", "{\"message\":\"Slow down.\"}"));
    stream.extend(&frame("metadata", "{}")[..20]);
    stream
}

fn sample(framing: Framing) -> Vec<u8> {
    match framing {
        Framing::Sse => EVENTS.into(),
        Framing::Lines => LINES.into(),
        Framing::EventStream => frames(),
    }
}

fn framing() -> impl Strategy<Value = Framing> {
    prop_oneof![Just(Framing::Sse), Just(Framing::Lines), Just(Framing::EventStream)]
}

#[test]
fn every_framing_gives_whole_messages_and_nothing_of_one_that_has_not_ended() {
    let found = |framing| {
        let (messages, end) = parse(framing, [&*sample(framing)]);
        assert_eq!(end, Ok(()));
        messages
    };
    let message = |name: &str, data: &str| (name.to_owned(), false, data.to_owned());
    assert_eq!(found(Framing::Sse), [message("a", "{\"x\":\"é\"}"), message("", "1\n2"), message("", "[DONE]")]);
    let lines = ["{\"x\":\"é\"}", "{\"y\":[1,2]}", "{\"z\":null}"];
    assert_eq!(found(Framing::Lines), lines.map(|line| message("", line)));
    let error = ("throttlingException".to_owned(), true, "{\"message\":\"Slow down.\"}".to_owned());
    let events = [
        message("messageStart", "{\"role\":\"assistant\"}"),
        message("contentBlockDelta", "{\"delta\":{\"text\":\"é\"}}"),
        message("messageStop", ""),
        error,
    ];
    assert_eq!(found(Framing::EventStream), events);
}

#[rstest]
#[case(Framing::Sse, b"data: ")]
#[case(Framing::Lines, b"{")]
fn what_never_ends_is_refused(#[case] framing: Framing, #[case] start: &[u8]) {
    let endless = vec![b'x'; MAX_MESSAGE + 1];
    assert_eq!(parse(framing, [start, &endless]).1, Err(Class::Malformed));
    let data = [b"data: ", &*vec![b'x'; MAX_MESSAGE / 2], b"\n"].concat();
    assert_eq!(parse(Framing::Sse, [&*data, &data, &data]).1, Err(Class::Malformed));
}

#[rstest]
fn a_frame_is_not_taken_on_trust(#[values(0, 5, 9, 15, 30, 60)] at: usize) {
    let mut stream = frame("contentBlockDelta", "{\"delta\":{\"text\":\"hello\"}}");
    stream[at] ^= 1;
    assert_eq!(parse(Framing::EventStream, [&*stream]), (vec![], Err(Class::Malformed)));
}

#[rstest]
#[case::huge(u32::MAX, 0)]
#[case::tiny(15, 0)]
#[case::headers_longer_than_all(16, 1)]
fn lengths_that_cannot_be_are_refused_also_under_good_checksums(#[case] total: u32, #[case] headers: u32) {
    let mut bytes = [total.to_be_bytes(), headers.to_be_bytes()].concat();
    for _ in 0..2 {
        let checksum = crc32fast::hash(&bytes).to_be_bytes();
        bytes.extend(checksum);
    }
    assert_eq!(parse(Framing::EventStream, [&*bytes]).1, Err(Class::Malformed));
}

/// What a reader makes of a stream in these pieces.
fn steps<'a>(dialect: Dialect, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Piece>, bool, Vec<ToolCall>) {
    let mut reader = Adapter::new(dialect).reader();
    let mut seen = Vec::new();
    for piece in pieces {
        reader.feed(piece, |step| seen.push(step)).expect("well formed");
    }
    (seen, reader.end().is_ok(), reader.into_response(String::new()).map_or(Vec::new(), |r| r.answered.calls))
}

fn cut(whole: &[u8], mut cuts: Vec<usize>) -> Vec<&[u8]> {
    cuts.iter_mut().for_each(|cut| *cut %= whole.len());
    cuts.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for cut in cuts {
        pieces.push(&whole[from..cut]);
        from = cut;
    }
    pieces.push(&whole[from..]);
    pieces
}

proptest! {
    #[test]
    fn a_reader_takes_the_same_steps_however_a_stream_is_cut(
        (dialect, stream) in prop_oneof![
            Just((Dialect::OpenAi, openai::calling_stream().into_bytes())),
            Just((Dialect::Anthropic, anthropic::calling_stream().into_bytes())),
            Just((Dialect::Bedrock, bedrock::calling_stream())),
            Just((Dialect::Ollama, ollama::calling_stream().into_bytes())),
        ],
        cuts in proptest::collection::vec(any::<usize>(), 0..12),
    ) {
        prop_assert_eq!(steps(dialect, cut(&stream, cuts)), steps(dialect, [&*stream]));
    }

    #[test]
    fn the_cuts_between_pieces_do_not_matter(
        framing in framing(),
        cuts in proptest::collection::vec(any::<usize>(), 0..12),
    ) {
        let whole = sample(framing);
        prop_assert_eq!(parse(framing, cut(&whole, cuts)), parse(framing, [&*whole]));
    }

    #[test]
    fn nor_do_they_where_a_stream_is_broken(
        framing in framing(),
        at in any::<usize>(),
        bit in 0..8_u32,
        size in 1..40_usize,
    ) {
        let mut whole = sample(framing);
        let at = at % whole.len();
        whole[at] ^= 1 << bit;
        prop_assert_eq!(parse(framing, whole.chunks(size)), parse(framing, [&*whole]));
    }

    #[test]
    fn no_bytes_make_a_parser_panic(framing in framing(), bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(framing, [&*bytes]);
    }
}
