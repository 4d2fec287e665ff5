//! Golden files: reading them, and comparing a response with one.

use super::frames;
use super::pattern::{Found, Pattern, Sample};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A response as a client saw it, its body taken out of its transfer coding.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// One golden file.
#[derive(Debug)]
pub(crate) struct File {
    /// Its folder under `golden/`.
    pub(crate) dialect: String,
    /// Its place below that, without the extension: `causes/content_policy.stream`.
    pub(crate) stem: String,
    asks: Vec<String>,
    said: Option<(String, bool)>,
    status: Pattern,
    headers: Vec<(String, Option<Pattern>)>,
    body: Pattern,
}

/// One way to provoke what a file shows.
#[derive(Debug)]
pub(crate) struct Case<'f> {
    pub(crate) file: &'f File,
    /// `openai/causes/auth (plain with auth)`.
    pub(crate) id: String,
    pub(crate) ask: Ask<'f>,
    pub(crate) with: Option<With<'f>>,
}

/// What is asked for, as words: `stream tools`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'f>(&'f str);

/// What the mock is told to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum With<'f> {
    /// A cause by its name, and how long it tells the client to wait.
    Cause(&'f str, Option<Duration>),
    /// An end of the answer by its neutral name.
    Finish(&'f str),
    /// A bare status.
    Status(u16),
}

/// All words an ask may have.
const ASKS: [&str; 11] =
    ["plain", "stream", "models", "float", "base64", "usage", "tools", "schema", "capped", "until", "background"];

impl Ask<'_> {
    pub(crate) fn has(&self, word: &str) -> bool {
        debug_assert!(ASKS.contains(&word), "{word}");
        self.0.split(' ').any(|w| w == word)
    }
}

/// Where the golden files are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// All golden files, in the order of their names.
pub(crate) fn files() -> Vec<File> {
    let mut paths = Vec::new();
    walk(&folder(), &mut paths);
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|e| e.to_str()) {
            _ if path.is_dir() => walk(&path, paths),
            Some("http") => paths.push(path),
            Some("md") => {}
            _ => panic!("{} is no golden file", path.display()),
        }
    }
}

fn read(path: &Path) -> File {
    let name = path.strip_prefix(folder()).unwrap().with_extension("");
    let name = name.to_str().unwrap().replace('\\', "/");
    let (dialect, stem) = name.split_once('/').unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    File::parse(dialect, stem, &text).unwrap_or_else(|why| panic!("{name}.http: {why}"))
}

impl File {
    fn parse(dialect: &str, stem: &str, text: &str) -> Result<Self, String> {
        let (mut asks, mut said, mut crlf) = (Vec::new(), None, false);
        let mut rest = text;
        let mut line = || {
            let (line, tail) = rest.split_once('\n').unwrap_or((rest, ""));
            rest = tail;
            line
        };
        let status = loop {
            let line = line();
            match line.split_once(' ').ok_or_else(|| format!("no status line, but {line:?}"))? {
                ("#", _) => {}
                ("ask:", ask) => asks.push(ask.to_owned()),
                ("said:", text) => said = Some((text.to_owned(), true)),
                ("said-part-of:", text) => said = Some((text.to_owned(), false)),
                ("lines:", "crlf") => crlf = true,
                ("HTTP/1.1", status) => break Pattern::parse(status)?,
                _ => return Err(format!("nobody understands {line:?}")),
            }
        };
        let mut headers = Vec::new();
        loop {
            match line() {
                "" => break,
                line => headers.push(match (line.strip_prefix('!'), line.split_once(": ")) {
                    (Some(name), _) => (name.to_owned(), None),
                    (None, Some((name, value))) => (name.to_owned(), Some(Pattern::parse(value)?)),
                    (None, None) => return Err(format!("{line:?} is no header")),
                }),
            }
        }
        let body = Pattern::parse(&unfolded(rest, crlf)?)?;
        if asks.is_empty() {
            return Err("no ask".to_owned());
        }
        Ok(Self { dialect: dialect.to_owned(), stem: stem.to_owned(), asks, said, status, headers, body })
    }

    /// What the conformance table and the list of pending cases call it.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.dialect, self.stem)
    }

    /// All ways to provoke it.
    pub(crate) fn cases(&self) -> Vec<Case<'_>> {
        let cases = self.asks.iter().map(|ask| self.case(ask));
        cases.collect::<Result<_, _>>().unwrap_or_else(|why| panic!("{}: {why}", self.name()))
    }

    fn case<'f>(&'f self, ask: &'f str) -> Result<Case<'f>, String> {
        let id = format!("{} ({ask})", self.name());
        let (words, with) = match ask.split_once(" with ") {
            None => (ask, None),
            Some((words, with)) => (words, Some(With::parse(with)?)),
        };
        match words.split(' ').find(|word| !ASKS.contains(word)) {
            Some(word) => Err(format!("nobody can ask for {word:?}")),
            None => Ok(Case { file: self, id, ask: Ask(words), with }),
        }
    }

    /// A response that the file admits, its body as text (a frame a line, where frames are binary).
    pub(crate) fn sample(&self, sample: Sample) -> Result<(Seen, String), String> {
        let mut found = Found::default();
        let status = self.status.sample(sample, &mut found)?;
        let mut headers = Vec::new();
        for (name, value) in &self.headers {
            if let Some(value) = value {
                headers.push((name.clone(), value.sample(sample, &mut found)?));
            }
        }
        let body = self.body.sample(sample, &mut found)?;
        let status = status.parse().map_err(|e| format!("the status {status:?}: {e}"))?;
        Ok((Seen { status, headers, body: Vec::new() }, body))
    }

    /// Compares; the error is for a person to read.
    pub(crate) fn compare(&self, seen: &Seen) -> Result<(), String> {
        let found = self.compare_text(seen, &body_text(seen)?)?;
        let Some((wanted, whole)) = &self.said else {
            return Ok(());
        };
        let said = found.said();
        let said: String = serde_json::from_str(&format!("\"{said}\"")).map_err(|e| format!("{e} in {said:?}"))?;
        let right = if *whole { said == *wanted } else { !said.is_empty() && wanted.starts_with(&said) };
        if right { Ok(()) } else { Err(format!("the tokens say {said:?} instead of {wanted:?}")) }
    }

    /// Compares all but what the tokens say.
    pub(crate) fn compare_text(&self, seen: &Seen, body: &str) -> Result<Found, String> {
        let mut found = Found::default();
        let status = seen.status.to_string();
        if let Err(mismatch) = self.status.matches(&status, &mut found) {
            return Err(format!("the status {mismatch}\n      body {:?}", body.chars().take(300).collect::<String>()));
        }
        for (name, wanted) in &self.headers {
            let mut values = seen.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            match (wanted, values.next()) {
                (None, None) => {}
                (None, Some(value)) => return Err(format!("there should be no header {name}, but it is {value:?}")),
                (Some(_), None) => return Err(format!("there is no header {name}")),
                (Some(wanted), Some(value)) => {
                    wanted.matches(value, &mut found).map_err(|mismatch| format!("the header {name} {mismatch}"))?;
                }
            }
        }
        self.body.matches(body, &mut found).map_err(|mismatch| format!("the body {mismatch}"))?;
        Ok(found)
    }
}

impl<'f> With<'f> {
    fn parse(text: &'f str) -> Result<Self, String> {
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["finish", stop] => Ok(Self::Finish(stop)),
            ["status", status] => status.parse().map(Self::Status).map_err(|e| format!("{e}: {status:?}")),
            [cause] => Ok(Self::Cause(cause, None)),
            [cause, "wait", seconds] => {
                let seconds = seconds.strip_suffix('s').and_then(|s| s.parse().ok());
                seconds.map(|s| Self::Cause(cause, Some(Duration::from_secs(s)))).ok_or("no duration".to_owned())
            }
            _ => Err(format!("nobody can do {text:?}")),
        }
    }
}

fn body_text(seen: &Seen) -> Result<String, String> {
    let binary = |(name, value): &(String, String)| {
        name.eq_ignore_ascii_case("content-type") && value.starts_with("application/vnd.amazon.eventstream")
    };
    if seen.headers.iter().any(binary) {
        return frames::render(&seen.body).map_err(|why| format!("the event stream is broken: {why}"));
    }
    String::from_utf8(seen.body.clone()).map_err(|e| format!("the body is not text: {e}"))
}

/// The body of a file as one pattern: folded lines put together, the marks that stand alone freed of their line
/// breaks, and everything after `«end»` dropped.
fn unfolded(body: &str, crlf: bool) -> Result<String, String> {
    let body = match body.split_once("«end»") {
        None => body.strip_suffix('\n').unwrap_or(body),
        Some((body, "" | "\n")) => body,
        Some((_, more)) => return Err(format!("there is more after «end»: {more:?}")),
    };
    let mut text = String::new();
    let mut folded = false;
    for line in body.split_inclusive('\n') {
        let line = if folded { line.trim_start_matches(' ') } else { line };
        let bare = line.trim_end_matches('\n');
        folded = bare.ends_with("«\\»");
        match bare {
            "«(»" | "«|»" | "«)»" | "«)?»" | "«)*»" | "«)+»" => text.push_str(bare),
            _ if folded => text.push_str(bare.trim_end_matches("«\\»")),
            _ => write!(text, "{bare}{}", &line[bare.len()..]).map_err(|e| e.to_string())?,
        }
    }
    Ok(if crlf { text.replace('\n', "\r\n") } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# A remark.\nask: plain with auth\nask: stream with rate_limited wait 20s\nsaid: one two\n\
        HTTP/1.1 4«uint=rest»\ncontent-type: text/plain«params»\nx-id: «id=id»\n!retry-after\n\n\
        {\"id\":\"«id=id»\",«\\»\n  \"rest\":«uint=rest»}\n\n«(»\n[\"«token»\"]\n«)+»\n«end»\n";
    const BODY: &str = "{\"id\":\"a\",\"rest\":01}\n\n[\"one \"]\n[\"two\"]\n";

    fn seen(body: &str, headers: &[(&str, &str)]) -> Seen {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Seen { status: 401, headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_file_is_its_asks_its_head_and_its_body() {
        let file = File::parse("openai", "causes/auth", FILE).unwrap();
        let cases = file.cases();
        assert_eq!(cases[0].id, "openai/causes/auth (plain with auth)");
        assert_eq!(cases[0].with, Some(With::Cause("auth", None)));
        assert_eq!(cases[1].with, Some(With::Cause("rate_limited", Some(Duration::from_secs(20)))));
        assert!(cases[1].ask.has("stream") && !cases[1].ask.has("plain"));
        assert_eq!(file.compare(&seen(BODY, &[("Content-Type", "text/plain"), ("x-id", "a")])), Ok(()));
    }

    #[test]
    fn every_part_of_a_response_is_compared() {
        let file = File::parse("openai", "causes/auth", FILE).unwrap();
        let text = ("content-type", "text/plain; charset=utf-8");
        type Row<'r> = (&'r str, &'r [(&'r str, &'r str)], &'r str);
        let table: [Row<'_>; 6] = [
            (BODY, &[text], "there is no header x-id"),
            (BODY, &[("content-type", "text/html"), ("x-id", "a")], "the header content-type differs at byte 5"),
            (BODY, &[text, ("x-id", "a"), ("Retry-After", "1")], "there should be no header retry-after"),
            (BODY, &[text, ("x-id", "b")], "the body differs at byte 7"),
            ("{\"id\":\"a\",\"rest\":01}\n\n[\"one\"]\n", &[text, ("x-id", "a")], "the tokens say \"one\""),
            ("{\"id\":\"a\",\"rest\":01}\n[\"one\"]\n", &[text, ("x-id", "a")], "the body differs at byte 21 (line 2)"),
        ];
        for (body, headers, why) in table {
            let error = file.compare(&seen(body, headers)).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
        let status = Seen { status: 500, ..seen(BODY, &[]) };
        assert!(file.compare(&status).unwrap_err().starts_with("the status differs at byte 0"));
    }

    #[test]
    fn line_breaks_can_be_told_to_be_crlf() {
        let file = "ask: plain\nlines: crlf\nHTTP/1.1 200\n\ndata: {}\n\n«end»\n";
        let file = File::parse("gemini", "success/stream", file).unwrap();
        assert_eq!(file.compare(&Seen { status: 200, ..seen("data: {}\r\n\r\n", &[]) }), Ok(()));
        assert!(file.compare(&Seen { status: 200, ..seen("data: {}\n\n", &[]) }).is_err());
    }

    #[test]
    fn what_nobody_understands_is_an_error() {
        for bad in ["", "HTTP/1.1 200\n\n{}\n", "aks: plain\nHTTP/1.1 200\n\n", "ask: plain\nHTTP/1.1 200\nhello\n\n"] {
            assert!(File::parse("d", "s", bad).is_err(), "{bad:?}");
        }
    }
}
