//! Records that link and hash as a store expects, for tests that drive it without the rules.

use std::sync::LazyLock;

use aduan::actor::{Actor, Role};
use aduan::event::{Context, Event, Fact, Note, Part, Provenance};
use aduan::record::{Record, genesis};
use aduan::rules::Rules;
use aduan::store::{AppendPart, Store};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId, Moment, Salt, Version, WIB};
use uuid::Uuid;

/// A complaint on its way: what is written next fits behind what was written last.
///
/// ```
/// use aduan::store::{Append, Ledger};
/// use aduan_testkit::draft::{Draft, command};
/// # let store = aduan_memory::MemoryStore::new(aduan::values::LedgerId::new("mojokerto").expect("a name"));
/// let mut draft = Draft::of(&store, 1);
/// let append = Append::new(command(7), vec![draft.part(7, 3)]);
/// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
/// store.append(append).await.expect("it fits");
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Draft {
    /// The ledger it is of.
    pub ledger: LedgerId,
    /// The complaint.
    pub id: ComplaintId,
    /// How many records were written.
    pub version: Version,
    /// The hash of the last of them.
    pub prev: Digest,
}

impl Draft {
    /// A complaint of that number in the ledger of a store, not begun.
    pub fn of(store: &dyn Store, number: u64) -> Self {
        let (ledger, id) = (store.id().clone(), complaint(number));
        let prev = genesis(&ledger, id);
        Draft { ledger, id, version: 0, prev }
    }

    /// The next `count` records, by the command of that number.
    pub fn part(&mut self, number: u64, count: u64) -> AppendPart {
        self.part_of(number, 1, count as u32, count as u32)
    }

    /// The next `count` records, by a command of `of` parts, from part `first` on.
    pub fn part_of(&mut self, number: u64, first: u32, count: u32, of: u32) -> AppendPart {
        let expected = self.version;
        let mut records = Vec::new();
        for part in first..first + count {
            let event = event(command(number), Part { number: part, of });
            self.version += 1;
            let record = Record::write(&self.ledger, self.id, self.version, self.prev, &event);
            self.prev = record.hash;
            records.push(record);
        }
        AppendPart { complaint: self.id, expected, records, boxes: Vec::new(), keys: Vec::new() }
    }
}

/// The id of the complaint of that number.
pub fn complaint(number: u64) -> ComplaintId {
    ComplaintId(Uuid::from_u128(0xc0_0000_0000_8000_8000_0000_0000_0000 + u128::from(number)))
}

/// The id of the command of that number.
pub fn command(number: u64) -> CommandId {
    CommandId(Uuid::from_u128(0xcd_0000_0000_7000_8000_0000_0000_0000 + u128::from(number)))
}

/// Stores do not read events: any will do.
fn event(command: CommandId, part: Part) -> Event {
    static RULES: LazyLock<Rules> = LazyLock::new(Rules::mojokerto);
    let rules = &*RULES;
    let at = Moment::parse("2024-03-29T16:01:00+07:00", WIB).expect("a fixed time");
    let by = Actor::new(Role::Admin);
    Event {
        context: Context {
            agency: by.agency,
            calendar: rules.calendar_on(at.date()).reference().clone(),
            causation: None,
            command,
            correlation: None,
            directory: rules.directory_on(at.date()).reference.clone(),
            key: None,
            mac: None,
            on_behalf: None,
            part,
            person: by.person,
            policy: rules.policy_on(at.date()).reference.clone(),
            recorded_at: at.at,
            role: by.role,
            salt: Salt::default(),
        },
        fact: Fact::Annotated { note: Note::Remark, text: None },
        occurred_at: at,
        provenance: Provenance::Native,
    }
}
