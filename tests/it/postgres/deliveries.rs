//! Commands that arrive several times, at several processes, in any order: each counts once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Program, Stdio};
use std::sync::{Arc, Mutex};

use aduan::actor::{Actor, Role};
use aduan::command::{ClearRequest, Command};
use aduan::complaint::Rejection;
use aduan::engine::{Engine, Error, Receipt};
use aduan::event::Class;
use aduan::sealed::Clear;
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId};
use aduan_postgres::{Postgres, PostgresOptions};
use aduan_testkit::postgres::Database;
use uuid::Uuid;

use super::{Chance, another_ledger, audited, connect, database, size};
use crate::office::{answer, dispose, moment, of, receive, verify};
use crate::stores::engine;

#[test]
fn a_command_delivered_up_to_five_times_to_four_processes_counts_once() {
    const NAME: &str = "postgres::deliveries::a_command_delivered_up_to_five_times_to_four_processes_counts_once";
    if Share::is_given() {
        return runtime().block_on(Share::given().deliver());
    }
    let plan = Plan { deliveries: size(2_000, 100_000), fresh_ids: false };
    runtime().block_on(async {
        let (database, ledger) = (database().await, another_ledger());
        let store = Arc::new(connect(&database).await.create(&ledger).await.unwrap());
        let folder = tempfile::tempdir().unwrap();
        let told = tokio::task::block_in_place(|| deliver_everywhere(NAME, &plan, &database, &ledger, folder.path()));

        let log = audited(&store).await;
        let mut found: BTreeMap<CommandId, Told> = BTreeMap::new();
        let mut joined = 0;
        for pair in log.windows(2).filter(|pair| pair[1].record.part > 1) {
            assert_eq!(pair[0].record.command, pair[1].record.command, "a command's events stand together");
        }
        for entry in &log {
            let told = found.entry(entry.record.command).or_default();
            // What a duplicate adds to its target is not told with it.
            if Step::of(entry.record.command).complaint() != entry.record.complaint {
                joined += 1;
                continue;
            }
            *told = Told { position: entry.position, hash: Some(entry.record.hash), events: told.events + 1 };
        }
        assert!(joined > 0, "some commands touch two complaints");
        let mut accepted = BTreeMap::new();
        let mut receipts = 0;
        for (command, told) in told.iter().flatten() {
            receipts += 1;
            assert_eq!(accepted.entry(*command).or_insert(*told), told, "everybody gets the same receipt");
        }
        assert_eq!(found, accepted, "each has the effect that was told, once, and nothing else has any");

        let engine = engine(store.clone());
        let mut refused = 0;
        for number in 0..size(50, 500) as u64 {
            let step = Step { case: number % plan.cases(), step: STEPS - 1 };
            if !accepted.contains_key(&step.id()) {
                continue;
            }
            for (other, complaint) in [(dispose("dlh"), step.case), (remark("another body"), step.case + 1)] {
                let request = request(step.id(), Actor::new(Role::Admin), other);
                let reused = engine.handle(complaint_of(complaint), request).await;
                assert_eq!(reused, Err(Error::Rejected(Rejection::CommandIdReused)));
                refused += 1;
            }
        }
        assert!(refused > 0);
        assert_eq!(audited(&store).await.len(), log.len(), "they leave no trace");
        println!(
            "{} deliveries of {} commands to {PROCESSES} processes: {} accepted with {} events, {receipts} equal receipts; \
             {refused} times the same id with another body, refused",
            plan.deliveries,
            plan.commands().len(),
            accepted.len(),
            log.len(),
        );
    });
}

#[test]
fn without_their_ids_the_same_deliveries_count_more_than_once() {
    const NAME: &str = "postgres::deliveries::without_their_ids_the_same_deliveries_count_more_than_once";
    if Share::is_given() {
        return runtime().block_on(Share::given().deliver());
    }
    let plan = Plan { deliveries: 400, fresh_ids: true };
    runtime().block_on(async {
        let (database, ledger) = (database().await, another_ledger());
        let store = Arc::new(connect(&database).await.create(&ledger).await.unwrap());
        let engine = engine(store.clone());
        // Whatever the order, every remark finds its complaint.
        for case in 0..plan.cases() {
            engine.handle(complaint_of(case), Step { case, step: 0 }.request()).await.unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        tokio::task::block_in_place(|| deliver_everywhere(NAME, &plan, &database, &ledger, folder.path()));
        let remarks = audited(&store).await.iter().filter(|entry| entry.record.event_type == "Annotated").count();
        let meant = plan.commands().iter().filter(|(step, _)| step.step == STEPS - 1).count();
        assert!(remarks > 2 * meant, "{remarks} remarks where {meant} were meant");
    });
}

const PROCESSES: u64 = 4;
/// Requests on their way at once in each process.
const AT_ONCE: usize = 16;
/// Steps of a case; some of them rivals, of which one wins.
const STEPS: u64 = 6;

/// What is delivered: every process can say it.
struct Plan {
    deliveries: usize,
    /// The control: a delivery does not say which command it repeats.
    fresh_ids: bool,
}

impl Plan {
    /// Commands with the number of times each is sent, as many as make the deliveries.
    fn commands(&self) -> Vec<(Step, u64)> {
        let (mut commands, mut chance, mut left) = (Vec::new(), Chance(2), self.deliveries as u64);
        for number in 0.. {
            let times = (1 + chance.below(5)).min(left);
            if times == 0 {
                break;
            }
            commands.push((Step { case: number / STEPS, step: number % STEPS }, times));
            left -= times;
        }
        commands
    }

    fn cases(&self) -> u64 {
        (self.commands().len() as u64).div_ceil(STEPS)
    }

    /// What one of the processes delivers, in its own order: about as a line of messages that stutters.
    fn share(&self, process: u64) -> Vec<Step> {
        let mut chance = Chance(1_000);
        let mut all: Vec<(u64, Step)> = Vec::new();
        for (place, (step, times)) in self.commands().into_iter().enumerate() {
            for _ in 0..times {
                let (to, late) = (chance.below(PROCESSES), chance.below(40));
                if to == process {
                    all.push((place as u64 + late, step));
                }
            }
        }
        Chance(process).shuffle(&mut all);
        all.sort_by_key(|(turn, _)| *turn);
        all.into_iter().map(|(_, step)| step).collect()
    }
}

/// A command of a complaint.
#[derive(Clone, Copy)]
struct Step {
    case: u64,
    step: u64,
}

impl Step {
    fn id(self) -> CommandId {
        CommandId(Uuid::from_u128(1 << 100 | u128::from(self.case) << 8 | u128::from(self.step)))
    }

    fn of(id: CommandId) -> Step {
        Step { case: (id.0.as_u128() >> 8) as u64, step: (id.0.as_u128() & 0xff) as u64 }
    }

    /// A host may name a complaint that has no reference itself.
    fn complaint(self) -> ComplaintId {
        complaint_of(self.case)
    }

    fn request(self) -> ClearRequest {
        let (by, command) = match self.step {
            // Every other complaint turns out to be one that there was.
            3 if self.case % 2 == 1 => {
                let of = complaint_of(self.case - 1);
                (Actor::new(Role::Admin), Command::MarkDuplicate { of, target: None })
            }
            0 => (Actor::new(Role::Intake), receive(Class::Complaint)),
            1 => (Actor::new(Role::Admin), verify(Class::Complaint)),
            2 => (Actor::new(Role::Admin), verify(Class::Aspiration)),
            3 => (Actor::new(Role::Admin), dispose("dishub")),
            4 => (of("dishub"), answer(1)),
            _ => (Actor::new(Role::Admin), remark("Sudah dicek")),
        };
        request(self.id(), by, command)
    }
}

fn request(id: CommandId, by: Actor, command: Command<Clear>) -> ClearRequest {
    let seed = Digest::of(id.0.as_bytes()).0;
    ClearRequest::new(id, moment("2024-03-04T09:00:00+07:00"), by, command, seed)
}

fn remark(text: &str) -> Command<Clear> {
    Command::Annotate { note: aduan::event::Note::Remark, text: Some(Clear::new(text)) }
}

fn complaint_of(case: u64) -> ComplaintId {
    ComplaintId(Uuid::from_u128(1 << 120 | u128::from(case)))
}

/// What a process was told of a command, as far as all must be told the same.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
struct Told {
    /// Of the last of its events.
    position: u64,
    hash: Option<Digest>,
    events: usize,
}

impl Told {
    fn of(receipt: &Receipt) -> Told {
        Told { position: receipt.position.unwrap(), hash: receipt.record_hash, events: receipt.events.len() }
    }
}

/// Runs the processes to their end; what each was told.
fn deliver_everywhere(
    test: &str,
    plan: &Plan,
    database: &Database,
    ledger: &LedgerId,
    folder: &Path,
) -> Vec<Vec<(CommandId, Told)>> {
    let start = |process: u64| -> (Child, PathBuf) {
        let file = folder.join(format!("{process}.told"));
        // This very program, which is given the same test, and its share of the work.
        let mut program = Program::new(std::env::current_exe().unwrap());
        program.args(["--exact", test, "--nocapture"]).stdout(Stdio::null());
        program.env(SHARE, format!("{process} {} {}", plan.deliveries, plan.fresh_ids));
        program.env(SHARE_OF, format!("{} {ledger} {}", database.url_as("aduan_app"), file.display()));
        (program.spawn().unwrap(), file)
    };
    let processes: Vec<_> = (0..PROCESSES).map(start).collect();
    let end = |(mut process, file): (Child, PathBuf)| {
        assert!(process.wait().unwrap().success(), "a process failed");
        let told = std::fs::read_to_string(file).unwrap();
        told.lines().map(read_line).collect()
    };
    processes.into_iter().map(end).collect()
}

const SHARE: &str = "ADUAN_TEST_SHARE";
const SHARE_OF: &str = "ADUAN_TEST_SHARE_OF";

fn read_line(line: &str) -> (CommandId, Told) {
    let words: Vec<&str> = line.split(' ').collect();
    let (command, position) = (words[0].parse().unwrap(), words[1].parse().unwrap());
    let told = Told { position, hash: Some(words[2].parse().unwrap()), events: words[3].parse().unwrap() };
    (CommandId(command), told)
}

/// What one process does of it.
struct Share {
    process: u64,
    plan: Plan,
    url: String,
    ledger: LedgerId,
    file: PathBuf,
}

impl Share {
    fn is_given() -> bool {
        std::env::var_os(SHARE).is_some()
    }

    fn given() -> Share {
        let (share, of) = (std::env::var(SHARE).unwrap(), std::env::var(SHARE_OF).unwrap());
        let (share, of): (Vec<&str>, Vec<&str>) = (share.split(' ').collect(), of.splitn(3, ' ').collect());
        Share {
            process: share[0].parse().unwrap(),
            plan: Plan { deliveries: share[1].parse().unwrap(), fresh_ids: share[2].parse().unwrap() },
            url: of[0].to_owned(),
            ledger: LedgerId::new(of[1]).unwrap(),
            file: of[2].into(),
        }
    }

    async fn deliver(self) {
        let postgres = Postgres::connect(&self.url, PostgresOptions::default()).await.unwrap();
        let engine = Arc::new(engine(Arc::new(postgres.open(&self.ledger).await.unwrap())));
        let work = Arc::new(Mutex::new(self.plan.share(self.process).into_iter().enumerate()));
        let told = Arc::new(Mutex::new(String::new()));
        let mut tasks = Vec::new();
        for _ in 0..AT_ONCE {
            let (engine, work, told) = (Arc::clone(&engine), Arc::clone(&work), Arc::clone(&told));
            let fresh = self.plan.fresh_ids.then_some(self.process);
            tasks.push(tokio::spawn(async move {
                loop {
                    let next = work.lock().unwrap().next();
                    let Some((number, step)) = next else { break };
                    let mut request = step.request();
                    if let Some(process) = fresh {
                        request.id = CommandId(Uuid::from_u128(u128::from(process) << 64 | number as u128));
                    }
                    let Some(receipt) = settle(&engine, step.case, &request).await else { continue };
                    let Told { position, hash, events } = Told::of(&receipt);
                    let line = format!("{} {position} {} {events}\n", request.id.0, hash.unwrap());
                    told.lock().unwrap().push_str(&line);
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        std::fs::write(&self.file, &*told.lock().unwrap()).unwrap();
    }
}

/// What the office says to a request: a receipt, or a refusal.
async fn settle(engine: &Engine, case: u64, request: &ClearRequest) -> Option<Receipt> {
    loop {
        match engine.handle(complaint_of(case), request.clone()).await {
            Ok(receipt) => return Some(receipt),
            Err(Error::Rejected(_)) => return None,
            Err(Error::Contended | Error::Overloaded) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
