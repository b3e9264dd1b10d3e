//! `claim`: a sentence of a report or a speech, held against the ledger.

use aduan::evidence::{Answer, Claim, ClaimVerdict, DEFINED};
use chrono::Datelike as _;
use clap::Args;
use serde_json::json;

use crate::answer::{Exit, Failure, Teller};
use crate::evidence::{self, Asked};
use crate::tenant::Tenant;

/// What `claim` is told.
#[derive(Args)]
#[command(after_long_help = FORMS)]
pub(crate) struct HoldClaim {
    /// What is claimed.
    #[arg(required_unless_present = "list")]
    text: Option<String>,
    /// List what can be claimed, and the words for it.
    #[arg(long)]
    list: bool,
    /// The year it is claimed of [default: that of `--now`].
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i32).range(1900..2200))]
    year: Option<i32>,
    #[command(flatten)]
    asked: Asked,
}

impl HoldClaim {
    /// Derives the evidence of the year, and answers.
    ///
    /// # Errors
    /// When the claim is not understood, or the log cannot be read.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let Some(text) = self.text.filter(|_| !self.list) else { return list(teller) };
        let claim: Claim = text.parse().map_err(|error| Failure::Usage(format!("{error}")))?;
        let now = self.asked.now.instant();
        let zone = tenant.rules()?.policy_on(now.0.date_naive()).zone;
        let year = self.year.unwrap_or_else(|| now.in_zone(zone).date().year());
        let pack = evidence::derive(tenant, &self.asked, year, teller).await?;
        let answer = claim.against(&pack);
        let told = json!({ "year": year, "agency": pack.agency, "head": pack.head, "answer": answer });
        teller.tell(
            &told,
            &format!("{}\n{} of {year}, at position {}", shown(&answer), pack.head.ledger, pack.head.position),
        )?;
        Ok(match answer.verdict {
            ClaimVerdict::Derivable => Exit::Done,
            ClaimVerdict::Contradicted => Exit::Refused,
            ClaimVerdict::NotDerivable => Exit::Unknown,
        })
    }
}

fn shown(answer: &Answer) -> String {
    let mut lines = vec![format!("{}: {}", answer.verdict.name(), answer.claim)];
    lines.extend(answer.because.iter().map(|because| format!("  {because}")));
    for term in &answer.terms {
        if let (Some(figure), Some(positions)) = (&term.figure, &term.positions) {
            lines.push(format!("  {figure} rests on {} events", positions.count()));
        }
    }
    lines.join("\n")
}

fn list(teller: Teller) -> Result<Exit, Failure> {
    let width = DEFINED.iter().map(|defined| defined.name.len()).max().unwrap_or(0);
    let lines = DEFINED.iter().map(|defined| {
        let words = if defined.words.is_empty() { String::new() } else { format!(" [{}]", defined.words.join(", ")) };
        format!("{:<width$}  {}{words}", defined.name, defined.about)
    });
    teller.tell(&json!({ "figures": DEFINED.as_slice() }), &lines.collect::<Vec<_>>().join("\n"))?;
    Ok(Exit::Done)
}

const FORMS: &str = "\
Two forms are understood, in English or Indonesian words (`--list`):
  FIGURE VALUE [%]              `satisfaction 91.3 %`, `kepuasan 91,3 %`, `received 312`, `sla.statutory.compliance 88 %`
  [FIGURE] N = [FIGURE] N + …   `received 312 = resolved 187 + open 125`, `312 = 187 + 165`

derivable      The figure, rounded half up to as many decimals as are claimed, is the value. Of a sum: it adds up, each
               number is what its figure says, and the parts are parts of the whole.
contradicted   The figure is another value, which is told with its counts; or the sum does not add up, whatever it counts.
not derivable  There is no such figure, nothing was counted, too few rated, or an event it rests on is not proven. Of a
               sum: somebody left out what a number counts, or the parts are not parts of the whole: it may be chance.

Decimals are written with a point or a comma. 1.234 may mean two numbers, and is refused: write 1234, or 1.2340.

With --json: {year, agency, head, answer: {claim, verdict, because: [text], terms: [{claimed, figure, value, positions,
verdict}]}}; verdicts are derivable, contradicted, not_derivable. Exit codes: 0, 3 and 6.";
