//! Write the review of an incident: long prose, made of the facts in the prompt.

use super::Said;
use super::judge::{self, Given};
use crate::event::Judged;
use mock_providers::luck::Draw;
use rand::RngExt;

const SYSTEM: &str = "You write reviews of incidents from notes: a title, the sections Summary, Timeline, Impact, Cause, \
Response and Actions, and the line `End of review N.` Keep to the facts in the notes.";

const COMPANIES: [&str; 5] =
    ["Brightwater Bank", "Halden Freight", "Corvo Travel", "Nine Elms Clinic", "Tamarind Foods"];
const SERVICES: [&str; 5] = ["payments", "search", "sign-in", "booking", "reporting"];
/// What it was, and what keeps it from coming back.
const CAUSES: [(&str, &str); 5] = [
    ("a certificate that had expired", "renew certificates by machine and warn thirty days ahead"),
    ("a full disk on the primary database", "alert on disks at seventy percent and rotate the logs"),
    ("a change of configuration that skipped its review", "let no change through that nobody else has read"),
    ("a provider that answered every call with an error", "keep a second provider warm and rehearse the switch"),
    ("a retry loop that multiplied the traffic", "give every client a budget of retries and a jittered wait"),
];
const SECTIONS: [&str; 6] = ["## Summary", "## Timeline", "## Impact", "## Cause", "## Response", "## Actions"];

/// What the notes say.
struct Notes<'a> {
    number: u32,
    company: &'a str,
    service: &'a str,
    minutes: u32,
    affected: u32,
    hour: u32,
    cause: usize,
}

impl<'a> Notes<'a> {
    fn told(&self) -> String {
        let Self { number, company, service, minutes, affected, hour, cause } = self;
        let (cause, _) = CAUSES[*cause];
        format!(
            "Review {number} of {company}: {service} failed at {hour}:00 for {minutes} minutes. It met {affected} \
             customers. It came from {cause}."
        )
    }

    fn read(prompt: &'a str) -> Option<Self> {
        let (number, rest) = prompt[prompt.rfind("Review ")? + 7..].split_once(" of ")?;
        let (company, rest) = rest.split_once(": ")?;
        let (service, rest) = rest.split_once(" failed at ")?;
        let (hour, rest) = rest.split_once(":00 for ")?;
        let (minutes, rest) = rest.split_once(" minutes. It met ")?;
        let (affected, rest) = rest.split_once(" customers. It came from ")?;
        let cause = CAUSES.iter().position(|(cause, _)| rest.starts_with(cause))?;
        Some(Self {
            number: number.parse().ok()?,
            company,
            service,
            minutes: minutes.parse().ok()?,
            affected: affected.parse().ok()?,
            hour: hour.parse().ok()?,
            cause,
        })
    }

    fn written(&self) -> String {
        let Self { number, company, service, minutes, affected, hour, cause } = self;
        let (cause, remedy) = CAUSES[*cause];
        let noticed = minutes / 6 + 1;
        let found = minutes / 2 + 1;
        let calls = affected / 40 + 1;
        let severity = match minutes {
            0..=30 => "the third, the lowest that is reviewed in writing",
            31..=90 => "the second, which brings the service's owner to the table",
            _ => "the first, which is read by everybody in engineering",
        };
        let reach = if *affected > 20_000 {
            "That is a large part of everyone who was about at that hour, and the status page had more readers than the \
             service had users."
        } else {
            "Most customers never noticed, but those who did had no other way to get their work done, and they told us \
             so in plain words."
        };
        format!(
            "# Review {number}: {service} at {company}\n\n\
             ## Summary\n\
             At {hour}:00 the {service} service of {company} stopped answering, and it stayed away for {minutes} minutes. \
             Requests of {affected} customers failed while it lasted. The reason was {cause}. Nobody was harmed and no \
             data was lost, yet the outage was longer than it had to be, and most of that time went into looking for the \
             cause rather than into mending it. Its severity is {severity}.\n\n\
             ## Timeline\n\
             The first request failed at {hour}:00. The alarm rang {noticed} minutes later, because it waits for a steady \
             rate of errors before it wakes anybody. The engineer on call opened the dashboard, saw that only {service} \
             was affected, and called in a colleague who knew the system better. After {found} minutes they had found \
             the cause. The remedy was in place soon after that, and at minute {minutes} the last queue had drained and \
             every probe was green again.\n\n\
             ## Impact\n\
             {affected} customers met an error or gave up waiting. {reach} Support answered {calls} calls in the hours \
             that followed, most of them from people who wanted to know whether what they had sent had arrived. It had \
             not: requests that failed were turned away before anything was written, so nothing had to be undone, and \
             nobody was charged for work that was never done.\n\n\
             ## Cause\n\
             Behind it all was {cause}. It had been harmless for a long time, which is why nobody looked. When it \
             finally mattered it took the whole service with it, since there was no second path that requests could \
             have taken. The health check asked a page that does not depend on the broken part, and so it reported that \
             all was well during the whole of the outage.\n\n\
             ## Response\n\
             Two people worked on the problem and one wrote to customers. The runbook named the right dashboard, but it \
             did not name this failure, so the first half of the time went into ruling out what it did name. Handing \
             over between the two engineers went well, and every step was written down as it was taken. The decision to \
             tell customers early was right and cost nothing.\n\n\
             ## Actions\n\
             The team will {remedy}. The health check will follow the path that customers take. The runbook will have a \
             page about this failure, written by those who were there. In a month the outage will be rehearsed on \
             purpose, during working hours, to see whether {minutes} minutes can become five.\n\n\
             End of review {number}."
        )
    }
}

pub(super) struct Job;

impl super::Job for Job {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn prompt(&self, draw: &mut Draw) -> String {
        let notes = Notes {
            number: draw.random_range(1000..100_000),
            company: COMPANIES[draw.random_range(0..COMPANIES.len())],
            service: SERVICES[draw.random_range(0..SERVICES.len())],
            minutes: draw.random_range(8..180),
            affected: draw.random_range(200..60_000),
            hour: draw.random_range(0..24),
            cause: draw.random_range(0..CAUSES.len()),
        };
        notes.told()
    }

    fn answer(&self, prompt: &str, right: bool) -> Option<Said> {
        let mut notes = Notes::read(prompt)?;
        if !right {
            // A fluent review that blames something else.
            notes.cause = (notes.cause + 1) % CAUSES.len();
        }
        Some(Said::Text(notes.written()))
    }

    fn judge(&self, prompt: &str, given: &Given, _model: Option<&str>) -> Judged {
        judge::text(self, prompt, given, |said| {
            let ends = said.rsplit_once('\n').is_some_and(|(_, last)| last.starts_with("End of review "));
            said.starts_with("# Review ") && ends && SECTIONS.iter().all(|section| said.contains(section))
        })
    }
}
