//! Bringing in much at once: our store and engine with many imports in flight, beside COPY.

use std::time::Duration;

use aduan::rules::Rules;
use aduan_measure::life::Life;
use aduan_measure::table::{Row, Target};

use crate::crop::Crop;
use crate::ours::{Ours, Whole};
use crate::raw::Raw;
use crate::server::Server;

/// Imports of four events each, as `aduan import` sends them.
pub(crate) async fn section(rounds: usize, server: &Server) -> Vec<Row> {
    let rules = Rules::mojokerto();
    let (store, engine) = (Ours::create(server).await, Whole::create(server, &rules).await);
    let (mut guarded, mut bare) = (Raw::create(server, true).await, Raw::create(server, false).await);
    let mut inserting = Raw::create(server, true).await;
    let mut measured: [Vec<f64>; SIDES] = Default::default();
    for round in 0..=rounds as u64 {
        let lives = (round * IMPORTS..(round + 1) * IMPORTS).map(|number| Life::imported(&rules, number, 1, EVENTS));
        let crop = Crop::of(&lives.collect::<Vec<_>>(), IN_FLIGHT, 0..1);
        let mut order: Vec<usize> = (0..SIDES).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for side in order {
            let took: Duration = match side {
                STORE => store.append(crop.appends()).await.took,
                ENGINE => engine.handle(crop.requests()).await.took,
                COPY => guarded.copy(&crop.in_order()).await,
                BARE_COPY => bare.copy(&crop.in_order()).await,
                _ => inserting.insert(&crop.in_order(), IN_FLIGHT).await,
            };
            if round > 0 {
                measured[side].push(crop.events as f64 / took.as_secs_f64());
            }
        }
    }
    let row = |what: &str, ours: usize, theirs: usize, target| {
        let speeds = (measured[ours].as_slice(), measured[theirs].as_slice());
        Row::speeds(SECTION, what, "events/s", speeds, target)
    };
    vec![
        row("store, 256 imports in flight : COPY, one commit", STORE, COPY, Target::Share(0.5)),
        row("engine, 256 imports in flight : COPY, one commit", ENGINE, COPY, Target::Share(0.5)),
        row("store, 256 imports in flight : raw INSERT, 256 imports a commit", STORE, INSERT, Target::None),
        row("raw INSERT, 256 imports a commit : COPY, one commit", INSERT, COPY, Target::None),
        row("COPY : COPY without guards", COPY, BARE_COPY, Target::None),
    ]
}

const SECTION: &str = "postgres: bulk import, 4 events, 4 boxes and a key each";
/// As many as `aduan import` has.
const IN_FLIGHT: usize = 256;
/// Each round.
const IMPORTS: u64 = 2_048;
const EVENTS: usize = 4;

const SIDES: usize = 5;
const STORE: usize = 0;
const ENGINE: usize = 1;
const COPY: usize = 2;
const BARE_COPY: usize = 3;
const INSERT: usize = 4;
