//! `replay`: the read models built anew, to compare them or to put them in place.

use aduan::projector::{Difference, Leading};
use aduan::read::Value;
use aduan::values::{LedgerId, Position};
use clap::Args;
use serde::Serialize;

use crate::answer::{Exit, Failure, Teller};
use crate::progress::Progress;
use crate::reads::lead;
use crate::tenant::Tenant;

/// What `replay` is told.
#[derive(Args)]
#[command(after_long_help = JSON)]
#[group(required = true, multiple = false)]
pub(crate) struct Replay {
    /// Build beside the live ones, compare every row, clear away what was built; 5 where a row differs.
    #[arg(long)]
    check: bool,
    /// Build beside the live ones, and put that in their place.
    #[arg(long)]
    rebuild: bool,
}

impl Replay {
    /// Builds anew from the whole log.
    ///
    /// # Errors
    /// When another process takes the read models along, log or read models cannot be reached, or an event cannot be
    /// taken.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let store = tenant.reader().await?;
        let (ledger, reads) = (store.id().clone(), tenant.read_store(&*store).await?);
        let projector = tenant.projector(store, &reads)?;
        let mut leading = lead(&projector).await?.ok_or_else(busy)?;
        let bar = Progress::start(teller, 0, "events");
        if self.check {
            let differences = leading.check(&mut |progress| bar.follows(progress)).await?;
            drop(bar);
            Checked { ledger, position: leading.build().position, differences }.tell(teller)
        } else {
            leading.rebuild(&mut |progress| bar.follows(progress)).await?;
            drop(bar);
            Rebuilt::of(ledger, &leading).tell(teller)
        }
    }
}

/// What a comparison found.
#[derive(Serialize)]
struct Checked {
    ledger: LedgerId,
    position: Position,
    differences: Vec<Difference>,
}

impl Checked {
    fn tell(&self, teller: Teller) -> Result<Exit, Failure> {
        teller.tell(self, &self.text())?;
        Ok(if self.differences.is_empty() { Exit::Done } else { Exit::Corrupt })
    }

    fn text(&self) -> String {
        let Checked { ledger, position, differences } = self;
        let found = match differences.len() {
            0 => "every row is what the log says".to_owned(),
            1 => "1 row is not what the log says".to_owned(),
            many => format!("{many} rows are not what the log says"),
        };
        let mut lines = vec![format!("{ledger} at position {position}: {found}")];
        lines.extend(differences.iter().take(MOST_SHOWN).map(shown));
        if differences.len() > MOST_SHOWN {
            lines.push(format!("and {} more: --json tells all of them", differences.len() - MOST_SHOWN));
        }
        lines.join("\n")
    }
}

/// The build that answers now.
#[derive(Serialize)]
struct Rebuilt {
    ledger: LedgerId,
    build: u32,
    position: Position,
}

impl Rebuilt {
    fn of(ledger: LedgerId, leading: &Leading<'_>) -> Self {
        Rebuilt { ledger, build: leading.build().number, position: leading.build().position }
    }

    fn tell(&self, teller: Teller) -> Result<Exit, Failure> {
        let Rebuilt { ledger, build, position } = self;
        teller.tell(self, &format!("{ledger} at position {position}: build {build} answers"))?;
        Ok(Exit::Done)
    }
}

fn shown(difference: &Difference) -> String {
    let Difference { table, key, live, rebuilt } = difference;
    let side = |values: &Option<Vec<Value>>| values.as_deref().map_or("no row".to_owned(), joined);
    format!("{table} [{}]: live {}, rebuilt {}", joined(key), side(live), side(rebuilt))
}

fn joined(values: &[Value]) -> String {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ")
}

fn busy() -> Failure {
    Failure::Busy("another process takes the read models along".into())
}

const MOST_SHOWN: usize = 20;

const JSON: &str = "\
With --json, one document on one line:
  --check    {ledger, position, differences: [{table, key: [VALUE], live: [VALUE], rebuilt: [VALUE]}]}
             live and rebuilt are the values behind the key; null where there is no such row
  --rebuild  {ledger, build, position}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_shown_twenty_differences_and_the_number_of_all() {
        let difference = |day: i64| Difference {
            table: "ages",
            key: vec![Value::from("dishub"), Value::from(day)],
            live: Some(vec![Value::from(2)]),
            rebuilt: None,
        };
        let ledger: LedgerId = "kediri".parse().unwrap();
        let text = Checked { ledger, position: 9, differences: (1..=23).map(difference).collect() }.text();
        assert!(text.starts_with("kediri at position 9: 23 rows are not what the log says\n"));
        assert_eq!(text.matches("live 2, rebuilt no row").count(), 20);
        assert!(text.contains("ages [dishub | 1]: ") && text.ends_with("and 3 more: --json tells all of them"));
    }
}
