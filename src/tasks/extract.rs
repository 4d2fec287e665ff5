//! Extract the fields of an order from a sentence.

use super::Said;
use super::judge::{self, Given};
use crate::event::Judged;
use mock_providers::luck::Draw;
use rand::RngExt;
use serde_json::{Value, json};

const SYSTEM: &str = "You read orders. Reply in JSON with the fields order, customer, quantity, item and \
currency, exactly as they stand in the text.";

const CUSTOMERS: [&str; 6] =
    ["Mara Lindqvist", "Tomás Oliveira", "Ade Okafor", "Jun Watanabe", "Priya Raman", "Élise Fournier"];
const ITEMS: [&str; 5] = ["desk lamp", "standing desk", "monitor arm", "foot rest", "cable tray"];
const CURRENCIES: [&str; 3] = ["EUR", "USD", "JPY"];

pub(super) struct Job;

impl super::Job for Job {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn schema(&self) -> Option<Value> {
        Some(json!({
            "type": "object",
            "properties": {
                "order": { "type": "integer" },
                "customer": { "type": "string", "minLength": 1 },
                "quantity": { "type": "integer", "minimum": 1 },
                "item": { "type": "string", "minLength": 1 },
                "currency": { "type": "string", "enum": CURRENCIES },
            },
            "required": ["order", "customer", "quantity", "item", "currency"],
            "additionalProperties": false,
        }))
    }

    fn prompt(&self, draw: &mut Draw) -> String {
        let order: u32 = draw.random_range(10_000..1_000_000);
        let customer = CUSTOMERS[draw.random_range(0..CUSTOMERS.len())];
        let quantity: u32 = draw.random_range(1..40);
        let item = ITEMS[draw.random_range(0..ITEMS.len())];
        let currency = CURRENCIES[draw.random_range(0..CURRENCIES.len())];
        format!("Order {order}: {customer} takes {quantity} x {item}, billed in {currency}.")
    }

    fn answer(&self, prompt: &str, right: bool) -> Option<Said> {
        let (order, rest) = prompt[prompt.rfind("Order ")? + 6..].split_once(": ")?;
        let (customer, rest) = rest.split_once(" takes ")?;
        let (quantity, rest) = rest.split_once(" x ")?;
        let (item, rest) = rest.split_once(", billed in ")?;
        let currency = rest.get(..3)?;
        let order: u32 = order.parse().ok()?;
        let quantity = quantity.parse::<u32>().ok()? + u32::from(!right);
        Some(Said::Text(format!(
            r#"{{"order":{order},"customer":"{customer}","quantity":{quantity},"item":"{item}","currency":"{currency}"}}"#
        )))
    }

    fn judge(&self, prompt: &str, given: &Given, _model: Option<&str>) -> Judged {
        judge::json(self, prompt, given)
    }
}
