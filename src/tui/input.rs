//! Keys. One table says which keys there are, what they do and how that is put into words; the help and the footer
//! are generated from it, so neither can be wrong about a key.
//!
//! To add a key: a row here, an [`Action`] in `model.rs` and its arm in `Model::on`.

use super::model::Action;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

/// A key as crossterm names it. Shift is not looked at: it is already in the character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A key by itself.
    Plain(KeyCode),
    /// With Ctrl held.
    Ctrl(char),
}

/// What some keys do.
#[derive(Debug)]
pub struct Binding {
    /// The keys, any of them.
    pub keys: &'static [Key],
    /// How the help names them.
    pub label: &'static str,
    /// What they ask for.
    pub action: Action,
    /// What that is, for the help.
    pub words: &'static str,
    /// Key and word for the footer, if it has a place there.
    pub footer: Option<(&'static str, &'static str)>,
}

const fn key(c: char) -> Key {
    Key::Plain(KeyCode::Char(c))
}

/// Every key there is.
pub static BINDINGS: [Binding; 13] = [
    Binding {
        keys: &[key('q'), Key::Ctrl('c')],
        label: "q  Ctrl-C",
        action: Action::Quit,
        words: "end the drill and leave",
        footer: Some(("q", "quit")),
    },
    Binding {
        keys: &[key('?'), key('h')],
        label: "?  h",
        action: Action::Help,
        words: "this help",
        footer: Some(("?", "help")),
    },
    Binding {
        keys: &[Key::Plain(KeyCode::Esc)],
        label: "Esc",
        action: Action::Back,
        words: "close the help",
        footer: None,
    },
    Binding {
        keys: &[key(' ')],
        label: "space",
        action: Action::Pause,
        words: "pause, resume",
        footer: Some(("space", "pause")),
    },
    Binding {
        keys: &[key('.')],
        label: ".",
        action: Action::Step,
        words: "while paused: 100 ms further",
        footer: Some((".", "step")),
    },
    Binding {
        keys: &[key('+'), key('='), Key::Plain(KeyCode::Right)],
        label: "+  Right",
        action: Action::Faster,
        words: "faster",
        footer: Some(("+", "faster")),
    },
    Binding {
        keys: &[key('-'), key('_'), Key::Plain(KeyCode::Left)],
        label: "-  Left",
        action: Action::Slower,
        words: "slower",
        footer: Some(("-", "slower")),
    },
    Binding {
        keys: &[key('f')],
        label: "f",
        action: Action::FlatOut,
        words: "flat out, to the end",
        footer: Some(("f", "flat out")),
    },
    Binding {
        keys: &[Key::Plain(KeyCode::Up), key('k')],
        label: "Up  k",
        action: Action::ScrollUp,
        words: "older events",
        footer: Some(("Up", "scroll")),
    },
    Binding {
        keys: &[Key::Plain(KeyCode::Down), key('j')],
        label: "Down  j",
        action: Action::ScrollDown,
        words: "newer events",
        footer: None,
    },
    Binding {
        keys: &[Key::Plain(KeyCode::PageUp), Key::Ctrl('u')],
        label: "PgUp  Ctrl-U",
        action: Action::PageUp,
        words: "a page of older events",
        footer: None,
    },
    Binding {
        keys: &[Key::Plain(KeyCode::PageDown), Key::Ctrl('d')],
        label: "PgDn  Ctrl-D",
        action: Action::PageDown,
        words: "a page of newer events",
        footer: None,
    },
    Binding {
        keys: &[Key::Plain(KeyCode::End), key('G')],
        label: "End  G",
        action: Action::Newest,
        words: "follow the newest event",
        footer: None,
    },
];

/// What a terminal event asks for, if it is a key that does something.
#[must_use]
pub fn action(event: &Event) -> Option<Action> {
    let Event::Key(pressed) = event else { return None };
    if pressed.kind == KeyEventKind::Release {
        return None;
    }
    let key = match pressed.code {
        KeyCode::Char(c) if pressed.modifiers.contains(KeyModifiers::CONTROL) => Key::Ctrl(c.to_ascii_lowercase()),
        _ if pressed.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => return None,
        code => Key::Plain(code),
    };
    BINDINGS.iter().find(|b| b.keys.contains(&key)).map(|b| b.action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEvent;

    fn press(key: Key) -> Event {
        Event::Key(match key {
            Key::Plain(code) => KeyEvent::new(code, KeyModifiers::NONE),
            Key::Ctrl(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL),
        })
    }

    #[test]
    fn every_key_in_the_table_asks_for_its_action() {
        for binding in &BINDINGS {
            for &key in binding.keys {
                assert_eq!(action(&press(key)), Some(binding.action), "{}", binding.label);
            }
        }
    }

    #[test]
    fn no_key_and_no_action_is_listed_twice() {
        let mut keys: Vec<Key> = BINDINGS.iter().flat_map(|b| b.keys.iter().copied()).collect();
        let all = keys.len();
        keys.dedup_by(|a, b| a == b);
        for (i, k) in keys.iter().enumerate() {
            assert!(!keys[i + 1..].contains(k), "{k:?}");
        }
        assert_eq!(keys.len(), all);
        let mut actions: Vec<Action> = BINDINGS.iter().map(|b| b.action).collect();
        actions.sort_unstable();
        actions.dedup();
        assert_eq!(actions.len(), BINDINGS.len());
    }

    #[test]
    fn shifted_characters_count_releases_and_strange_chords_do_not() {
        let shifted = Event::Key(KeyEvent::new(KeyCode::Char('+'), KeyModifiers::SHIFT));
        assert_eq!(action(&shifted), Some(Action::Faster));
        let released = KeyEvent { kind: KeyEventKind::Release, ..KeyEvent::from(KeyCode::Char('q')) };
        assert_eq!(action(&Event::Key(released)), None);
        assert_eq!(action(&Event::Key(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::ALT))), None);
        assert_eq!(action(&Event::Key(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::CONTROL))), None);
        assert_eq!(action(&Event::Resize(80, 24)), None);
    }
}
