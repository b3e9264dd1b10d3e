//! Connections: how they are opened, set, and asked whether the settings took.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::OpenError;

/// Opens a file that exists, to write. Look what it is before [`set_to_write`].
pub(crate) fn open_existing(path: &Path) -> Result<Connection, OpenError> {
    opened(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Opens a file to write, an empty one where there is none.
pub(crate) fn open_or_create(path: &Path) -> Result<Connection, OpenError> {
    opened(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
}

/// Makes it the one connection that writes and checkpoints. This changes the file.
pub(crate) fn set_to_write(connection: &Connection, synchronous: Synchronous) -> Result<(), OpenError> {
    set(
        connection,
        &[
            ("journal_mode", "wal"),
            ("synchronous", synchronous.value()),
            ("fullfsync", "1"),
            ("checkpoint_fullfsync", "1"),
            ("foreign_keys", "1"),
            ("recursive_triggers", "1"),
            ("trusted_schema", "0"),
            ("cell_size_check", "1"),
            ("secure_delete", "1"),
            // 16 MiB: a tenth faster than the default 4 MiB.
            ("wal_autocheckpoint", "4000"),
            ("journal_size_limit", "67108864"),
            ("cache_size", "-65536"),
        ],
    )
}

/// A connection that can neither write nor checkpoint.
pub(crate) fn reading(path: &Path) -> Result<Connection, OpenError> {
    let connection = opened(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    set(
        &connection,
        &[
            ("query_only", "1"),
            ("wal_autocheckpoint", "0"),
            ("trusted_schema", "0"),
            ("cell_size_check", "1"),
            ("cache_size", "-16384"),
        ],
    )?;
    Ok(connection)
}

/// How long a commit waits for the disk.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Synchronous {
    Full,
    Normal,
}

impl Synchronous {
    fn value(self) -> &'static str {
        match self {
            Synchronous::Full => "2",
            Synchronous::Normal => "1",
        }
    }
}

fn opened(path: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    if rusqlite::version_number() < FIRST_SOUND_SQLITE {
        return Err(OpenError::SqliteTooOld { found: rusqlite::version().into() });
    }
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // Only a foreign process can make us wait, for example a backup that recovers the log.
    connection.busy_timeout(Duration::from_secs(1))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// Makes settings, and reads each of them back.
pub(crate) fn set(connection: &Connection, settings: &[(&'static str, &str)]) -> Result<(), OpenError> {
    for (name, wanted) in settings {
        connection.pragma_update_and_check(None, name, wanted, |_| Ok(())).or_else(|error| match error {
            // Some settings answer with a row, some do not.
            rusqlite::Error::QueryReturnedNoRows => Ok(()),
            other => Err(other),
        })?;
        let found = setting(connection, name)?;
        if found != *wanted {
            return Err(OpenError::Setting { name, wanted: (*wanted).to_owned(), found });
        }
    }
    Ok(())
}

/// A setting as it is, in text.
pub(crate) fn setting(connection: &Connection, name: &str) -> rusqlite::Result<String> {
    connection.pragma_query_value(None, name, |row| {
        Ok(match row.get_ref(0)? {
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            other => other.as_str()?.to_owned(),
        })
    })
}

/// 3.51.3: the first release in which two connections that write or checkpoint cannot corrupt the file.
const FIRST_SOUND_SQLITE: i32 = 3_051_003;
