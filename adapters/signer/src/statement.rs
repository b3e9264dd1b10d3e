//! What a signer writes down: each a signed note of its own key.

use std::fmt;
use std::str::FromStr;

use aduan::audit::checkpoint::{Origin, SignedCheckpoint};
use aduan::audit::keys::Rotation;
use aduan::audit::note::{Note, NoteKey, VerifierKey, number};

/// One note of the file `signed`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Statement {
    /// A ledger it signs for from here on, under that key.
    Begins { key: VerifierKey, note: Note },
    /// A checkpoint.
    Checkpoint(SignedCheckpoint),
    /// A key handed over.
    Rotation(Rotation),
    /// A line left after a loss.
    Agreement(Agreement),
}

/// That whoever keeps a signer agreed to a loss: which line goes on, how many events are left, how far the line before was
/// signed. One that was written before that was asked has no last line.
///
/// ```text
/// aduan/fork-agreement/v1
/// aduan/mojokerto/2
/// 1000
/// 1234
///
/// — aduan/mojokerto …
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreement {
    origin: Origin,
    kept: u64,
    lost: Option<u64>,
    note: Note,
}

impl Agreement {
    /// Agrees that the ledger goes on in that line, with so many events of the line before, of which so many were signed.
    pub(crate) fn sign(origin: &Origin, kept: u64, lost: u64, key: &NoteKey) -> Self {
        let mut note = Note::new(&format!("{AGREEMENT}\n{origin}\n{kept}\n{lost}\n")).expect("four lines");
        note.add(key.sign(&note));
        Agreement { origin: origin.clone(), kept, lost: Some(lost), note }
    }

    /// The line that goes on.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// How many events of the line before are left.
    pub fn kept(&self) -> u64 {
        self.kept
    }

    /// How many the ledger says were signed in the line before; none where that was not asked yet.
    pub fn lost(&self) -> Option<u64> {
        self.lost
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

impl Statement {
    /// That it signs for a ledger, under that key.
    pub(crate) fn begins(key: &NoteKey) -> Self {
        let mut note = Note::new(&format!("{BEGINS}\n{}\n", key.verifier())).expect("two lines");
        note.add(key.sign(&note));
        Statement::Begins { key: key.verifier(), note }
    }

    /// Reads a note.
    ///
    /// # Errors
    /// What it is not.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.lines().next() {
            Some(BEGINS | AGREEMENT) => Statement::own(text),
            Some(ROTATION) => text.parse().map(Statement::Rotation).map_err(|wrong| wrong.to_string()),
            _ => text.parse().map(Statement::Checkpoint).map_err(|wrong| wrong.to_string()),
        }
    }

    fn own(text: &str) -> Result<Self, String> {
        let note = Note::from_str(text).map_err(|wrong| wrong.to_string())?;
        let lines: Vec<&str> = note.text().lines().collect();
        match lines[..] {
            [BEGINS, key] => {
                let key = key.parse().map_err(|wrong: aduan::values::InvalidValue| wrong.to_string())?;
                Ok(Statement::Begins { key, note })
            }
            [AGREEMENT, origin, kept, ref lost @ ..] if lost.len() <= 1 => {
                let origin = origin.parse().map_err(|wrong: aduan::values::InvalidValue| wrong.to_string())?;
                let count =
                    |text: &str, what| number(text).ok_or(format!("an agreement does not say how many were {what}"));
                let kept = count(kept, "kept")?;
                let lost = lost.first().map(|lost| count(lost, "lost")).transpose()?;
                Ok(Statement::Agreement(Agreement { origin, kept, lost, note }))
            }
            _ => Err("a statement has other lines than it should".to_owned()),
        }
    }

    /// Of which ledger it speaks, by the name of its keys.
    pub(crate) fn key_name(&self) -> &str {
        match self {
            Statement::Begins { key, .. } => key.name(),
            Statement::Checkpoint(signed) => signed.checkpoint().origin.key_name(),
            Statement::Rotation(rotation) => rotation.origin().key_name(),
            Statement::Agreement(agreement) => agreement.origin.key_name(),
        }
    }

    /// Whether that key signed it.
    pub(crate) fn is_signed_by(&self, key: &VerifierKey) -> bool {
        match self {
            Statement::Begins { note, .. } => note.is_signed_by(key).is_some(),
            Statement::Checkpoint(signed) => signed.note().is_signed_by(key).is_some(),
            Statement::Rotation(rotation) => rotation.is_signed_by(key),
            Statement::Agreement(agreement) => agreement.note.is_signed_by(key).is_some(),
        }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Statement::Begins { note, .. } => note.fmt(f),
            Statement::Checkpoint(signed) => signed.fmt(f),
            Statement::Rotation(rotation) => rotation.fmt(f),
            Statement::Agreement(agreement) => agreement.fmt(f),
        }
    }
}

const BEGINS: &str = "aduan/signer/v1";
const AGREEMENT: &str = "aduan/fork-agreement/v1";
const ROTATION: &str = "aduan/key-rotation/v1";

#[cfg(test)]
mod tests {
    use aduan::values::LedgerId;

    use super::*;

    fn signed(text: &str) -> String {
        let key = NoteKey::from_seed("aduan/mojokerto", &[1; 32]).unwrap();
        let mut note = Note::new(text).unwrap();
        note.add(key.sign(&note));
        note.to_string()
    }

    #[test]
    fn an_agreement_is_read_with_and_without_how_much_was_signed() {
        let origin = Origin::of(&LedgerId::new("mojokerto").unwrap(), 2);
        for (end, lost) in [("", None), ("1234\n", Some(1_234))] {
            let text = signed(&format!("{AGREEMENT}\n{origin}\n1000\n{end}"));
            let Ok(Statement::Agreement(agreement)) = Statement::parse(&text) else { panic!("{text}") };
            assert_eq!((agreement.origin(), agreement.kept(), agreement.lost()), (&origin, 1_000, lost));
            assert_eq!(agreement.to_string(), text);
        }
        for end in ["many\n", "1234\n5\n"] {
            assert!(Statement::parse(&signed(&format!("{AGREEMENT}\n{origin}\n1000\n{end}"))).is_err(), "{end}");
        }
        let key = NoteKey::from_seed("aduan/mojokerto", &[1; 32]).unwrap();
        let own = Agreement::sign(&origin, 1_000, 1_234, &key);
        assert_eq!(Statement::parse(&own.to_string()), Ok(Statement::Agreement(own)));
    }
}
