//! How a declared table lies in the file: its objects, and the statements that are the same every time.

use std::sync::LazyLock;

use aduan::projection::{TABLES, VERSION};
use aduan::read::{Column, ReadError, Table};

use super::values::sql_type;

/// A table of this version. Names go into SQL as they are: they are declared in the core, and never asked for.
pub(super) struct Layout {
    /// The table with the rows of all builds of this version.
    pub(super) name: String,
    /// It and its indexes, by name, in the order in which they are made.
    pub(super) objects: Vec<(String, String)>,
    /// Shows the rows of the live build under the declared name; none where others see nothing of it.
    pub(super) view: Option<String>,
    /// Every column but the build.
    pub(super) columns: String,
    /// Puts a row; in a table of sums adds to it and tells whether all its sums are 0 now.
    pub(super) put: String,
    /// Takes away the row of a key.
    pub(super) drop: String,
    /// Finds the row of a key.
    pub(super) get: String,
}

/// The layout of a table.
///
/// # Errors
/// `Corrupt` when it is not declared.
pub(super) fn of(table: &Table) -> Result<&'static Layout, ReadError> {
    let place = TABLES.iter().position(|known| *known == table);
    place.map(|place| &LAYOUTS[place]).ok_or_else(|| ReadError::Corrupt(format!("there is no table {}", table.name)))
}

/// A column of a table.
///
/// # Errors
/// `Corrupt` when it is not declared.
pub(super) fn column(table: &'static Table, name: &str) -> Result<&'static Column, ReadError> {
    let found = table.columns().find(|column| column.name == name);
    found.ok_or_else(|| ReadError::Corrupt(format!("{} has no column {name}", table.name)))
}

/// Of each of [`TABLES`], in their order.
pub(super) static LAYOUTS: LazyLock<Vec<Layout>> =
    LazyLock::new(|| TABLES.iter().map(|table| lay_out(table)).collect());

fn lay_out(table: &'static Table) -> Layout {
    let name = format!("{}_{VERSION}", table.name);
    let key: Vec<&str> = table.key.iter().map(|column| column.name).collect();
    let columns = list(table.columns(), ", ", |column| column.name.to_owned());
    let key_list = key.join(", ");
    let definitions =
        list(table.columns(), ",\n    ", |column| format!("{} {} NOT NULL", column.name, sql_type(column.kind)));
    let create = format!(
        "CREATE TABLE {name} (\n    build INTEGER NOT NULL,\n    {definitions},\n    PRIMARY KEY (build, {key_list})\n) \
         STRICT, WITHOUT ROWID"
    );
    let indexes = table.indexes.iter().map(|index| {
        let behind = key.iter().filter(|column| !index.contains(column));
        let covered = list(index.iter().chain(behind), ", ", |column| (*column).to_owned());
        let index = format!("{name}_by_{}", index.join("_"));
        let create = format!("CREATE INDEX {index} ON {name} (build, {covered})");
        (index, create)
    });
    let places = list(0..=table.columns().count(), ", ", |place| format!("?{}", place + 1));
    let changes = list(table.rest, ", ", |Column { name, .. }| match table.is_sum {
        true => format!("{name} = {name} + excluded.{name}"),
        false => format!("{name} = excluded.{name}"),
    });
    let returning = match table.is_sum {
        true => format!(" RETURNING {}", list(table.rest, " AND ", |sum| format!("{} = 0", sum.name))),
        false => String::new(),
    };
    let of_key = list(key.iter().enumerate(), "", |(place, column)| format!(" AND {column} = ?{}", place + 2));
    Layout {
        objects: std::iter::once((name.clone(), create)).chain(indexes).collect(),
        view: table.has_view().then(|| view(table, &name)),
        put: format!(
            "INSERT INTO {name} (build, {columns}) VALUES ({places}) \
             ON CONFLICT (build, {key_list}) DO UPDATE SET {changes}{returning}"
        ),
        drop: format!("DELETE FROM {name} WHERE build = ?1{of_key}"),
        get: format!("SELECT {columns} FROM {name} WHERE build = ?1{of_key}"),
        columns,
        name,
    }
}

fn view(table: &Table, name: &str) -> String {
    let shown = list(table.shown(), ", ", |column| column.name.to_owned());
    let open = table.secret().map_or(String::new(), |secret| format!(" AND {secret} = 0"));
    format!(
        "CREATE VIEW {} AS\nSELECT {shown}\nFROM {name}\nWHERE build = (SELECT number FROM builds WHERE is_live){open}",
        table.name
    )
}

fn list<T>(items: impl IntoIterator<Item = T>, between: &str, text: impl Fn(T) -> String) -> String {
    items.into_iter().map(text).collect::<Vec<_>>().join(between)
}
