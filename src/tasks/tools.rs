//! Something that takes a tool: the weather, an order, a transfer.
//!
//! Right is one call of the right tool with the right arguments, whatever is said beside it. A call that does not fit the
//! tool's parameters, or of a tool that was not offered, breaks the shape; so does no call at all. Two calls where one
//! was wanted are wrong: somebody would carry out both.

use super::judge::{self, Given};
use super::{Said, Tool};
use crate::event::Judged;
use mock_providers::luck::Draw;
use rand::RngExt;
use serde_json::{Value, json};

const SYSTEM: &str = "You help with the weather, with orders and with transfers. Call the tool that does it, with what \
the user said; do not guess.";

const CITIES: [&str; 6] = ["Lisbon", "Osaka", "Tromsø", "Nairobi", "Quito", "Dunedin"];
const DAYS: [&str; 5] = ["monday", "tuesday", "wednesday", "thursday", "friday"];
const UNITS: [&str; 2] = ["celsius", "fahrenheit"];
const ACCOUNTS: [&str; 4] = ["checking", "savings", "travel", "rent"];

/// What the user wants done.
#[derive(Debug, Clone, Copy)]
enum Wish<'a> {
    Weather { city: &'a str, day: &'a str, unit: &'a str },
    Order { order: u32, postcode: &'a str },
    Transfer { amount: u32, from: &'a str, to: &'a str },
}

impl<'a> Wish<'a> {
    fn read(prompt: &'a str) -> Option<Self> {
        let (_, said) = prompt[prompt.rfind("Request ")?..].split_once(": ")?;
        if let Some(rest) = said.strip_prefix("What will the weather be in ") {
            let (city, rest) = rest.split_once(" on ")?;
            let (day, rest) = rest.split_once(", in ")?;
            let (unit, _) = rest.split_once('?')?;
            Some(Self::Weather { city, day, unit })
        } else if let Some(rest) = said.strip_prefix("Where is order ") {
            let (order, rest) = rest.split_once(" to postcode ")?;
            let (postcode, _) = rest.split_once('?')?;
            Some(Self::Order { order: order.parse().ok()?, postcode })
        } else {
            let (amount, rest) = said.strip_prefix("Move ")?.split_once(" euros from ")?;
            let (from, rest) = rest.split_once(" to ")?;
            let (to, _) = rest.split_once('.')?;
            Some(Self::Transfer { amount: amount.parse().ok()?, from, to })
        }
    }

    /// Another wish, of somebody who did not listen.
    fn misheard(self) -> Self {
        match self {
            Self::Weather { city, day, unit } => {
                let day = DAYS.iter().position(|d| *d == day).map_or(0, |i| (i + 1) % DAYS.len());
                Self::Weather { city, day: DAYS[day], unit }
            }
            Self::Order { order, postcode } => Self::Order { order: order.saturating_add(1), postcode },
            Self::Transfer { amount, from, to } => Self::Transfer { amount, from: to, to: from },
        }
    }

    /// The tool and its arguments.
    fn call(self) -> (&'static str, Value) {
        match self {
            Self::Weather { city, day, unit } => ("get_weather", json!({ "city": city, "day": day, "unit": unit })),
            Self::Order { order, postcode } => ("lookup_order", json!({ "order": order, "postcode": postcode })),
            Self::Transfer { amount, from, to } => ("transfer", json!({ "amount": amount, "from": from, "to": to })),
        }
    }
}

fn tool(name: &'static str, description: &'static str, properties: &Value) -> Tool {
    let required: Vec<&String> = properties.as_object().map(|p| p.keys().collect()).unwrap_or_default();
    let required = json!(required);
    let parameters = json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    });
    Tool { name, description, parameters }
}

pub(super) struct Job;

impl super::Job for Job {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn tools(&self) -> Vec<Tool> {
        let account = json!({ "type": "string", "enum": ACCOUNTS });
        vec![
            tool(
                "get_weather",
                "The forecast for a city on a day of this week.",
                &json!({
                    "city": { "type": "string", "minLength": 1 },
                    "day": { "type": "string", "enum": DAYS },
                    "unit": { "type": "string", "enum": UNITS },
                }),
            ),
            tool(
                "lookup_order",
                "Where an order is; the postcode proves that it is the caller's.",
                &json!({
                    "order": { "type": "integer", "minimum": 1 },
                    "postcode": { "type": "string", "minLength": 4 },
                }),
            ),
            tool(
                "transfer",
                "Moves euros from one account to another.",
                &json!({ "amount": { "type": "integer", "minimum": 1 }, "from": account, "to": account }),
            ),
        ]
    }

    fn prompt(&self, draw: &mut Draw) -> String {
        let number: u32 = draw.random_range(1000..100_000);
        let wish = match draw.random_range(0..3) {
            0 => {
                let city = CITIES[draw.random_range(0..CITIES.len())];
                let day = DAYS[draw.random_range(0..DAYS.len())];
                let unit = UNITS[draw.random_range(0..UNITS.len())];
                format!("What will the weather be in {city} on {day}, in {unit}?")
            }
            1 => {
                let (order, postcode): (u32, u32) =
                    (draw.random_range(10_000..1_000_000), draw.random_range(1000..10_000));
                format!("Where is order {order} to postcode {postcode}?")
            }
            _ => {
                let amount: u32 = draw.random_range(5..2000);
                let from = draw.random_range(0..ACCOUNTS.len());
                let to = (from + draw.random_range(1..ACCOUNTS.len())) % ACCOUNTS.len();
                format!("Move {amount} euros from {} to {}.", ACCOUNTS[from], ACCOUNTS[to])
            }
        };
        format!("Request {number}: {wish}")
    }

    fn answer(&self, prompt: &str, right: bool) -> Option<Said> {
        let wish = Wish::read(prompt)?;
        let (name, arguments) = if right { wish.call() } else { wish.misheard().call() };
        Some(Said::Call { name: name.to_owned(), arguments: arguments.to_string() })
    }

    fn judge(&self, prompt: &str, given: &Given, _model: Option<&str>) -> Judged {
        let tools = self.tools();
        let read = |(name, arguments): &(String, String)| {
            let tool = tools.iter().find(|tool| tool.name == name.as_str())?;
            let arguments: Value = serde_json::from_str(arguments).ok()?;
            judge::fits(&tool.parameters, &arguments).then_some((tool.name, arguments))
        };
        match given.calls.iter().map(read).collect::<Option<Vec<_>>>().as_deref() {
            None | Some([]) => Judged::SchemaViolation,
            Some([call]) if Wish::read(prompt).is_some_and(|wish| wish.call() == *call) => Judged::Right,
            Some(_) => Judged::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::Task;
    use rstest::rstest;

    const PROMPT: &str = "Request 7: Move 250 euros from savings to rent.";

    #[rstest]
    #[case::right(&[("transfer", r#"{"amount":250,"from":"savings","to":"rent"}"#)], Judged::Right)]
    #[case::in_any_order(&[("transfer", r#"{ "to": "rent", "from": "savings", "amount": 250 }"#)], Judged::Right)]
    #[case::the_wrong_way_round(&[("transfer", r#"{"amount":250,"from":"rent","to":"savings"}"#)], Judged::Wrong)]
    #[case::another_tool(&[("lookup_order", r#"{"order":250,"postcode":"1050"}"#)], Judged::Wrong)]
    #[case::twice(&[("transfer", r#"{"amount":250,"from":"savings","to":"rent"}"#); 2], Judged::Wrong)]
    #[case::not_offered(&[("delete_account", r#"{"amount":250}"#)], Judged::SchemaViolation)]
    #[case::not_fitting(&[("transfer", r#"{"amount":"250","from":"savings","to":"rent"}"#)], Judged::SchemaViolation)]
    #[case::no_such_account(&[("transfer", r#"{"amount":250,"from":"savings","to":"mars"}"#)], Judged::SchemaViolation)]
    #[case::half(&[("transfer", r#"{"amount":250,"from":"sav"#)], Judged::SchemaViolation)]
    #[case::not_called(&[], Judged::SchemaViolation)]
    fn a_call_is_judged_by_its_tool_and_its_arguments(#[case] calls: &[(&str, &str)], #[case] judged: Judged) {
        let calls = calls.iter().map(|(name, arguments)| ((*name).to_owned(), (*arguments).to_owned())).collect();
        let given = Given { text: "I move it.".to_owned(), calls, vector: None };
        assert_eq!(Task::Tools.judge(PROMPT, &given, None), judged);
    }
}
