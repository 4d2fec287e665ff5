//! One request, from its bytes to its response.
//!
//! The order is: read the body, know who asks (key), find the route, check the key of the API, read the request, find
//! the model, let the script decide, answer. An injected fault goes before the model's own limits.

use super::Provider;
use super::admission::TurnedAway;
use super::body::{Planned, ResetFlag};
use super::connection::ResetMark;
use super::exchange::Exchange;
use super::key::Key;
use crate::course::{Course, Cue, Ending, Inside, Length, Point, Timetable};
use crate::dialect::{
    Answer, Ask, Failure, Finish, Format, Frames, JSON, NO_PREFILL, Place, Problem, Reply, Route, Scene, Took,
    Unreadable,
};
use crate::fault::{Cause, Endpoint, Injection, Instead, Scenery};
use crate::ledger::End;
use crate::limits::{Figures, Lie};
use crate::luck::key_hash;
use crate::model::{Capability, Model, Retirement};
use crate::script::{About, Verdict};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::convert::Infallible;
use std::error::Error;
use std::time::{Duration, UNIX_EPOCH};

/// The largest request body that is read.
const LARGEST: usize = 32 << 20;
/// The second since 1970 at which every drill begins, to its clients.
pub const EPOCH: u64 = 1_767_225_600;

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
            reset: parts.extensions.get::<ResetFlag>().cloned(),
            api_key: String::new(),
            figures: None,
            retires: None,
            array: false,
            took: Took::default(),
        };
        let secret = turn.format.key(&parts.headers, query);
        let key_name = self.inner.key_name(secret);
        turn.api_key.push_str(key_name.unwrap_or(secret));
        let route = turn.format.route(&parts.method, path, query);
        turn.array = matches!(route, Route::Ask(Place { array: true, .. }));
        let may = turn.format.admit(&parts.headers, query).and(match key_name {
            Some(_) => Ok(()),
            None => Err(Problem::Cause(Cause::Auth)),
        });
        let wanted = match route {
            _ if too_large => Err(Problem::TooLarge),
            Route::Unknown => Err(Problem::NoSuchPath(&parts.method, path)),
            Route::WrongMethod => Err(Problem::WrongMethod(&parts.method, path)),
            Route::Health => Ok(Wanted::Health),
            Route::Models => may.map(|()| Wanted::Models),
            Route::Ask(place) => may.map(|()| Wanted::Answer(place)),
        };
        // Who is turned away at the door is written down with what it came for.
        if let (Err(_), Route::Ask(place)) = (&wanted, route)
            && let Ok(ask) = turn.format.read(place, &body)
        {
            turn.exchange.asked(&ask.model, ask.stream, ask.prompt_tokens);
        }
        if parts.method == Method::HEAD {
            // hyper never asks for the body of such a response, so nobody would notice its end.
            turn.exchange.end(End::Complete);
        }
        Ok(match wanted {
            Err(problem) => turn.fail(&problem, None, None, 0),
            Ok(Wanted::Health) => turn.send_at_once(Vec::new()),
            Ok(Wanted::Models) => turn.list_models().await,
            Ok(Wanted::Answer(place)) => turn.answer(place, &parts.headers, &body).await,
        })
    }
}

/// What a request that may come in is for.
enum Wanted<'u> {
    Answer(Place<'u>),
    Models,
    Health,
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
    reset: Option<ResetFlag>,
    api_key: String,
    /// What is told of the limits.
    figures: Option<Box<Figures>>,
    retires: Option<Retirement>,
    /// A stream was asked for that is one JSON array.
    array: bool,
    took: Took,
}

impl Turn<'_> {
    async fn answer(mut self, place: Place<'_>, headers: &HeaderMap, body: &[u8]) -> Response<Planned> {
        let mut ask = match self.format.read(place, body) {
            Ok(ask) => ask,
            Err(error) => return self.unreadable(&error),
        };
        self.exchange.asked(&ask.model, ask.stream, ask.prompt_tokens);
        if let Err(problem) = self.format.check(headers, &ask) {
            return self.fail(&problem, Some(&ask), None, 0);
        }
        let setup = &self.provider.inner.setup;
        let Some(model) = setup.models.iter().find(|model| *model.name == *ask.model) else {
            return self.fail(&Problem::Cause(Cause::ModelGone), Some(&ask), None, 0);
        };
        self.retires = model.retires;
        let verdict = self.decide(&ask);
        let (key, attempt) = self.exchange.key();
        let ids = [key_hash(key), u64::from(attempt)];
        let changed = verdict.model(model);
        let model = &*changed;
        let Verdict { delay_headers, delay_first_token, delay_between, injected, lie, .. } = verdict;

        let head_ms = whole_ms(self.received).saturating_add(whole_ms(delay_headers));
        if let Some(instead) = self.instead(&ask, injected.as_ref()) {
            return self.put(instead, &ask, head_ms, model.context).await;
        }
        let blocked = self.blocks(&ask, model);
        if let Some(problem) = self.objection(&ask, model, blocked) {
            self.wait_until(head_ms).await;
            return self.fail(&problem, Some(&ask), None, model.context);
        }
        if !model.prefill {
            // It answers anew.
            ask.prefill = None;
        }
        let head_ms = match self.come_in(&ask, lie).await {
            Ok(()) => head_ms.max(whole_ms(self.provider.now())),
            Err(TurnedAway { cause, figures }) => {
                self.wait_until(head_ms).await;
                let retry_after = figures.as_ref().and_then(|figures| figures.retry_after);
                // Whom the quotas let in and the queue does not is still told of the quotas.
                self.figures = figures.or(self.figures);
                return self.fail(&Problem::Cause(cause), Some(&ask), retry_after, model.context);
            }
        };
        self.exchange.priced(model.price);
        let slowdown = self.exchange.admission().map_or(1.0, |admission| admission.slowdown());

        let answer = match ask.endpoint {
            Endpoint::Embeddings => Answer::new(Vec::new(), Finish::Stop),
            _ if blocked => {
                self.exchange.lapsed("filter");
                Answer::new(Vec::new(), self.format.blocks_prompts_with_200().unwrap_or(Finish::Refused))
            }
            _ => self.compose(&ask, model, injected.as_ref(), body, ids),
        };
        let ttft = model.ttft.sample(&mut setup.luck.draw("ttft", &[&setup.name, &ask.model], &ids));
        let per_token_ms = per_token_ms(model.tokens_per_second) * slowdown;
        let thought_ms = libm::round(f64::from(answer.reasoning_tokens) * per_token_ms) as u64;
        let timetable = Timetable {
            first_ms: [whole_ms(ttft), whole_ms(delay_first_token), thought_ms]
                .into_iter()
                .fold(head_ms, u64::saturating_add),
            per_token_ms,
            slowness: delay_between,
            slowed_ms: 0.0,
            burst_ms: self.format.burst_ms(),
        };
        self.exchange.thought(answer.reasoning_tokens);
        self.took = took(&timetable, answer.tokens(), self.received);
        let injected = injected.map(|injected| (injected, timetable.clone()));
        let mut course = self.lay_out(&ask, &answer, head_ms, timetable);
        if let Some((injected, timetable)) = &injected {
            self.carry(&mut course, (&ask, &answer), injected, (head_ms, timetable, model.context));
        }
        if let Some(admission) = self.exchange.admission().filter(|admission| admission.has_a_place()) {
            admission.done = course.done();
        }
        self.wait_until(course.head_ms).await;
        self.send(course)
    }

    /// What the script does to this request.
    fn decide(&self, ask: &Ask<'_>) -> Verdict {
        let inner = &self.provider.inner;
        let (key, attempt) = self.exchange.key();
        let about = About {
            provider: &inner.setup.name,
            model: &ask.model,
            stream: ask.stream,
            endpoint: ask.endpoint,
            api_key: &self.api_key,
            client: ask.user.as_deref().unwrap_or(&self.api_key),
            prompt_tokens: ask.prompt_tokens,
            key,
            attempt,
        };
        self.provider.script().decide(self.received, &about, inner.setup.luck, &inner.counts)
    }

    /// What comes in place of an answer, if anything does.
    fn instead(&mut self, ask: &Ask<'_>, injected: Option<&(u32, Injection)>) -> Option<Instead> {
        let (fault, injection) = injected?;
        let instead = injection.act().instead(ask, self.format)?;
        self.exchange.injected(*fault, injection);
        Some(instead)
    }

    /// Puts it in the place of an answer.
    async fn put(mut self, instead: Instead, ask: &Ask<'_>, head_ms: u64, context: u32) -> Response<Planned> {
        if instead == Instead::Silence {
            std::future::pending::<()>().await;
        }
        self.wait_until(head_ms).await;
        let (problem, retry_after) = match instead {
            Instead::Silence | Instead::Reset => {
                self.exchange.end(End::Reset);
                return nothing(self.exchange);
            }
            Instead::Page(page) => return self.send_failure(page),
            Instead::Status(status, wait) => (Problem::Status(status), wait),
            Instead::Error(cause, wait) => (Problem::Cause(cause), wait),
            Instead::Problem(problem) => (problem, None),
        };
        self.fail(&problem, Some(ask), retry_after, context)
    }

    /// Spoils how the answer travels, if that is what is injected.
    fn carry(
        &mut self,
        course: &mut Course,
        (ask, answer): (&Ask<'_>, &Answer),
        (fault, injection): &(u32, Injection),
        (head_ms, timetable, context): (u64, &Timetable, u32),
    ) {
        let reply = self.reply(ask, answer);
        let scene = self.scene(Some(ask), None, context);
        let scenery = Scenery { format: self.format, reply: &reply, scene: &scene, head_ms, timetable };
        if injection.act().carry(course, &scenery) {
            self.exchange.injected(*fault, injection);
        }
        if injection.act().is_an_error() {
            self.exchange.costs_nothing();
        }
    }

    /// Whether the model's filter blocks the prompt.
    fn blocks(&self, ask: &Ask<'_>, model: &Model) -> bool {
        let risk = self.provider.inner.setup.answers.risk(&ask.prompt);
        risk > 0.0 && risk + model.filter > 1.0
    }

    /// Why this model will not answer this, if it will not.
    fn objection(&self, ask: &Ask<'_>, model: &Model, blocked: bool) -> Option<Problem<'static>> {
        let asks_for = [
            (Capability::Tools, !ask.tools.is_empty()),
            (Capability::JsonSchema, ask.schema.is_some()),
            (Capability::Vision, ask.images > 0),
        ];
        let lacking =
            asks_for.into_iter().find(|(capability, asked)| *asked && !model.capabilities.contains(capability));
        if model.retires.is_some_and(|retires| retires.gone <= self.received) {
            Some(Problem::Cause(Cause::ModelGone))
        } else if let Some((capability, _)) = lacking {
            Some(Problem::Lacks(capability))
        } else if ask.prefill.is_some() && !model.prefill && self.format.refuses_prefill() {
            Some(Problem::BadShape(NO_PREFILL))
        } else if ask.prompt_tokens > model.context {
            Some(Problem::Cause(Cause::ContextLength))
        } else if blocked && self.format.blocks_prompts_with_200().is_none() {
            Some(Problem::Cause(Cause::ContentPolicy))
        } else {
            None
        }
    }

    /// Charges the quotas and waits for a place; what the request holds then belongs to the exchange.
    async fn come_in(&mut self, ask: &Ask<'_>, lie: Option<Lie>) -> Result<(), TurnedAway> {
        let inner = &self.provider.inner;
        let (admission, figures) = inner.charge(ask, &self.api_key, self.exchange.key().0, lie)?;
        self.figures = figures;
        // Whoever hangs up in the queue gives back what was charged: the exchange sees to it.
        self.exchange.admitted(admission);
        let place = inner.enter(ask).await?;
        if let Some(admission) = self.exchange.admission() {
            admission.begin(place);
        }
        Ok(())
    }

    /// The course of an answer that nothing goes wrong with.
    fn lay_out(&self, ask: &Ask<'_>, answer: &Answer, head_ms: u64, mut timetable: Timetable) -> Course {
        let reply = self.reply(ask, answer);
        if ask.stream {
            let content_type = self.format.stream_type(ask);
            let no_cache = (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            let (frames, length) = (self.format.frames(&reply), Length::Chunked);
            Course { content_type, length, headers: vec![no_cache], ..course(frames, head_ms, timetable) }
        } else {
            // What is gathered for a burst is of no concern to an answer in one piece.
            timetable.burst_ms = 0;
            let tokens = answer.tokens();
            let done = timetable.end(tokens);
            let body = match ask.endpoint {
                Endpoint::Embeddings => self.format.embeddings(&reply),
                _ => self.format.plain(&reply),
            };
            course(Frames::whole(body, tokens), done, Timetable::at(done))
        }
    }

    fn reply<'a>(&'a self, ask: &'a Ask<'a>, answer: &'a Answer) -> Reply<'a> {
        Reply { ask, id: &self.id, created: EPOCH + self.received.as_secs(), took: self.took, answer }
    }

    async fn list_models(mut self) -> Response<Planned> {
        let ask = Ask { endpoint: Endpoint::Models, ..Ask::default() };
        let Verdict { delay_headers, injected, .. } = self.decide(&ask);
        let head_ms = whole_ms(self.received).saturating_add(whole_ms(delay_headers));
        if let Some(instead) = self.instead(&ask, injected.as_ref()) {
            return self.put(instead, &ask, head_ms, 0).await;
        }
        let names: Vec<&str> = self.provider.inner.setup.models.iter().map(|model| &*model.name).collect();
        let body = self.format.models(&names);
        let mut course = course(Frames::whole(body, 0), head_ms, Timetable::at(head_ms));
        if let Some(injected) = &injected {
            let answer = Answer::new(Vec::new(), Finish::Stop);
            self.carry(&mut course, (&ask, &answer), injected, (head_ms, &Timetable::at(head_ms), 0));
        }
        self.wait_until(course.head_ms).await;
        self.send(course)
    }

    fn send_at_once(self, body: Vec<u8>) -> Response<Planned> {
        let now = whole_ms(self.received);
        self.send(course(Frames::whole(body, 0), now, Timetable::at(now)))
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
        let scene = self.scene(ask, retry_after, context);
        let failure = self.format.failure(problem, &scene);
        self.send_failure(failure)
    }

    fn send_failure(self, failure: Failure) -> Response<Planned> {
        let Failure { status, content_type, headers, body } = failure;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let now = whole_ms(self.provider.now());
        let course = course(Frames::whole(body, 0), now, Timetable::at(now));
        self.send(Course { status, content_type, headers, ..course })
    }

    /// What an error text may mention.
    fn scene<'a>(&'a self, ask: Option<&'a Ask<'_>>, retry_after: Option<Duration>, context: u32) -> Scene<'a> {
        Scene {
            id: &self.id,
            model: ask.map_or("", |ask| &ask.model),
            prompt_tokens: ask.map_or(0, |ask| ask.prompt_tokens),
            context,
            retry_after,
            figures: self.figures.as_deref(),
            now: Duration::from_secs(EPOCH) + self.provider.now(),
            array: self.array,
            events: 0,
        }
    }

    /// Sends the head now, and the body as it comes due.
    fn send(mut self, mut course: Course) -> Response<Planned> {
        self.exchange.head(course.status.as_u16());
        let (status, content_type, headers) = (course.status, course.content_type, std::mem::take(&mut course.headers));
        let mut response = Response::new(Planned::new(self.exchange, course, self.reset));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.format.mark(response.headers_mut(), &self.id);
        if let Some(retires) = self.retires {
            announce(retires, self.received, response.headers_mut());
        }
        if let Some(figures) = &self.figures {
            let now = Duration::from_secs(EPOCH) + self.provider.now();
            self.format.limits(figures, now, response.headers_mut());
        }
        let took = self.provider.now().saturating_sub(self.received);
        self.format.tell_time(response.headers_mut(), took);
        response.headers_mut().extend(headers.into_iter().map(|(name, value)| (Some(name), value)));
        response
    }

    /// Waits until this many milliseconds from the start of the drill; not at all if that is now or was.
    async fn wait_until(&self, ms: u64) {
        let inner = &self.provider.inner;
        if inner.now() < Duration::from_millis(ms) {
            tokio::time::sleep_until(inner.instant(ms)).await;
        }
    }
}

/// Says in headers when the model was announced to go (RFC 9745) and when it will be gone (RFC 8594).
fn announce(retires: Retirement, now: Duration, headers: &mut HeaderMap) {
    let Some(announced) = retires.announced.filter(|announced| *announced <= now) else { return };
    let gone = UNIX_EPOCH + Duration::from_secs(EPOCH) + retires.gone;
    if let Ok(since) = HeaderValue::try_from(format!("@{}", EPOCH + announced.as_secs())) {
        headers.insert("deprecation", since);
    }
    if let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(gone)) {
        headers.insert("sunset", date);
    }
}

/// How long an answer on this timetable takes if nothing slows it down.
fn took(timetable: &Timetable, tokens: u32, received: Duration) -> Took {
    let first = timetable.first_ms.saturating_sub(whole_ms(received));
    let rest = libm::round(f64::from(tokens) * timetable.per_token_ms) as u64;
    Took { first: Duration::from_millis(first), all: Duration::from_millis(first.saturating_add(rest)) }
}

/// A course on which nothing goes wrong, with a body in one piece.
fn course(frames: Frames, head_ms: u64, timetable: Timetable) -> Course {
    Course {
        status: StatusCode::OK,
        content_type: JSON,
        headers: Vec::new(),
        length: Length::Told(0),
        head_ms,
        frames,
        timetable,
        cues: Vec::new(),
        drip: None,
        filler: None,
        end: End::Complete,
    }
}

/// No response. The connection sees the mark and resets; where there is no connection, the body breaks at once.
fn nothing(exchange: Exchange) -> Response<Planned> {
    let mut nothing = course(Frames::whole(vec![0], 0), 0, Timetable::at(0));
    nothing.cue(Cue::ending(Point::Events(0), Inside::Nothing, Ending::Cut { reset: true }));
    let mut response = Response::new(Planned::new(exchange, nothing, None));
    response.extensions_mut().insert(ResetMark);
    response
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn per_token_ms(tokens_per_second: f64) -> f64 {
    if tokens_per_second > 0.0 { 1e3 / tokens_per_second } else { 0.0 }
}
