//! The scenarios that come with the program, and what arguments on a command line mean.
//!
//! Rules: the library is embedded, so it works from any directory. An argument without a path separator and without an
//! ending is looked up in the library first; write `./steady` for a file of that name. A directory means the `.yaml`
//! and `.yml` files right in it, sorted. Nothing is parsed here.

use super::yaml;
use crate::words;
use include_dir::{Dir, include_dir};
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// A scenario of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bundled {
    /// Its name: the file's, without the ending.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The scenarios of the library in the order of their names.
pub fn list() -> impl Iterator<Item = Bundled> {
    let bundled = |file: &'static include_dir::File<'static>| {
        let path = file.path();
        let name = path.file_stem()?.to_str()?;
        (path.extension()? == "yaml").then_some(Bundled { name, text: file.contents_utf8()? })
    };
    let mut all: Vec<Bundled> = SCENARIOS.files().filter_map(bundled).collect();
    all.sort_by_key(|bundled| bundled.name);
    all.into_iter()
}

/// The scenario of that name.
#[must_use]
pub fn find(name: &str) -> Option<Bundled> {
    list().find(|bundled| bundled.name == name)
}

/// A scenario to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// From the library.
    Bundled(Bundled),
    /// From a file.
    File(PathBuf),
}

impl Input {
    /// What messages call it.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Bundled(bundled) => Cow::Borrowed(bundled.name),
            Self::File(path) => path.to_string_lossy(),
        }
    }

    /// Its bytes. Of a file that is too large for a scenario only so much is read that [`super::load`] can tell.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(&self) -> io::Result<Cow<'static, [u8]>> {
        match self {
            Self::Bundled(bundled) => Ok(Cow::Borrowed(bundled.text.as_bytes())),
            Self::File(path) => {
                let mut bytes = Vec::new();
                File::open(path)?.take(yaml::MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
                Ok(Cow::Owned(bytes))
            }
        }
    }
}

/// Why an argument means no scenario.
#[derive(Debug, thiserror::Error)]
pub enum NoInput {
    /// Neither in the library nor on the disk.
    #[error("there is no scenario `{argument}`, neither in the library nor as a file{}", hint(.help.as_deref()))]
    Unknown {
        /// The argument.
        argument: String,
        /// A guess at what was meant, or the list of what there is.
        help: Option<String>,
    },
    /// A directory without scenarios.
    #[error("there is no .yaml or .yml file in `{}`", .0.display())]
    Empty(PathBuf),
    /// A directory that cannot be listed.
    #[error("`{}` cannot be read: {error}", path.display())]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

fn hint(help: Option<&str>) -> String {
    help.map_or_else(String::new, |help| format!("; {help}"))
}

/// Expands arguments (names of the library, files, directories) into scenarios, in the order given.
///
/// # Errors
/// The first argument that means none.
pub fn sources<S: AsRef<str>>(arguments: &[S]) -> Result<Vec<Input>, NoInput> {
    let mut inputs = Vec::new();
    for argument in arguments {
        let argument = argument.as_ref();
        let path = Path::new(argument);
        if let Some(bundled) = find(argument) {
            inputs.push(Input::Bundled(bundled));
        } else if path.is_dir() {
            inputs.extend(directory(path)?);
        } else if path.exists() {
            inputs.push(Input::File(path.to_owned()));
        } else {
            let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or(argument);
            let names: Vec<&str> = list().map(|bundled| bundled.name).collect();
            return Err(NoInput::Unknown { argument: argument.to_owned(), help: words::help(stem, names) });
        }
    }
    Ok(inputs)
}

fn directory(path: &Path) -> Result<Vec<Input>, NoInput> {
    let unreadable = |error| NoInput::Unreadable { path: path.to_owned(), error };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let yaml = file.extension().is_some_and(|e| e == "yaml" || e == "yml");
        let hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if yaml && !hidden && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(NoInput::Empty(path.to_owned()));
    }
    Ok(files.into_iter().map(Input::File).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_holds_exactly_the_files_of_its_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let inputs = directory(&folder).unwrap();
        let files: Vec<String> =
            inputs.iter().map(|i| Path::new(&*i.name()).file_stem().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(list().map(|b| b.name).collect::<Vec<_>>(), files);
        assert!(files.len() >= 10 && !files.contains(&"no-fallback".to_owned()));
    }

    #[test]
    fn an_argument_is_a_name_of_the_library_a_file_or_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.yaml", "a.yml", "c.txt", ".hidden.yaml"] {
            fs::write(folder.path().join(name), "version: 1").unwrap();
        }
        fs::create_dir(folder.path().join("sub.yaml")).unwrap();
        let path = folder.path().to_str().unwrap();
        let inputs = sources(&["steady", path, &format!("{path}/c.txt")]).unwrap();
        let names: Vec<String> = inputs.iter().map(|i| i.name().replace(path, "")).collect();
        assert_eq!(names, ["steady", "/a.yml", "/b.yaml", "/c.txt"]);
        assert_eq!(&*inputs[1].read().unwrap(), b"version: 1");
    }

    #[test]
    fn an_unknown_name_is_met_with_a_guess() {
        let message = |argument: &str| sources(&[argument]).unwrap_err().to_string();
        assert!(
            message("primary-outtage").ends_with("did you mean `primary-outage`?"),
            "{}",
            message("primary-outtage")
        );
        assert!(message("nothing-like-it").contains("one of: `"), "{}", message("nothing-like-it"));
        let folder = tempfile::tempdir().unwrap();
        assert!(message(folder.path().to_str().unwrap()).starts_with("there is no .yaml or .yml file in"));
    }

    #[test]
    fn of_an_endless_file_only_so_much_is_read_that_it_can_be_refused() {
        let input = Input::File("/dev/zero".into());
        if Path::new("/dev/zero").exists() {
            let error = crate::scenario::load("zero", &input.read().unwrap()).unwrap_err();
            assert_eq!(error.problems[0].message, "the file is larger than 1 MB, which no scenario is");
        }
    }
}
