//! An axis: from nothing to a round number, so that no length is misleading.

use aduan::statistics::Share;

/// An axis that begins at 0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Axis {
    end: f64,
    step: f64,
    unit: &'static str,
}

impl Axis {
    /// For counts up to `most`, in whole steps.
    pub(super) fn counts(most: u64) -> Self {
        let step = round_step(most as f64 / STEPS).max(1.0);
        Axis { end: step * (most as f64 / step).ceil().max(1.0), step, unit: "" }
    }

    /// For shares of a whole.
    pub(super) fn percent() -> Self {
        Axis { end: 100.0, step: 25.0, unit: " %" }
    }

    /// For shares that are all small.
    pub(super) fn percent_up_to<'s>(shares: impl Iterator<Item = &'s Share>) -> Self {
        let most = shares.map(|share| share.basis_points().div_ceil(100)).max().unwrap_or(0);
        Axis { unit: " %", ..Axis::counts(most.clamp(1, 100)) }
    }

    /// Where a value lies, from 0 to 1.
    pub(super) fn place(&self, value: f64) -> f64 {
        (value / self.end).clamp(0.0, 1.0)
    }

    /// Values to draw a line at, and what stands there.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, String)> {
        let Axis { end, step, unit } = *self;
        (0..).map(move |tick| f64::from(tick) * step).take_while(move |value| *value <= end).map(move |value| {
            // Only the last one says what they are.
            let unit = if value + step > end { unit } else { "" };
            (value, format!("{value}{unit}"))
        })
    }
}

/// 1, 2 or 5 times a power of ten, not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(1.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= least).unwrap_or(power)
}

/// About so many steps.
const STEPS: f64 = 4.0;

#[cfg(test)]
mod tests {
    use super::Axis;

    #[test]
    fn an_axis_begins_at_nothing_and_ends_round() {
        let told = |most| Axis::counts(most).ticks().map(|(_, text)| text).collect::<Vec<_>>().join(" ");
        assert_eq!(told(0), "0 1");
        assert_eq!(told(3), "0 1 2 3");
        assert_eq!(told(612), "0 200 400 600 800");
        assert_eq!((Axis::counts(612).place(400.0), Axis::counts(612).place(9_000.0)), (0.5, 1.0));
    }
}
