//! Who a request is: the key on which its luck hangs.
//!
//! A drill's own router says it in `x-hopdrill-key: <request>;<attempt>`. Anybody else's request is known by a hash of
//! its method, path and body; the same bytes again are another request (an occurrence number tells them apart),
//! unless the client's SDK says that it is a retry.

use http::HeaderMap;
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;
use std::sync::{Mutex, PoisonError};

/// A request's key and attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) request: String,
    pub(crate) attempt: u32,
}

/// The longest key that a client may give; a longer one is as good as none.
const LONGEST: usize = 200;
/// So many different requests are told apart; whoever sends more starts to count anew.
const MOST: usize = 100_000;

/// How often each hash has been seen.
#[derive(Debug, Default)]
pub(crate) struct Occurrences(Mutex<BTreeMap<u64, u32>>);

impl Key {
    /// The key that stands in the header.
    pub(crate) fn given(headers: &HeaderMap) -> Option<Self> {
        let (request, attempt) = headers.get("x-hopdrill-key")?.to_str().ok()?.rsplit_once(';')?;
        let attempt = attempt.parse().ok().filter(|n| *n > 0)?;
        (1..=LONGEST).contains(&request.len()).then(|| Self { request: request.to_owned(), attempt })
    }

    /// The key that follows from the request itself.
    pub(crate) fn derived(method: &str, path: &str, headers: &HeaderMap, body: &[u8], seen: &Occurrences) -> Self {
        let mut hash = SipHasher13::new_with_keys(0, 0x686f_7064_7269_6c6c);
        for part in [method.as_bytes(), path.as_bytes(), body] {
            hash.write(part);
            hash.write_u8(0xff);
        }
        let hash = hash.finish();
        let retries: u32 = headers
            .get("x-stainless-retry-count")
            .and_then(|count| count.to_str().ok()?.parse().ok())
            .unwrap_or_default();
        let mut seen = seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST && !seen.contains_key(&hash) {
            seen.clear();
        }
        let occurrence = seen.entry(hash).or_default();
        if retries == 0 || *occurrence == 0 {
            *occurrence += 1;
        }
        Self { request: format!("{hash:016x}-{occurrence}"), attempt: retries.saturating_add(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_header_names_request_and_attempt() {
        let key = Key::given(&headers(&[("x-hopdrill-key", "0-17;2")]));
        assert_eq!(key, Some(Key { request: "0-17".into(), attempt: 2 }));
        for bad in ["", ";1", "0-17", "0-17;0", "0-17;x"] {
            assert_eq!(Key::given(&headers(&[("x-hopdrill-key", bad)])), None, "{bad}");
        }
    }

    #[test]
    fn the_same_bytes_again_are_another_request_unless_the_sdk_says_it_retries() {
        let seen = Occurrences::default();
        let key = |pairs: &[(&'static str, &'static str)]| Key::derived("POST", "/v1", &headers(pairs), b"{}", &seen);
        let (first, second) = (key(&[]), key(&[("x-stainless-retry-count", "0")]));
        assert_ne!(first.request, second.request);
        let retry = key(&[("x-stainless-retry-count", "1")]);
        assert_eq!(retry, Key { request: second.request, attempt: 2 });
    }
}
