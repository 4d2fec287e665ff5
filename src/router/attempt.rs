//! One HTTP call: dispatch, head, body, judgement.
//!
//! Rules:
//! - A 200 is not a success until the answer is complete and has passed its gates.
//! - Every wait is bounded: connect by the connector; head, first token, silence between tokens and the whole call by
//!   the chain; everything by the request's deadline and the client's patience.
//! - Tokens go to the client as they come, unless a gate needs the whole answer first; the white space that an answer
//!   begins with waits for its first word. Tool calls are always given whole and last; their fragments count as progress
//!   like tokens.
//! - Whatever is not a complete answer is read no further; dropping the response closes its connection.

use super::client::Client;
use super::policy::gates::{Answer, Asked, Flaw, Gates, Refused, Stopped};
use super::policy::join::{Join, Unjoined};
use crate::event::{Allowance, Class, Usage};
use crate::provider::{self, Adapter, Answered, Ask, Cannot, Complaint, Embed, Piece, Scope};
use crate::runtime::Clock;
use crate::transport::{SendError, Upstream};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

/// An error body is read no further than this.
const MAX_ERROR_BODY: usize = 64 * 1024;
/// An answer is read no further than this.
const MAX_BODY: usize = 16 << 20;

/// What is said of a call that lost a race.
pub(super) const OUTRUN: &str = "another target came first";

/// What one call is allowed to take, as offsets from the start of the drill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The response head.
    pub(super) head: Duration,
    /// The first token of a stream.
    pub(super) first_token: Duration,
    /// Silence between two tokens of a stream, or two reads of a plain body.
    pub(super) idle: Duration,
    /// The last byte.
    pub(super) end: Duration,
    /// The client is gone by then.
    pub(super) gone: Option<Duration>,
}

/// One call to make.
pub(super) struct Call<'a> {
    pub(super) upstream: &'a Upstream,
    pub(super) adapter: Adapter,
    pub(super) wanted: Wanted<'a>,
    /// What an answer must pass, and what it answers.
    pub(super) gates: &'a Gates,
    pub(super) asked: Asked<'a>,
    /// Whether the client gets nothing before the answer is whole; some gates see to that too.
    pub(super) holds_back: bool,
    /// Where the answer meets what the client has, if it goes on from there.
    pub(super) join: Option<Join>,
    /// The value of `x-hopdrill-key`.
    pub(super) key: &'a str,
    pub(super) bounds: Bounds,
    /// Rings when another call has the answer.
    pub(super) outrun: Option<oneshot::Receiver<()>>,
}

/// What is wanted of the provider.
pub(super) enum Wanted<'a> {
    Answer(Ask<'a>),
    Vector(Embed<'a>),
    /// The list of models, for a health check with this key.
    Models(&'a str),
}

impl Wanted<'_> {
    fn is_stream(&self) -> bool {
        matches!(self, Self::Answer(Ask { stream: true, .. }))
    }

    fn prompt_tokens(&self) -> u32 {
        match self {
            Self::Answer(ask) => ask.prompt_tokens(),
            Self::Vector(embed) => provider::tokens(embed.text.len()),
            Self::Models(_) => 0,
        }
    }
}

/// What came of a call.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) class: Class,
    pub(super) detail: Cow<'static, str>,
    pub(super) status: Option<StatusCode>,
    /// When the head was read.
    pub(super) head: Option<Duration>,
    /// The wait the provider asked for, in seconds.
    pub(super) retry_after: Option<f64>,
    /// Whom that wait is for, if it was said.
    pub(super) scope: Option<Scope>,
    /// What the head says of the end of the model.
    pub(super) retires: Option<String>,
    /// What the head says is left of the limits, if there was one.
    pub(super) allowance: Option<Allowance>,
    /// Tokens of the answer read.
    pub(super) tokens: u32,
    /// What the call is charged for. Where the provider does not say, a 200 counts for its prompt and for what was read;
    /// nothing else is charged.
    pub(super) usage: Option<Usage>,
    /// Whether any of it reached the client.
    pub(super) delivered: bool,
    /// What reached the client of a streamed answer.
    pub(super) given: String,
    /// What is wrong with the form of an answer that did not pass its gates.
    pub(super) flaw: Option<Flaw>,
}

/// Progress of a call that the router wants to hear of at once.
pub(super) trait Progress {
    /// The first token of a stream was read.
    fn first_token(&mut self);
}

type Failed = (Class, Cow<'static, str>);

/// Makes the call.
pub(super) async fn run<C: Client>(
    mut call: Call<'_>,
    clock: Clock,
    client: &mut C,
    progress: &mut (impl Progress + Send),
) -> Judgement {
    let mut verdict = Judgement {
        class: Class::Ok,
        detail: Cow::Borrowed(""),
        status: None,
        head: None,
        retry_after: None,
        scope: None,
        retires: None,
        allowance: None,
        tokens: 0,
        usage: None,
        delivered: false,
        given: String::new(),
        flaw: None,
    };
    if let Err((class, detail)) = exchange(&mut call, clock, client, progress, &mut verdict).await {
        verdict.class = class;
        verdict.detail = detail;
    }
    if verdict.status == Some(StatusCode::OK) {
        let estimate =
            Usage { prompt: call.wanted.prompt_tokens(), cached: 0, answer: verdict.tokens, estimated: true };
        verdict.usage = verdict.usage.or(Some(estimate));
    }
    verdict
}

async fn exchange<C: Client>(
    call: &mut Call<'_>,
    clock: Clock,
    client: &mut C,
    progress: &mut (impl Progress + Send),
    verdict: &mut Judgement,
) -> Result<(), Failed> {
    let mut timer = Timer::new(clock, call.bounds, call.outrun.take());
    let request = request(call)?;
    let head_by =
        if call.wanted.is_stream() { call.bounds.head.min(call.bounds.first_token) } else { call.bounds.head };
    let response =
        timer.within(head_by, "no response head", call.upstream.send(request)).await?.map_err(|e| match e {
            SendError::ConnectTimeout => (Class::Timeout, e.as_str().into()),
            SendError::NotHttp => (Class::Malformed, e.as_str().into()),
            SendError::Refused | SendError::Reset => (Class::Connect, Cow::Borrowed(e.as_str())),
        })?;
    verdict.head = Some(clock.now());
    verdict.status = Some(response.status());
    verdict.allowance = Some(call.adapter.allowance(response.headers()));
    verdict.retires = call.adapter.retirement(response.headers());
    if response.status() != StatusCode::OK {
        return Err(refusal(call, response, &mut timer, verdict).await);
    }
    let (response, given) = if call.wanted.is_stream() && call.adapter.is_stream(response.headers()) {
        stream(call, response, &mut timer, client, progress, verdict).await?
    } else {
        let body = collect(response.into_body(), &mut timer, MAX_BODY).await?;
        if matches!(call.wanted, Wanted::Models(_)) {
            return call.adapter.check_models(&body).map_err(|c| complain(c, verdict));
        }
        if let Wanted::Vector(embed) = &call.wanted {
            let embedder = call.adapter.embedder().map_err(|cannot| refused(&cannot))?;
            let vector = embedder.vector(&body, embed.dimensions, &mut verdict.usage);
            let vector = vector.map_err(|c| complain(c, verdict))?;
            verdict.tokens = 1;
            verdict.delivered = true;
            client.vector(&vector).await;
            return Ok(());
        }
        let mut response = call.adapter.answer(&body, &mut verdict.usage).map_err(|c| complain(c, verdict))?;
        verdict.tokens = response.answered.tokens();
        response.answered.text = call.meets(response.answered.text)?;
        (response, 0)
    };
    let provider::Response { answered: Answered { text, calls }, finish, model } = response;
    let ended = finish.check(!calls.is_empty()).map_err(|Complaint { class, detail, .. }| {
        let flaw = match class {
            Class::Malformed => Some(Flaw::Length),
            Class::Schema => Some(Flaw::Format),
            _ => None,
        };
        Refused { class, why: detail, flaw }
    });
    let made: Vec<_> = calls.iter().map(|call| (call.name.as_str(), call.arguments.as_str())).collect();
    if let Some(join) = &call.join {
        join.end().map_err(unjoined)?;
    }
    let whole = match &call.join {
        Some(join) => Cow::Owned(format!("{}{text}", join.given())),
        None => Cow::Borrowed(text.as_str()),
    };
    let answer = Answer { text: &whole, calls: &made, ended: ended.as_ref().copied(), model: model.as_deref() };
    call.gates.check(&call.asked, &answer).map_err(|by| stopped(by, verdict))?;
    let rest = text.get(given..).unwrap_or_default();
    if !rest.is_empty() {
        client.token(rest).await;
    }
    for made in &calls {
        client.call(made).await;
    }
    verdict.delivered = true;
    Ok(())
}

impl Call<'_> {
    /// What of this text the client does not have yet.
    fn meets(&mut self, text: String) -> Result<String, Failed> {
        match &mut self.join {
            Some(join) => join.hear(&text).map_err(unjoined),
            None => Ok(text),
        }
    }
}

fn unjoined(why: Unjoined) -> Failed {
    (Class::Malformed, why.to_string().into())
}

fn stopped(by: Stopped, verdict: &mut Judgement) -> Failed {
    verdict.flaw = by.refused.flaw;
    (by.refused.class, by.refused.why)
}

/// The driver passes over targets that cannot do what is asked, so nobody gets here.
fn refused(cannot: &Cannot) -> Failed {
    (Class::BadRequest, cannot.to_string().into())
}

fn request(call: &Call<'_>) -> Result<Request<Bytes>, Failed> {
    let invalid = |_| (Class::BadRequest, Cow::Borrowed("the request cannot be put into HTTP"));
    let mut request = match &call.wanted {
        Wanted::Answer(ask) => call.adapter.request(ask),
        Wanted::Models(secret) => call.adapter.models_request(secret),
        Wanted::Vector(embed) => call.adapter.embedder().map_err(|cannot| refused(&cannot))?.request(embed),
    }
    .map_err(invalid)?;
    let key = http::HeaderValue::try_from(call.key).map_err(|e| invalid(e.into()))?;
    request.headers_mut().insert(http::HeaderName::from_static("x-hopdrill-key"), key);
    Ok(request)
}

fn complain(complaint: Complaint, verdict: &mut Judgement) -> Failed {
    verdict.retry_after = complaint.retry_after;
    verdict.scope = complaint.scope;
    (complaint.class, complaint.detail)
}

async fn refusal(call: &Call<'_>, response: Response<Incoming>, timer: &mut Timer, verdict: &mut Judgement) -> Failed {
    let (head, body) = response.into_parts();
    let body = match collect(body, timer, MAX_ERROR_BODY).await {
        Ok(body) => body,
        Err(gone @ (Class::Cancelled, _)) => return gone,
        // The status says enough even where the body that explains it breaks off.
        Err(_) => Vec::new(),
    };
    complain(call.adapter.complaint(head.status, &head.headers, &body), verdict)
}

async fn frame(body: &mut Incoming) -> Result<Option<Bytes>, Failed> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(_)) => return Err((Class::Interrupted, "the body broke off".into())),
        }
    }
}

async fn collect(mut body: Incoming, timer: &mut Timer, most: usize) -> Result<Vec<u8>, Failed> {
    let mut whole = Vec::new();
    while let Some(data) = timer.within_idle("the body stalled", frame(&mut body)).await?? {
        whole.extend_from_slice(&data);
        if whole.len() > most {
            return Err((Class::Malformed, "the body is too long".into()));
        }
    }
    Ok(whole)
}

/// Reads a streamed answer, handing tokens on unless a gate holds them back. Returns it, and how many bytes of its text
/// were handed on.
async fn stream<C: Client>(
    call: &mut Call<'_>,
    response: Response<Incoming>,
    timer: &mut Timer,
    client: &mut C,
    progress: &mut (impl Progress + Send),
    verdict: &mut Judgement,
) -> Result<(provider::Response, usize), Failed> {
    let held = call.holds_back || call.gates.hold(&call.asked);
    let mut reader = call.adapter.reader();
    let mut body = response.into_body();
    let mut text = String::new();
    let mut given = 0;
    let mut pieces: Vec<Piece> = Vec::new();
    let mut length = 0;
    // Only tokens are progress: pings and comments do not keep a stalled stream alive.
    let mut stalled_by = call.bounds.first_token;
    loop {
        let waiting_for = if verdict.tokens == 0 { "no first token" } else { "the stream stalled" };
        let data = match timer.within(stalled_by, waiting_for, frame(&mut body)).await {
            Ok(Ok(Some(data))) => data,
            Ok(Ok(None)) => break,
            // The answer is whole; only its terminator is missing.
            Ok(Err(_)) | Err((Class::Timeout, _)) if reader.end().is_ok() => break,
            Ok(Err(failed)) | Err(failed) => return Err(failed),
        };
        length += data.len();
        if length > MAX_BODY {
            return Err((Class::Malformed, "the stream is too long".into()));
        }
        let fed = reader.feed(&data, |piece| pieces.push(piece));
        for piece in pieces.drain(..) {
            stalled_by = timer.clock.now() + call.bounds.idle;
            if piece == Piece::CallBegun {
                continue;
            }
            if verdict.tokens == 0 {
                progress.first_token();
            }
            verdict.tokens += if let Piece::CallPart(tokens) = piece { tokens.max(1) } else { 1 };
            let Piece::Text(piece) = piece else { continue };
            text.push_str(&call.meets(piece)?);
            if held || (given == 0 && text.trim_start().is_empty()) {
                continue;
            }
            if given == 0 {
                call.gates.check_head(&call.asked, reader.model()).map_err(|by| stopped(by, verdict))?;
                verdict.delivered = true;
            }
            verdict.given.push_str(&text[given..]);
            client.token(&text[given..]).await;
            given = text.len();
        }
        fed.map_err(|c| complain(c, verdict))?;
    }
    let usage = reader.usage();
    let response = reader.into_response(text).map_err(|c| complain(c, verdict))?;
    verdict.usage = usage;
    Ok((response, given))
}

/// One timer for all the waits of a call. It is only moved when it would ring too late, so a stream of many tokens does
/// not touch the timer wheel for each of them.
struct Timer {
    clock: Clock,
    bounds: Bounds,
    outrun: Option<oneshot::Receiver<()>>,
    sleep: Pin<Box<Sleep>>,
}

impl Timer {
    fn new(clock: Clock, bounds: Bounds, outrun: Option<oneshot::Receiver<()>>) -> Self {
        let first = clock.at(bounds.end);
        Self { clock, bounds, outrun, sleep: Box::pin(tokio::time::sleep_until(first)) }
    }

    async fn within_idle<F: Future>(&mut self, what: &'static str, future: F) -> Result<F::Output, Failed> {
        let by = self.clock.now() + self.bounds.idle;
        self.within(by, what, future).await
    }

    async fn within<F: Future>(&mut self, by: Duration, what: &'static str, future: F) -> Result<F::Output, Failed> {
        let (by, failed) = self.earliest(by, what);
        let by = self.clock.at(by);
        if self.sleep.deadline() > by || self.sleep.is_elapsed() {
            self.sleep.as_mut().reset(by);
        }
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                biased;
                output = &mut future => return Ok(output),
                () = rung(self.outrun.as_mut()) => {
                    return Err((Class::Cancelled, Cow::Borrowed(OUTRUN)));
                }
                () = self.sleep.as_mut() => {
                    if Instant::now() >= by {
                        return Err(failed);
                    }
                    self.sleep.as_mut().reset(by);
                }
            }
        }
    }

    fn earliest(&self, by: Duration, what: &'static str) -> (Duration, Failed) {
        let (mut at, mut failed) = (by, (Class::Timeout, what));
        if self.bounds.end < at {
            (at, failed) = (self.bounds.end, (Class::Timeout, "too slow"));
        }
        if let Some(gone) = self.bounds.gone.filter(|&gone| gone <= at) {
            (at, failed) = (gone, (Class::Cancelled, "the client hung up"));
        }
        (at, (failed.0, Cow::Borrowed(failed.1)))
    }
}

/// Waits for a bell that may not be there.
async fn rung(bell: Option<&mut oneshot::Receiver<()>>) {
    match bell {
        // Dropped unrung, nobody waits for the call any more either.
        Some(bell) => drop(bell.await),
        None => std::future::pending().await,
    }
}
