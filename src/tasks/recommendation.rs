//! Rank what a shopper may like.

use super::Said;
use super::judge::{self, Given};
use crate::event::Judged;
use mock_providers::luck::Draw;
use rand::RngExt;
use rand::seq::SliceRandom;
use serde_json::{Value, json};
use std::cmp::Reverse;

const SYSTEM: &str = "You recommend from a shelf. Reply in JSON with the shopper's number and the three items that share \
most tags with what the shopper likes, best first, the cheaper one first where they share as many; each with its id and \
the number of shared tags.";

const TAGS: [&str; 6] = ["blue", "quiet", "light", "sturdy", "foldable", "wooden"];
const THINGS: [&str; 6] = ["lamp", "chair", "shelf", "fan", "easel", "clock"];
/// How many items are recommended.
const BEST: usize = 3;

/// Something on the shelf.
struct Item<'a> {
    id: &'a str,
    matches: usize,
    price: u32,
}

/// The shopper's number and the shelf, in the order of the prompt.
fn read(prompt: &str) -> Option<(u32, Vec<Item<'_>>)> {
    let (shopper, rest) = prompt[prompt.rfind("Shopper ")? + 8..].split_once(" likes ")?;
    let (likes, rest) = rest.split_once(". Shelf: ")?;
    let (shelf, _) = rest.split_once(". Recommend")?;
    let likes: Vec<&str> = likes.split(", ").collect();
    let item = |item| {
        let (id, rest) = str::split_once(item, ' ')?;
        let (_, rest) = rest.split_once(" (")?;
        let (tags, price) = rest.split_once(") ")?;
        let matches = tags.split(", ").filter(|tag| likes.contains(tag)).count();
        Some(Item { id, matches, price: price.strip_suffix(" EUR")?.parse().ok()? })
    };
    Some((shopper.parse().ok()?, shelf.split("; ").map(item).collect::<Option<_>>()?))
}

pub(super) struct Job;

impl super::Job for Job {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn schema(&self) -> Option<Value> {
        let item = json!({
            "type": "object",
            "properties": {
                "id": { "type": "string", "minLength": 3, "maxLength": 3 },
                "matches": { "type": "integer", "minimum": 0, "maximum": TAGS.len() },
            },
            "required": ["id", "matches"],
            "additionalProperties": false,
        });
        Some(json!({
            "type": "object",
            "properties": {
                "shopper": { "type": "integer" },
                "items": { "type": "array", "items": item, "minItems": BEST, "maxItems": BEST },
            },
            "required": ["shopper", "items"],
            "additionalProperties": false,
        }))
    }

    fn prompt(&self, draw: &mut Draw) -> String {
        let shopper: u32 = draw.random_range(1000..100_000);
        let mut tags = TAGS;
        tags.shuffle(draw);
        let likes = tags[..3].join(", ");
        let mut things = THINGS;
        things.shuffle(draw);
        // Prices and ids differ, so there is always one right order.
        let mut price = 0;
        let mut shelf: Vec<String> = Vec::new();
        for (i, thing) in things.into_iter().enumerate() {
            price += draw.random_range(4..30);
            tags.shuffle(draw);
            let tags = tags[..draw.random_range(2..4)].join(", ");
            shelf.push(format!(
                "{}{} {thing} ({tags}) {price} EUR",
                char::from(b'A' + i as u8),
                draw.random_range(10..99)
            ));
        }
        shelf.shuffle(draw);
        format!("Shopper {shopper} likes {likes}. Shelf: {}. Recommend three.", shelf.join("; "))
    }

    fn answer(&self, prompt: &str, right: bool) -> Option<Said> {
        let (shopper, mut items) = read(prompt)?;
        items.sort_by_key(|item| (Reverse(item.matches), item.price));
        if !right && items.len() > 1 {
            // The second best first.
            items.swap(0, 1);
        }
        let best = items.iter().take(BEST).map(|i| format!(r#"{{"id":"{}","matches":{}}}"#, i.id, i.matches));
        let best: Vec<String> = best.collect();
        Some(Said::Text(format!(r#"{{"shopper":{shopper},"items":[{}]}}"#, best.join(","))))
    }

    fn judge(&self, prompt: &str, given: &Given, _model: Option<&str>) -> Judged {
        judge::json(self, prompt, given)
    }
}
