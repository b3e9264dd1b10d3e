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

/// That whoever keeps a signer agreed to a loss.
///
/// ```text
/// aduan/fork-agreement/v1
/// aduan/mojokerto/2
/// 1000
///
/// — aduan/mojokerto …
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreement {
    origin: Origin,
    kept: u64,
    note: Note,
}

impl Agreement {
    /// Agrees that the ledger goes on in that line, with so many events of the line before.
    pub(crate) fn sign(origin: &Origin, kept: u64, key: &NoteKey) -> Self {
        let mut note = Note::new(&format!("{AGREEMENT}\n{origin}\n{kept}\n")).expect("three lines");
        note.add(key.sign(&note));
        Agreement { origin: origin.clone(), kept, note }
    }

    /// The line that goes on.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// How many events of the line before are left.
    pub fn kept(&self) -> u64 {
        self.kept
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
            [AGREEMENT, origin, kept] => {
                let origin = origin.parse().map_err(|wrong: aduan::values::InvalidValue| wrong.to_string())?;
                let kept = number(kept).ok_or_else(|| "an agreement does not say how many were kept".to_owned())?;
                Ok(Statement::Agreement(Agreement { origin, kept, note }))
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
