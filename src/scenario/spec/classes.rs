//! `classes:` of a chain: what it does about a class of outcome other than the table says.

use crate::event::Class;
use crate::router::policy::decide::{Effect, Next, Retry, Table};
use crate::scenario::reader::Sink;
use crate::scenario::yaml::Node;
use crate::words;

const RETRIES: &[(&str, Retry)] = &[
    ("no", Retry::No),
    ("within_wait", Retry::WithinWait),
    ("once", Retry::OnceBackedOff),
    ("once_at_once", Retry::OnceAtOnce),
];

const NEXTS: &[(&str, Next)] = &[("yes", Next::Yes), ("no", Next::Stop)];

const HEALTH: &[(&str, Effect)] = &[
    ("failure", Effect::Failure),
    ("slow", Effect::SlowFailure),
    ("none", Effect::Silent),
    ("open", Effect::Open),
    ("open_long", Effect::OpenLong),
    ("shut_key", Effect::ShutKey),
    ("bad_answer", Effect::BadAnswer),
];

/// Changes rows of the table.
pub(super) fn read(node: &Node, table: &mut Table, sink: &Sink<'_>) {
    let Some(entries) = sink.entries(node, "the classes") else { return };
    for entry in entries {
        let at = &entry.key.at;
        let names = || Class::ALL.into_iter().filter(|c| *c != Class::Ok).map(Class::as_str);
        let Some(class) = Class::ALL.into_iter().find(|c| *c != Class::Ok && c.as_str() == entry.key.value) else {
            sink.error(at, format!("there is no class `{}`", entry.key.value), words::help(&entry.key.value, names()));
            continue;
        };
        if is_the_clients(class) {
            let help = "a request that is wrong or forbidden here is so elsewhere; nothing changes that";
            sink.error(at, format!("`{class}` always goes back to the client"), Some(help.to_owned()));
            continue;
        }
        let Some(mut fields) = sink.fields(&entry.value, "a class") else { continue };
        let mut row = table.row(class);
        if let Some(retry) = fields.get("retry").and_then(|n| sink.word(n, "a way to retry", RETRIES)) {
            row.retry = retry.value;
        }
        if let Some(next) = fields.get("next").and_then(|n| sink.word(n, "`yes` or `no`", NEXTS)) {
            row.next = next.value;
        }
        if let Some(effect) = fields.get("health").and_then(|n| sink.word(n, "an effect on health", HEALTH)) {
            row.effect = effect.value;
        }
        fields.finish();
        table.set(class, row);
    }
}

/// Nothing may send these anywhere else.
fn is_the_clients(class: Class) -> bool {
    matches!(class, Class::BadRequest | Class::ContentPolicy | Class::Cancelled | Class::ContextLength)
}
