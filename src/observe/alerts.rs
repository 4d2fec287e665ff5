//! Who is told of alerts, and how: rules of a scenario, carried out when a drill is over.
//!
//! Telling is no part of the drill: it happens after its clock has stopped, so a slow receiver slows nothing down, and
//! what fails is said without changing the verdict. Since a scenario may come from anywhere, nothing of it is carried out
//! unless the person at the keyboard says so (`--deliver-alerts`), and then:
//!
//! - a command is started directly, not by a shell; its words are the scenario's, and nothing of an alert is among them.
//!   The alert goes to its standard input. It is killed after [`PATIENCE`];
//! - a webhook is an `http://` address of this machine (a relay listens there if it is to go further), so a scenario
//!   cannot reach into somebody's network.
//!
//! Command and webhook get one JSON object an alert, with [`Message`]'s keys.

use super::post;
use crate::event::{AlertKind, DriftCause, Event, EventKind, Micros, Name};
use serde::Serialize;
use std::io::Write as _;
use std::net::IpAddr;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a command or a webhook may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Which alerts go where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Alerts of these kinds.
    pub when: Vec<AlertKind>,
    /// Where they go.
    pub to: Channel,
}

/// Where an alert goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// A line on standard error.
    Log,
    /// A program and its arguments, separated by white space.
    Command(Name),
    /// An address of this machine, `http://127.0.0.1:PORT/PATH`.
    Webhook(Name),
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// The seed of the drill.
    pub seed: u64,
    /// When, in microseconds from the start of the drill.
    #[serde(rename = "at_us")]
    pub at: Micros,
    /// About which target.
    pub target: &'a str,
    /// What kind of thing.
    pub kind: AlertKind,
    /// Of a drift: what made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftCause>,
    /// Why, in a few words.
    pub cause: &'a str,
}

/// What is to be told to whom, in the order of the log and then of the rules.
#[must_use]
pub fn messages<'a>(
    rules: &'a [Rule],
    scenario: &'a str,
    seed: u64,
    events: &'a [Event],
) -> Vec<(&'a Channel, Message<'a>)> {
    let message = |event: &'a Event| match &event.kind {
        EventKind::Alert { target, kind, drift, cause } => {
            Some(Message { scenario, seed, at: event.at, target, kind: *kind, drift: *drift, cause })
        }
        _ => None,
    };
    let tell = |message: Message<'a>| {
        let meant = rules.iter().filter(move |rule| rule.when.contains(&message.kind));
        meant.map(move |rule| (&rule.to, message.clone()))
    };
    events.iter().filter_map(message).flat_map(tell).collect()
}

/// Whether an address is one that a webhook may have.
///
/// # Errors
/// What is wrong with it.
pub fn check_webhook(url: &str) -> Result<(), String> {
    let host = post::host(url)?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let here = bare == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if here { Ok(()) } else { Err(format!("a webhook goes to this machine, and {host} is not known to be it")) }
}

/// Tells one message. What goes to the log is returned, as a line for people.
///
/// # Errors
/// Why it could not be told.
pub fn deliver(channel: &Channel, message: &Message<'_>) -> Result<Option<String>, String> {
    let Message { scenario, seed, at, target, kind, cause, .. } = message;
    let alert = format!("{scenario} (seed {seed}) {:.1}s {target} {}: {cause}", at.as_secs_f64(), kind.as_str());
    let body = serde_json::to_vec(message).map_err(|e| e.to_string())?;
    match channel {
        Channel::Log => Ok(Some(format!("ALERT {alert}"))),
        Channel::Command(line) => {
            run(line, &body).map(|()| None).map_err(|why| format!("alert not delivered to `{line}`: {why} ({alert})"))
        }
        Channel::Webhook(url) => {
            let posted = check_webhook(url).and_then(|()| post::json(url, body, PATIENCE));
            posted.map(|()| None).map_err(|why| format!("alert not delivered to {url}: {why} ({alert})"))
        }
    }
}

fn run(line: &str, input: &[u8]) -> Result<(), String> {
    let mut words = line.split_whitespace();
    let program = words.next().ok_or("there is no command")?;
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| e.to_string())?;
    if let Some(mut stdin) = child.stdin.take() {
        // An alert is far smaller than a pipe's buffer, so this cannot block; a command need not read it.
        let _ = stdin.write_all(input);
    }
    // Nothing is ever sent: it is a way to wait.
    let (_kept, wait) = mpsc::channel::<()>();
    let mut left = PATIENCE;
    loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(status.to_string()),
            None if left.is_zero() => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it took longer than {} s and was killed", PATIENCE.as_secs()));
            }
            None => {
                let _ = wait.recv_timeout(TICK);
                left = left.saturating_sub(TICK);
            }
        }
    }
}

/// How often a command is looked after.
const TICK: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slo::testing::{CLAUDE, GPT, Log};
    use rstest::rstest;

    #[test]
    fn each_rule_is_told_of_the_kinds_it_names() {
        let mut log = Log::new();
        log.alert(1_000, GPT, AlertKind::Auth).alert(2_000, CLAUDE, AlertKind::BreakerOpen);
        let rule = |when: &[AlertKind], to: Channel| Rule { when: when.to_vec(), to };
        let rules = [
            rule(&[AlertKind::Auth], Channel::Log),
            rule(&[AlertKind::BreakerOpen, AlertKind::Auth], Channel::Command("true".into())),
        ];
        let events = log.events();
        let told = messages(&rules, "x", 7, &events);
        let told: Vec<_> = told.iter().map(|(to, m)| ((*to).clone(), m.kind, m.at.0)).collect();
        assert_eq!(
            told,
            [
                (Channel::Log, AlertKind::Auth, 1_000_000),
                (Channel::Command("true".into()), AlertKind::Auth, 1_000_000),
                (Channel::Command("true".into()), AlertKind::BreakerOpen, 2_000_000),
            ]
        );
    }

    #[rstest]
    #[case("http://127.0.0.1:9093/alerts", true)]
    #[case("http://localhost/", true)]
    #[case("http://[::1]:80/", true)]
    #[case("http://10.0.0.1/", false)]
    #[case("http://example.com/", false)]
    #[case("http://localhost.example.com/", false)]
    #[case("http://127.0.0.1@example.com/", false)]
    #[case("https://127.0.0.1/", false)]
    #[case("127.0.0.1:80", false)]
    #[case("", false)]
    fn webhooks_go_to_this_machine_only(#[case] url: &str, #[case] fine: bool) {
        assert_eq!(check_webhook(url).is_ok(), fine, "{:?}", check_webhook(url));
    }

    #[cfg(unix)]
    #[test]
    fn a_command_gets_the_alert_on_its_standard_input_and_its_failure_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("told");
        let message = Message {
            scenario: "x",
            seed: 7,
            at: Micros(1_500_000),
            target: GPT,
            kind: AlertKind::Auth,
            drift: None,
            cause: "$(false); the key of acme is refused",
        };
        let command = |line: String| Channel::Command(line.into());
        assert_eq!(deliver(&command(format!("tee {}", file.display())), &message), Ok(None));
        let told: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(told["cause"], message.cause);
        assert_eq!((&told["kind"], &told["at_us"]), (&"auth".into(), &1_500_000.into()));
        let failed = deliver(&command("false".to_owned()), &message).unwrap_err();
        assert!(failed.starts_with("alert not delivered to `false`: exit status: 1"), "{failed}");
        assert!(deliver(&command("/nowhere/at/all".to_owned()), &message).is_err());
    }
}
