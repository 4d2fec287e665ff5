//! `alerts:`: who is told of what.

use crate::event::AlertKind;
use crate::observe::alerts::{Channel, Rule, check_webhook};
use crate::scenario::reader::Sink;
use crate::scenario::yaml::{Node, Value};

const HELP: &str =
    "write `to: log`, `to: { command: \"notify-send drill\" }` or `to: { webhook: \"http://127.0.0.1:9093/\" }`";

pub(super) fn read(node: &Node, sink: &Sink<'_>) -> Option<Rule> {
    let mut fields = sink.fields(node, "an alert rule")?;
    let when = fields.need("when", "when: [breaker_open, auth]").map(|n| kinds(n, sink));
    let to = fields.need("to", "to: log").and_then(|n| channel(n, sink));
    fields.finish();
    Some(Rule { when: when?, to: to? })
}

fn kinds(node: &Node, sink: &Sink<'_>) -> Vec<AlertKind> {
    let words = AlertKind::ALL.map(|kind| (kind.as_str(), kind));
    let nodes = sink.one_or_more(node);
    if nodes.is_empty() {
        let help = format!("name some of {}", AlertKind::ALL.map(AlertKind::as_str).join(", "));
        sink.error(&node.at, "this rule is about no alert at all", Some(help));
    }
    let mut kinds: Vec<AlertKind> =
        nodes.iter().filter_map(|n| sink.word(n, "a kind of alert", &words)).map(|kind| kind.value).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn channel(node: &Node, sink: &Sink<'_>) -> Option<Channel> {
    if let Value::Text(_) = node.value {
        return sink.word(node, "a place that alerts go to", &[("log", ())]).map(|_| Channel::Log);
    }
    if !matches!(node.value, Value::Map(_)) {
        sink.error(&node.at, "this is no place that alerts can go to", Some(HELP.to_owned()));
        return None;
    }
    let mut fields = sink.fields(node, "where alerts go")?;
    let (command, webhook) = (fields.get("command"), fields.get("webhook"));
    let at = fields.at.clone();
    let known = fields.finish();
    match (command, webhook) {
        (Some(command), None) => {
            let command = sink.text(command)?;
            if command.value.trim().is_empty() {
                sink.error(&command.at, "there is no command", Some(HELP.to_owned()));
                return None;
            }
            Some(Channel::Command(command.value.as_str().into()))
        }
        (None, Some(webhook)) => {
            let webhook = sink.text(webhook)?;
            if let Err(why) = check_webhook(&webhook.value) {
                sink.error(&webhook.at, why, Some("write for instance `http://127.0.0.1:9093/alerts`".to_owned()));
                return None;
            }
            Some(Channel::Webhook(webhook.value.as_str().into()))
        }
        _ if known => {
            sink.error(&at, "alerts go to one place: `command` or `webhook`", Some(HELP.to_owned()));
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::event::AlertKind;
    use crate::observe::alerts::{Channel, Rule};
    use crate::scenario::{Invalid, load};
    use rstest::rstest;

    fn read(rules: &str) -> Result<Vec<Rule>, Invalid> {
        let text = format!(
            "version: 1\nname: alerts\nproviders: {{ openai: {{ models: {{ gpt-4o: {{}} }} }} }}\n\
             router: {{ chains: {{ all: {{ targets: [openai/gpt-4o] }} }} }}\n\
             phases: [{{ name: all, for: 10s }}]\nload: [{{ task: chat, rate: 1/s }}]\nalerts: {rules}\n"
        );
        load("alerts.yaml", text.as_bytes()).map(|loaded| loaded.plan.alerts)
    }

    #[test]
    fn alerts_go_to_the_log_to_a_command_and_to_a_webhook() {
        let rules = read(
            "[{ when: [quota, auth], to: log }, { when: drift, to: { command: 'say it' } }, \
             { when: [breaker_open], to: { webhook: 'http://127.0.0.1:9093/x' } }]",
        );
        let rule = |when: &[AlertKind], to| Rule { when: when.to_vec(), to };
        assert_eq!(
            rules.expect("valid"),
            vec![
                rule(&[AlertKind::Auth, AlertKind::Quota], Channel::Log),
                rule(&[AlertKind::Drift], Channel::Command("say it".into())),
                rule(&[AlertKind::BreakerOpen], Channel::Webhook("http://127.0.0.1:9093/x".into())),
            ]
        );
        assert_eq!(read("").expect("valid"), []);
    }

    #[rstest]
    #[case("[{ when: [outh], to: log }]", "did you mean `auth`?")]
    #[case("[{ when: [], to: log }]", "about no alert at all")]
    #[case("[{ to: log }]", "`when` is missing")]
    #[case("[{ when: auth }]", "`to` is missing")]
    #[case("[{ when: auth, to: lgo }]", "did you mean `log`?")]
    #[case("[{ when: auth, to: 3 }]", "no place that alerts can go to")]
    #[case("[{ when: auth, to: { comand: x } }]", "did you mean `command`?")]
    #[case("[{ when: auth, to: { command: x, webhook: 'http://127.0.0.1/' } }]", "alerts go to one place")]
    #[case("[{ when: auth, to: { command: ' ' } }]", "there is no command")]
    #[case("[{ when: auth, to: { webhook: 'http://example.com/' } }]", "a webhook goes to this machine")]
    #[case("[{ when: auth, to: { webhook: 'https://127.0.0.1/' } }]", "not of the form http://HOST:PORT/PATH")]
    #[case("{ when: auth, to: log }", "a list of alert rules")]
    fn what_is_wrong_with_a_rule_is_told(#[case] rules: &str, #[case] said: &str) {
        let invalid = read(rules).expect_err("nonsense");
        assert!(invalid.to_string().contains(said), "{invalid}");
        assert_eq!(invalid.problems.len(), 1, "{invalid}");
    }
}
