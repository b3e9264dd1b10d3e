//! The tables of the read models as people look them up: `core/READ_MODELS.md` is written from their declaration.

use aduan::projection::{TABLES, VERSION};
use aduan::read::{Column, Kind, Table};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/READ_MODELS.md");

#[test]
fn the_documented_tables_are_those_that_are_made() {
    if std::env::var_os("ADUAN_WRITE").is_some() {
        std::fs::write(FILE, document()).unwrap();
    }
    let written = std::fs::read_to_string(FILE).unwrap();
    assert!(
        written == document(),
        "write it anew: ADUAN_WRITE=1 cargo nextest run -p aduan-testkit the_documented_tables"
    );
}

fn document() -> String {
    let tables: Vec<String> = TABLES.into_iter().filter(|table| table.has_view()).map(section).collect();
    format!("{HEAD}\nVersion {VERSION}.\n\n{}", tables.join("\n"))
}

fn section(table: &'static Table) -> String {
    let rows: String = table.shown().map(|column| row(table, column)).collect();
    format!("## {}\n{}\n\n| column | type | says |\n|---|---|---|\n{rows}", table.name, table.about)
}

fn row(table: &'static Table, column: &'static Column) -> String {
    let is_key = table.key.iter().any(|key| key.name == column.name);
    let kind = match column.kind {
        Kind::Text => "text",
        Kind::Integer => "integer",
        Kind::Instant => "instant",
        Kind::Date => "date",
        Kind::Id => "uuid",
    };
    let mark = match (is_key, table.is_sum) {
        (true, _) => "key",
        (false, true) => "sum",
        (false, false) => "",
    };
    format!("| `{}` | {kind}{}{mark} | {} |\n", column.name, if mark.is_empty() { "" } else { ", " }, column.about)
}

const HEAD: &str = "\
# The tables of the read models
Written from their declaration in `src/projection`; a test keeps it so.

In SQLite they are views in the file beside the ledger (`PATH.read`), in PostgreSQL views in the schema `aduan_read`, where each
has the column `ledger` in front. They show the live build. Not shown are `deadlines`, `running` and `ratings`, whose rows
could point at single reports or raters, and what only the inspectorate may see. There is no NULL: what is not there is `''`, 0, or the year 9999.
Months read `2024-03` and are the tenant's. Instants are to the microsecond, in UTC. In tables of sums, add up: any column of
the key may be left out of a `GROUP BY`.

```sql
-- Compliance with the statutory limit in 2024, for whoever held the complaint then.
SELECT agency, sum(met) AS met, sum(missed) AS missed, 100.0 * sum(met) / nullif(sum(met) + sum(missed), 0) AS percent
FROM verdicts WHERE clock = 'statutory' AND month BETWEEN '2024-01' AND '2024-12' GROUP BY agency ORDER BY agency;
```
";
