//! A cell of a table that people open in a spreadsheet.

/// The text as it is, unless a spreadsheet would take it for a formula: then behind an apostrophe.
///
/// Names of categories, activities and sources come from outside; what they say is shown, and never run.
pub(crate) fn cell(text: String) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err();
    if is_formula { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_is_run_and_numbers_stay_numbers() {
        for formula in ["=HYPERLINK(\"http://x\")", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)"] {
            assert_eq!(cell(formula.to_owned()), format!("'{formula}"));
        }
        for plain in ["", "-7.47", "+62", "jalan-rusak", "'=1", "a=b"] {
            assert_eq!(cell(plain.to_owned()), plain);
        }
    }
}
