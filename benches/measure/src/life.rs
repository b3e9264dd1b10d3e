//! Typical lives of complaints: what is asked, what a seal makes of it, what the rules decide, and what is stored.

use aduan::actor::{Actor, Role};
use aduan::command::{ClearRequest, Command, Import, ImportStep, Marks, Receive, SealedRequest, Step};
use aduan::complaint::{Complaint, Decision, tracking_secret};
use aduan::event::{Class, Classification, Event, Outcome, Priority, ReplyKind, ResponseKind};
use aduan::record::{Record, genesis};
use aduan::rules::Rules;
use aduan::sealed::{self, BoxPlace, Clear, ComplaintKey, SealedBox, WrappedKey};
use aduan::store::{Append, AppendPart};
use aduan::values::{
    AgencyCode, Category, Channel, CommandId, ComplaintId, Digest, LedgerId, Moment, SourceName, WIB, channels,
};
use chrono::TimeDelta;
use serde::Serialize;
use uuid::Uuid;

/// A complaint from receipt to rating: ten events of nine or ten commands.
#[derive(Clone, Debug)]
pub struct Life {
    /// The complaint.
    pub id: ComplaintId,
    /// What was asked of it, in order.
    pub asked: Vec<Asked>,
}

/// One command, and everything that came of it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// As it came to the edge.
    pub clear: ClearRequest,
    /// As the rules saw it.
    pub sealed: SealedRequest,
    /// The complaint before it.
    pub before: Complaint,
    /// What the rules decided.
    pub events: Vec<Event>,
    /// The same as stored.
    pub records: Vec<Record>,
    /// The texts that came with it.
    pub boxes: Vec<SealedBox>,
    /// The key it issued.
    pub keys: Vec<WrappedKey>,
}

/// The ledger of every life here.
pub fn ledger() -> LedgerId {
    LedgerId::new("mojokerto").expect("a fixed name")
}

/// The outer key of the vault that an engine needs to go on with these lives.
pub const OUTER_KEY: [u8; 32] = [7; 32];

/// A text of 300 characters, as people write.
pub const NARRATIVE: &str = "Selamat pagi Bapak Ibu, saya melaporkan lampu penerangan jalan di depan gang kami yang \
    sudah mati sejak seminggu lalu. Jalannya gelap sekali, kemarin malam ada pengendara motor yang jatuh karena lubang \
    tidak kelihatan. Mohon segera diperbaiki karena banyak anak pulang mengaji lewat sini. Terima kasih banyak.";

impl Life {
    /// Life number `number`. Every number has other ids, times, texts, agencies and channels.
    pub fn lived(rules: &Rules, number: u64) -> Self {
        let mut desk = Desk::new(rules, number);
        desk.live();
        Life { id: desk.id, asked: desk.asked }
    }

    /// Life number `number` as another system tells it: so many imports, so many events each.
    pub fn imported(rules: &Rules, number: u64, commands: usize, events: usize) -> Self {
        let mut desk = Desk::new(rules, number);
        for _ in 0..commands {
            let import = desk.import(events);
            desk.asks(Actor::new(Role::Migrator), import);
        }
        Life { id: desk.id, asked: desk.asked }
    }

    /// A town of lives.
    pub fn many(rules: &Rules, numbers: std::ops::Range<u64>) -> Vec<Life> {
        numbers.map(|number| Life::lived(rules, number)).collect()
    }

    /// Everything that happened.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.asked.iter().flat_map(|asked| &asked.events)
    }

    /// Everything stored.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.asked.iter().flat_map(|asked| &asked.records)
    }
}

impl Asked {
    /// As a store takes it.
    pub fn append(&self) -> Append {
        let part = AppendPart {
            complaint: self.records[0].complaint,
            expected: self.before.version,
            records: self.records.clone(),
            boxes: self.boxes.clone(),
            keys: self.keys.clone(),
        };
        Append::new(self.sealed.id, vec![part])
    }
}

/// Where a life is played.
struct Desk<'r> {
    id: ComplaintId,
    number: u64,
    rules: &'r Rules,
    key: ComplaintKey,
    complaint: Complaint,
    head: Digest,
    asked: Vec<Asked>,
}

impl<'r> Desk<'r> {
    fn new(rules: &'r Rules, number: u64) -> Self {
        let id = ComplaintId(Uuid::from_bytes(sealed::derive(&seed(number, 0), &[b"complaint"])));
        Desk {
            id,
            number,
            rules,
            key: ComplaintKey::from_seed(&seed(number, 1)),
            complaint: Complaint::default(),
            head: genesis(&ledger(), id),
            asked: Vec::new(),
        }
    }

    fn live(&mut self) {
        let agency = self.agency();
        let officer = Actor::of(Role::Liaison, agency.clone());
        let citizen = Actor::with_secret(tracking_secret(&seed(self.number, 1)));
        let admin = Actor::new(Role::Admin);
        self.asks(Actor::new(Role::Intake), self.receive());
        let classification = classification();
        self.asks(admin.clone(), Command::Verify { accused: Vec::new(), classification, public_interest: false });
        let text = Some(said("Mohon segera ditindaklanjuti sesuai ketentuan", self.number));
        self.asks(admin.clone(), Command::Dispose { cc: Vec::new(), text, to: agency });
        self.asks(officer.clone(), self.respond(ResponseKind::Interim));
        self.asks(officer.clone(), Command::RequestInfo { text: said("Di tiang nomor berapa?", self.number) });
        let text = said("Tiang ketiga dari jalan raya, di depan warung", self.number);
        self.asks(citizen.clone(), Command::ProvideInfo { attachments: Vec::new(), request: 1, text });
        self.asks(officer, self.respond(ResponseKind::Final(Outcome::Resolved)));
        if self.number.is_multiple_of(2) {
            let text = Some(said("Terima kasih, sudah menyala", self.number));
            self.asks(citizen.clone(), Command::Reply { kind: ReplyKind::Accept, text });
        } else {
            let text = Some(said("Alhamdulillah", self.number));
            self.asks(citizen.clone(), Command::Reply { kind: ReplyKind::Comment, text });
            self.asks(admin, Command::Close { text: None });
        }
        let score = (1 + self.number % 5) as u8;
        let score = score.try_into().expect("1 to 5");
        self.asks(citizen, Command::Rate { cycle: 1, score, text: None });
    }

    /// The next events of a source: what everybody notes first, then its own notes.
    fn import(&self, events: usize) -> Command<Clear> {
        let first = self.complaint.version as usize;
        let since = at(self.number, self.asked.len() as u64);
        let steps = (first..first + events).map(|place| ImportStep {
            inferred: false,
            occurred_at: Moment { at: since.at + TimeDelta::seconds(place as i64 - first as i64), ..since },
            step: match place {
                0 => Step::Receive { complaint: Box::new(self.received()), due: None },
                1 => Step::Verify { classification: classification() },
                2 => Step::Dispose { to: self.agency() },
                _ => Step::Note { kind: SourceName::new("status").expect("a fixed name"), text: None },
            },
        });
        let source = SourceName::new("lapor").expect("a fixed name");
        Command::Import(Import { batch: source.clone(), row: self.number + 1, source, steps: steps.collect() })
    }

    fn agency(&self) -> AgencyCode {
        AgencyCode::new(AGENCIES[self.number as usize % AGENCIES.len()]).expect("a fixed name")
    }

    fn receive(&self) -> Command<Clear> {
        Command::Receive(Box::new(self.received()))
    }

    fn received(&self) -> Receive<Clear> {
        let channel = channels::ALL[self.number as usize % channels::ALL.len()];
        let mut receive = Receive::by(Channel::new(channel).expect("a fixed name"), Class::Complaint);
        receive.reporter = Some(Clear::new(format!("Siti Aminah {}", self.number)));
        receive.contact = Some(Clear::new(format!("+62812{:08}", self.number)));
        receive.title = Some(said("Lampu jalan mati", self.number));
        receive.text = Some(said(NARRATIVE, self.number));
        receive
    }

    fn respond(&self, kind: ResponseKind) -> Command<Clear> {
        let text = said("Petugas sudah kami kirim ke lokasi, terima kasih atas laporannya", self.number);
        Command::Respond { disposition: 1, kind, text }
    }

    /// Asks, seals, decides, records, as the engine would.
    fn asks(&mut self, by: Actor, command: Command<Clear>) {
        let step = self.asked.len() as u64 + 1;
        let clear = ClearRequest::new(command_id(self.number, step), at(self.number, step), by, command, {
            seed(self.number, step)
        });
        let keys = match clear.command.received() {
            Some(_) => vec![sealed::wrap(&OUTER_KEY, 1, &ledger(), self.id, &self.key, &clear.seed)],
            None => Vec::new(),
        };
        let (sealed, boxes) = seal(&self.key, self.id, &clear, keys.first().map(|key| key.commitment));
        let before = self.complaint.clone();
        let decided = before.decide(&sealed, self.rules);
        let Ok(Decision::Record(events)) = decided else { panic!("a typical life goes on, but: {decided:?}") };
        let mut records = Vec::new();
        for event in &events {
            let record = Record::write(&ledger(), self.id, self.complaint.version + 1, self.head, event);
            self.head = record.hash;
            self.complaint.evolve(event);
            records.push(record);
        }
        self.asked.push(Asked { clear, sealed, before, events, records, boxes, keys });
    }
}

/// Seals a request, with its MAC, as the engine does.
pub fn seal(
    key: &ComplaintKey,
    complaint: ComplaintId,
    clear: &ClearRequest,
    issued: Option<Digest>,
) -> (SealedRequest, Vec<SealedBox>) {
    let mac = Some(mac(key, clear));
    let ledger = ledger();
    let mut boxes = Vec::new();
    let sealed = clear.clone().map(&mut |field, text: Clear| {
        let place = BoxPlace { ledger: &ledger, complaint, command: clear.id, field };
        key.seal(text.reveal(), &place, &clear.seed).map(|sealed| {
            let digest = sealed.digest;
            boxes.push(sealed);
            digest
        })
    });
    let mut sealed = sealed.expect("the texts here are fit to seal");
    sealed.marks = Marks { mac, key: issued, reference: None };
    (sealed, boxes)
}

/// The MAC of a clear command.
pub fn mac(key: &ComplaintKey, clear: &ClearRequest) -> Digest {
    #[derive(Serialize)]
    struct Body<'a> {
        by: &'a Actor,
        command: &'a Command<Clear>,
    }
    let body = serde_json::to_vec(&Body { by: &clear.by, command: &clear.command }).expect("a command is JSON");
    key.mac(&body)
}

fn classification() -> Classification {
    let category = Category::new("lampu-mati").expect("a fixed name");
    Classification { category, class: Class::Complaint, priority: Priority::Normal }
}

fn said(words: &str, number: u64) -> Clear {
    Clear::new(format!("{words} ({number})"))
}

/// Drawn at the edge; here it follows from the number.
fn seed(number: u64, step: u64) -> [u8; 32] {
    Digest::of_parts("aduan/benches/seed", &[&number.to_be_bytes(), &step.to_be_bytes()]).0
}

/// A UUID of version 7, as the edge mints them: in order of time, and chance behind it.
fn command_id(number: u64, step: u64) -> CommandId {
    let millis = at(number, step).at.timestamp_millis() as u128;
    let chance = u128::from_be_bytes(seed(number, step)[..16].try_into().expect("16 of 32 bytes"));
    let version_and_variant = 0x7000_8000_0000_0000_0000;
    CommandId(Uuid::from_u128(millis << 80 | chance & 0x0fff_3fff_ffff_ffff_ffff | version_and_variant))
}

/// Complaints come in every ten seconds, and have a step every hour.
fn at(number: u64, step: u64) -> Moment {
    let start = Moment::parse("2024-04-16T08:00:00+07:00", WIB).expect("a fixed time");
    let since = TimeDelta::seconds(10 * number as i64) + TimeDelta::hours(step as i64);
    Moment { at: start.at + since, ..start }
}

const AGENCIES: [&str; 4] = ["dishub", "dlh", "dpuprperakim", "satpol-pp"];
