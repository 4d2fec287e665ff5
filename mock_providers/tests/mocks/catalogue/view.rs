//! What a client saw, and what the ledger says of it.

use mock_providers::Dialect;
use mock_providers::ledger::Entry;
use serde_json::Value;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It was still open when the client lost patience.
    Open,
    Closed,
    Reset,
    /// There never was one.
    Refused,
}

#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) dialect: Dialect,
    /// Times are exact; else they are at least what they should be.
    pub(crate) exact: bool,
    pub(crate) bytes: Vec<u8>,
    /// How many bytes there were at which millisecond after the request was sent.
    pub(crate) times: Vec<(usize, u64)>,
    pub(crate) end: End,
    pub(crate) entry: Option<Entry>,
}

impl View {
    fn head_len(&self) -> usize {
        self.bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4)
    }

    pub(crate) fn head(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..self.head_len()]).to_ascii_lowercase()
    }

    /// The status; 0 without a head.
    pub(crate) fn status(&self) -> u16 {
        self.head().get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.head().lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
    }

    /// The length that the head tells.
    pub(crate) fn promised(&self) -> Option<usize> {
        self.header("content-length")?.parse().ok()
    }

    /// The chunks of a chunked body, and whether the last one came.
    pub(crate) fn chunks(&self) -> (Vec<&[u8]>, bool) {
        let mut rest = &self.bytes[self.head_len()..];
        let mut chunks = Vec::new();
        while let Some(at) = rest.windows(2).position(|window| window == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..at]).unwrap(), 16).unwrap();
            if size == 0 {
                return (chunks, true);
            }
            let Some(chunk) = rest.get(at + 2..at + 2 + size) else { break };
            chunks.push(chunk);
            rest = rest.get(at + 4 + size..).unwrap_or_default();
        }
        (chunks, false)
    }

    fn chunked(&self) -> bool {
        self.header("transfer-encoding").is_some()
    }

    /// The body, with no second told at which it was made: the clocks of the two worlds are never the same.
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = if self.chunked() { self.chunks().0.concat() } else { self.bytes[self.head_len()..].to_vec() };
        let told = br#""created":"#;
        for at in 0..body.len() {
            if body[at..].starts_with(told) {
                let seconds = body[at + told.len()..].iter_mut();
                seconds.take_while(|byte| byte.is_ascii_digit()).for_each(|byte| *byte = b'1');
            }
        }
        body
    }

    pub(crate) fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body()).into_owned()
    }

    /// Whether the body is framed well and came to its end.
    pub(crate) fn well_framed(&self) -> bool {
        if self.chunked() { self.chunks().1 } else { self.promised().is_some_and(|length| length == self.body().len()) }
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body()).ok()
    }

    /// The data of the events of a stream.
    pub(crate) fn events(&self) -> Vec<String> {
        let body = self.body_text().replace("\r\n", "\n");
        let data = body.split("\n\n").filter_map(|event| event.lines().find_map(|line| line.strip_prefix("data:")));
        data.map(|data| data.trim().to_owned()).collect()
    }

    /// All JSON of the answer: the events of a stream, or the body.
    pub(crate) fn all_json(&self) -> Vec<Value> {
        match self.json() {
            Some(json) => vec![json],
            None => self.events().iter().filter_map(|data| serde_json::from_str(data).ok()).collect(),
        }
    }

    fn pointed<'a>(&self, all: &'a [Value], pointers: [&[&str]; 3]) -> Vec<&'a Value> {
        let pointers = match self.dialect {
            Dialect::OpenAi => pointers[0],
            Dialect::Anthropic => pointers[1],
            _ => pointers[2],
        };
        let found = all.iter().flat_map(|json| pointers.iter().filter_map(|pointer| json.pointer(pointer)));
        found.filter(|value| !value.is_null()).collect()
    }

    /// What the model said.
    pub(crate) fn text(&self) -> String {
        let pointers: [&[&str]; 3] = [
            &["/choices/0/message/content", "/choices/0/delta/content"],
            &["/content/0/text", "/delta/text"],
            &["/candidates/0/content/parts/0/text"],
        ];
        self.pointed(&self.all_json(), pointers).into_iter().filter_map(Value::as_str).collect()
    }

    /// Why the answer ended, in the vendor's word.
    pub(crate) fn finish(&self) -> Option<String> {
        let pointers: [&[&str]; 3] = [
            &["/choices/0/finish_reason"],
            &["/stop_reason", "/delta/stop_reason"],
            &["/candidates/0/finishReason", "/promptFeedback/blockReason"],
        ];
        let all = self.all_json();
        self.pointed(&all, pointers).last().and_then(|reason| reason.as_str()).map(str::to_owned)
    }

    /// Whether it ended as answers do that say all.
    pub(crate) fn finished(&self) -> bool {
        self.finish().is_some_and(|reason| reason == ["stop", "end_turn", "STOP"][self.dialect as usize])
    }

    /// Whether it ended at the token cap.
    pub(crate) fn capped(&self) -> bool {
        self.finish().is_some_and(|reason| reason == ["length", "max_tokens", "MAX_TOKENS"][self.dialect as usize])
    }

    /// The model that the answer bears.
    pub(crate) fn model(&self) -> Option<String> {
        let pointers: [&[&str]; 3] = [&["/model"], &["/model", "/message/model"], &["/modelVersion"]];
        let all = self.all_json();
        self.pointed(&all, pointers).last().and_then(|model| model.as_str()).map(str::to_owned)
    }

    /// The tokens of the answer, as the usage tells them.
    pub(crate) fn usage(&self) -> Option<u64> {
        let pointers: [&[&str]; 3] =
            [&["/usage/completion_tokens"], &["/usage/output_tokens"], &["/usageMetadata/totalTokenCount"]];
        let all = self.all_json();
        self.pointed(&all, pointers).last().and_then(|tokens| tokens.as_u64())
    }

    /// The tools that a plain answer calls, with their arguments.
    pub(crate) fn calls(&self) -> Vec<(String, String)> {
        let pointers: [&[&str]; 3] =
            [&["/choices/0/message/tool_calls"], &["/content"], &["/candidates/0/content/parts"]];
        let all = self.all_json();
        let parts = self.pointed(&all, pointers).into_iter().filter_map(Value::as_array).flatten();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let calls = parts.filter_map(|part| match self.dialect {
            Dialect::OpenAi => Some((&part["function"]["name"], &part["function"]["arguments"])),
            Dialect::Anthropic => (part["type"] == "tool_use").then(|| (&part["name"], &part["input"])),
            _ => part.get("functionCall").map(|call| (&call["name"], &call["args"])),
        });
        calls.map(|(name, arguments)| (text(name), text(arguments))).collect()
    }

    /// When the n-th byte of the response had come.
    fn when(&self, bytes: usize) -> Option<u64> {
        self.times.iter().find(|(so_far, _)| *so_far >= bytes).map(|(_, at)| *at)
    }

    /// Whether the head came at this millisecond; in the real world, at least not before.
    pub(crate) fn head_at(&self, ms: u64) -> bool {
        self.when(self.head_len()).is_some_and(|at| if self.exact { at == ms } else { at >= ms })
    }

    /// The same of the last byte.
    pub(crate) fn last_at(&self, ms: u64) -> bool {
        self.times.last().is_some_and(|(_, at)| if self.exact { *at == ms } else { *at >= ms })
    }

    /// What the ledger says: what was injected, the status, how it ended, how many tokens.
    pub(crate) fn ledger(&self) -> Option<(&'static str, Option<u16>, mock_providers::ledger::End, u32)> {
        let entry = self.entry.as_ref()?;
        Some((entry.injected.unwrap_or_default(), entry.status, entry.end, entry.tokens))
    }
}
