//! Measuring two or more things side by side: in turn, many times over, and medians of it.

use std::time::{Duration, Instant};

/// Runs every side once a round, in turn and every other round backwards, after one round that does not count.
///
/// Gives the seconds of each side, round by round. Whatever disturbs the machine disturbs all sides alike.
pub fn in_turn<const N: usize>(rounds: usize, sides: [&mut dyn FnMut() -> Duration; N]) -> [Vec<f64>; N] {
    let mut seconds = [const { Vec::new() }; N];
    for round in 0..=rounds {
        for place in 0..N {
            let side = if round % 2 == 0 { place } else { N - 1 - place };
            let took = sides[side]();
            if round > 0 {
                seconds[side].push(took.as_secs_f64());
            }
        }
    }
    seconds
}

/// How long something takes.
pub fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

/// The middle one, and the ones a quarter from either end.
#[derive(Clone, Copy, Debug)]
pub struct Quartiles {
    /// A quarter is less.
    pub low: f64,
    /// Half is less.
    pub median: f64,
    /// A quarter is more.
    pub high: f64,
}

/// Quartiles of what was measured.
pub fn quartiles(measured: &[f64]) -> Quartiles {
    let mut sorted = measured.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (sorted.len().saturating_sub(1)) as f64;
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        match (sorted.get(below), sorted.get(above)) {
            (Some(below), Some(above)) => below + (above - below) * place.fract(),
            _ => f64::NAN,
        }
    };
    Quartiles { low: at(0.25), median: at(0.5), high: at(0.75) }
}
