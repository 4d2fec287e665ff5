//! One request, from its bytes to its response.
//!
//! The order is: read the body, know who asks (key), find the route, check the key of the API, read the request, find
//! the model, let the script decide, answer. An injected fault goes before the model's own limits.

use super::Provider;
use super::answer::Answer;
use super::body::{Ending, Planned, Progress, Streamed, Timetable, Whole};
use super::connection::ResetMark;
use super::exchange::Exchange;
use super::key::Key;
use crate::dialect::{Ask, Failure, Format, JSON, Place, Problem, Reply, Route, Scene, Unreadable};
use crate::fault::stream::{Break, broken};
use crate::fault::{Cause, Injection};
use crate::ledger::End;
use crate::luck::key_hash;
use crate::script::{About, Verdict};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

/// The largest request body that is read.
const LARGEST: usize = 32 << 20;
/// The second since 1970 at which every drill begins, to its clients.
const EPOCH: u64 = 1_767_225_600;
/// What a broken proxy says under HTTP 200.
const NOT_JSON: &[u8] =
    b"upstream connect error or disconnect/reset before headers. reset reason: connection termination";

impl Provider {
    /// Answers one request. Dropping the future means that the client went away.
    pub(crate) async fn handle<B>(&self, request: Request<B>) -> Result<Response<Planned>, Infallible>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let (body, too_large) = match Limited::new(body, LARGEST).collect().await {
            Ok(body) => (body.to_bytes(), false),
            Err(error) if error.is::<LengthLimitError>() => (Bytes::new(), true),
            // The client went away before all of its request was here: nothing was received, nothing is answered.
            Err(_) => return Ok(nothing(Exchange::unheard(self.inner.clone()))),
        };
        let received = self.now();

        let path = parts.uri.path();
        let query = parts.uri.query().unwrap_or_default();
        let key = Key::given(&parts.headers).unwrap_or_else(|| {
            Key::derived(parts.method.as_str(), path, &parts.headers, &body, &self.inner.occurrences)
        });
        let mut turn = Turn {
            format: self.inner.setup.dialect.format(),
            provider: self,
            received,
            id: id_of(&self.inner.setup.name, &key),
            exchange: Exchange::begin(self.inner.clone(), key, received),
        };
        let route = turn.format.route(&parts.method, path, query);
        let place = match route {
            _ if too_large => Err(Problem::TooLarge),
            Route::Unknown => Err(Problem::NoSuchPath(&parts.method, path)),
            Route::WrongMethod => Err(Problem::WrongMethod(&parts.method, path)),
            Route::Models => turn.format.admit(&parts.headers, query).map(|()| None),
            Route::Answer(place) => turn.format.admit(&parts.headers, query).map(|()| Some(place)),
        };
        if parts.method == Method::HEAD {
            // hyper never asks for the body of such a response, so nobody would notice its end.
            turn.exchange.end(End::Complete);
        }
        Ok(match place {
            Err(problem) => turn.fail(&problem, None, None, 0),
            Ok(None) => turn.list_models(),
            Ok(Some(place)) => turn.answer(place, &body).await,
        })
    }
}

/// An identifier for one attempt, the same in every run.
fn id_of(provider: &str, key: &Key) -> String {
    format!("{:016x}{:04x}", key_hash(&key.request) ^ key_hash(provider), key.attempt)
}

/// A request being answered.
pub(super) struct Turn<'p> {
    pub(super) format: &'static dyn Format,
    pub(super) provider: &'p Provider,
    received: Duration,
    id: String,
    pub(super) exchange: Exchange,
}

impl Turn<'_> {
    async fn answer(mut self, place: Place<'_>, body: &[u8]) -> Response<Planned> {
        let ask = match self.format.read(place, body) {
            Ok(ask) => ask,
            Err(error) => return self.unreadable(&error),
        };
        self.exchange.asked(&ask.model, ask.stream);
        let setup = &self.provider.inner.setup;
        let Some(model) = setup.models.iter().find(|model| *model.name == *ask.model) else {
            return self.fail(&Problem::Cause(Cause::ModelGone), Some(&ask), None, 0);
        };
        let (key, attempt) = self.exchange.key();
        let about = About { provider: &setup.name, model: &ask.model, stream: ask.stream, key, attempt };
        let ids = [key_hash(key), u64::from(attempt)];
        let Verdict { delay_headers, delay_first_token, delay_between, injected } =
            self.provider.script().decide(self.received, &about, setup.luck);
        let injection = injected.as_ref().map(|(_, injection)| injection);
        if let Some((fault, injection)) = &injected
            && !matches!(injection, Injection::Schema(_))
        {
            self.exchange.injected(*fault, injection);
        }

        let head_ms = whole_ms(self.received) + whole_ms(delay_headers);
        let failure = match injection {
            Some(Injection::Silence) => std::future::pending().await,
            Some(Injection::Reset) => {
                self.wait_until(head_ms).await;
                return self.reset();
            }
            Some(Injection::Status { code, retry_after }) => Some((Problem::Status(*code), *retry_after)),
            Some(Injection::Error { cause: Cause::ContentPolicy, .. })
                if self.format.blocks_prompts_with_200().is_some() =>
            {
                None
            }
            Some(Injection::Error { cause, retry_after }) => Some((Problem::Cause(*cause), *retry_after)),
            Some(Injection::StreamError { .. }) if !ask.stream => Some((Problem::Cause(Cause::Overloaded), None)),
            _ if ask.prompt_tokens > model.context => Some((Problem::Cause(Cause::ContextLength), None)),
            _ => None,
        };
        if let Some((problem, retry_after)) = failure {
            self.wait_until(head_ms).await;
            return self.fail(&problem, Some(&ask), retry_after, model.context);
        }

        let answer = self.compose(&ask, model, injected.as_ref(), body, ids);
        let ttft = model.ttft.sample(&mut setup.luck.draw("ttft", &[&setup.name, &ask.model], &ids));
        let mut timetable = Timetable {
            first_ms: head_ms + whole_ms(ttft) + whole_ms(delay_first_token),
            per_token_ms: per_token_ms(model.tokens_per_second),
            slowness: delay_between,
            slowed_ms: 0.0,
        };
        if ask.stream {
            self.wait_until(head_ms).await;
            self.streamed(&ask, answer, timetable, injection)
        } else {
            self.wait_until(timetable.end(answer.tokens)).await;
            self.plain(&ask, &answer, injection)
        }
    }

    fn plain(mut self, ask: &Ask<'_>, answer: &Answer, injection: Option<&Injection>) -> Response<Planned> {
        if matches!(injection, Some(Injection::Malformed)) {
            return self.respond(StatusCode::OK, JSON, Bytes::from_static(NOT_JSON), None);
        }
        let bytes = Bytes::from(self.format.plain(&self.reply(ask, answer)));
        let how = broken(injection, answer.tokens).map(|(_, how)| how);
        self.exchange.tokens(if how.is_some() { answer.tokens / 2 } else { answer.tokens });
        self.respond(StatusCode::OK, JSON, bytes, how)
    }

    fn streamed(
        mut self,
        ask: &Ask<'_>,
        answer: Answer,
        timetable: Timetable,
        injection: Option<&Injection>,
    ) -> Response<Planned> {
        let mut frames = self.format.frames(&self.reply(ask, &answer));
        let (limit, ending) = match broken(injection, answer.tokens) {
            Some((after, Break::Cut)) => (after, Ending::Cut),
            Some((after, Break::Stall)) => (after, Ending::Stall),
            Some((after, Break::EarlyEnd)) => (after, Ending::Tail(Vec::new(), End::EarlyEnd)),
            Some((after, Break::Error)) => (after, Ending::Tail(self.format.error_event(ask), End::Complete)),
            None if matches!(injection, Some(Injection::Malformed)) => {
                let tail = [frames.broken_event(), std::mem::take(&mut frames.closing)].concat();
                (0, Ending::Tail(tail, End::Complete))
            }
            None => (answer.tokens, Ending::Tail(std::mem::take(&mut frames.closing), End::Complete)),
        };
        self.exchange.head(StatusCode::OK.as_u16());
        let content_type = HeaderValue::from_static(self.format.stream_type(ask));
        let (format, id) = (self.format, self.id);
        let stream = Streamed { frames, text: answer.text, timetable, limit, ending, progress: Progress::default() };
        let mut response = Response::new(Planned::stream(self.exchange, stream));
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        format.mark(response.headers_mut(), &id);
        response
    }

    fn reply<'a>(&'a self, ask: &'a Ask<'a>, answer: &'a Answer) -> Reply<'a> {
        let Answer { text, tokens, finish } = answer;
        Reply { ask, id: &self.id, created: EPOCH + self.received.as_secs(), text, tokens: *tokens, finish: *finish }
    }

    fn list_models(self) -> Response<Planned> {
        let names: Vec<&str> = self.provider.inner.setup.models.iter().map(|model| &*model.name).collect();
        let body = self.format.models(&names);
        self.respond(StatusCode::OK, JSON, body.into(), None)
    }

    fn unreadable(self, error: &Unreadable) -> Response<Planned> {
        match error {
            Unreadable::Missing(field) => self.fail(&Problem::MissingField(field), None, None, 0),
            Unreadable::Json(error) if error.is_data() => {
                self.fail(&Problem::BadShape(&error.to_string()), None, None, 0)
            }
            Unreadable::Json(_) => self.fail(&Problem::NotJson, None, None, 0),
        }
    }

    /// The vendor's words for a problem.
    fn fail(
        self,
        problem: &Problem<'_>,
        ask: Option<&Ask<'_>>,
        retry_after: Option<Duration>,
        context: u32,
    ) -> Response<Planned> {
        let scene = Scene {
            id: &self.id,
            model: ask.map_or("", |ask| &ask.model),
            prompt_tokens: ask.map_or(0, |ask| ask.prompt_tokens),
            context,
            retry_after,
            now: EPOCH + self.provider.now().as_secs(),
        };
        let Failure { status, content_type, headers, body } = self.format.failure(problem, &scene);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = self.respond(status, content_type, body.into(), None);
        response.headers_mut().extend(headers.into_iter().map(|(name, value)| (Some(name), value)));
        response
    }

    /// A response in one piece, broken off halfway if told so.
    fn respond(
        mut self,
        status: StatusCode,
        content_type: &'static str,
        mut bytes: Bytes,
        how: Option<Break>,
    ) -> Response<Planned> {
        self.exchange.head(status.as_u16());
        let (format, id) = (self.format, self.id);
        let length = bytes.len();
        if how.is_some() {
            bytes.truncate(length / 2);
        }
        let (promised, ending) = match how {
            None | Some(Break::Error) => (length, Ending::Tail(Vec::new(), End::Complete)),
            Some(Break::EarlyEnd) => (bytes.len(), Ending::Tail(Vec::new(), End::EarlyEnd)),
            Some(Break::Cut) => (length, Ending::Cut),
            Some(Break::Stall) => (length, Ending::Stall),
        };
        let whole = Whole { bytes: Some(bytes), promised: promised as u64, ending, cut_at: None };
        let mut response = Response::new(Planned::whole(self.exchange, whole));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        format.mark(response.headers_mut(), &id);
        response
    }

    /// No response at all.
    fn reset(mut self) -> Response<Planned> {
        self.exchange.end(End::Reset);
        nothing(self.exchange)
    }

    /// Waits until this many milliseconds from the start of the drill; not at all if that is now or was.
    async fn wait_until(&self, ms: u64) {
        let inner = &self.provider.inner;
        if inner.now() < Duration::from_millis(ms) {
            tokio::time::sleep_until(inner.instant(ms)).await;
        }
    }
}

/// No response. The connection sees the mark and resets; where there is no connection, the body breaks at once.
fn nothing(exchange: Exchange) -> Response<Planned> {
    let whole = Whole { bytes: None, promised: 1, ending: Ending::Cut, cut_at: None };
    let mut response = Response::new(Planned::whole(exchange, whole));
    response.extensions_mut().insert(ResetMark);
    response
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn per_token_ms(tokens_per_second: f64) -> f64 {
    if tokens_per_second > 0.0 { 1e3 / tokens_per_second } else { 0.0 }
}
