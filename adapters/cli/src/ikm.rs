//! `ikm`: the satisfaction index of a survey, of its totals, or of a published figure.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use aduan::bands::{Band, Bands, Score, Step};
use aduan::ikm::{Element, Index, Survey, SurveyError, Weight};
use aduan::statistics::Hundredths;
use chrono::NaiveDate;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{ArgGroup, Args};
use csv::{Reader, ReaderBuilder, StringRecord};
use serde::Serialize;

use crate::answer::{Exit, Failure, Teller};

/// What `ikm` is told.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
#[command(group = ArgGroup::new("asked").args(["file", "respondents", "index"]).required(true))]
pub(crate) struct Ikm {
    /// A CSV file with a row per respondent and the columns u1 to u9, each 1 to 4; commas or semicolons between.
    file: Option<PathBuf>,
    /// Without a file: how many answered.
    #[arg(long, value_name = "COUNT", requires = "sum")]
    respondents: Option<u32>,
    /// Without a file: all answers of all respondents, added up.
    #[arg(long, requires = "respondents", conflicts_with_all = ["file", "index"])]
    sum: Option<u64>,
    /// A published index on the scale of 4, as in 3.51.
    #[arg(long, conflicts_with = "weight")]
    index: Option<Index>,
    /// What each of the nine elements weighs: 1/9, or the customary 0.11.
    #[arg(long, default_value = "exact", value_parser = PossibleValuesParser::new(WEIGHTS.map(Weight::name)).map(weight))]
    weight: Weight,
}

impl Ikm {
    /// Prints the index and its grade.
    ///
    /// # Errors
    /// When the file cannot be read, or what is given cannot be answers from 1 to 4.
    pub(crate) fn run(self, teller: Teller) -> Result<Exit, Failure> {
        let figures = self.figures()?;
        let bands = Bands::ikm_2017();
        let answer = Answer::of(&figures, &bands);
        teller.tell(&answer, answer.text().trim_end())?;
        Ok(Exit::Done)
    }

    fn figures(&self) -> Result<Figures, Failure> {
        let weight = self.weight;
        if let Some(path) = &self.file {
            let refused = |error| Failure::Usage(format!("{}: {error}", path.display()));
            let survey = read(path)?;
            let ikm = survey.ikm(weight).ok_or_else(|| refused(SurveyError::NobodyAsked))?;
            let (respondents, sum) = (Some(survey.respondents()), Some(survey.total()));
            return Ok(Figures { ikm, index: None, weight: Some(weight), respondents, sum, survey });
        }
        let survey = Survey::default();
        if let Some(index) = self.index {
            let ikm = aduan::ikm::Ikm::of_index(index);
            return Ok(Figures { ikm, index: Some(index), weight: None, respondents: None, sum: None, survey });
        }
        // The command line lets neither come without the other.
        let (respondents, sum) = (self.respondents.unwrap_or_default(), self.sum.unwrap_or_default());
        let ikm =
            aduan::ikm::Ikm::of_totals(respondents, sum, weight).map_err(|error| Failure::Usage(error.to_string()))?;
        let respondents = Some(respondents.into());
        Ok(Figures { ikm, index: None, weight: Some(weight), respondents, sum: Some(sum), survey })
    }
}

/// What is known: of totals and of a published figure less than of a survey, which is empty then.
struct Figures {
    ikm: aduan::ikm::Ikm,
    index: Option<Index>,
    weight: Option<Weight>,
    respondents: Option<u64>,
    sum: Option<u64>,
    survey: Survey,
}

/// The answer as programs read it: every field is always there.
#[derive(Serialize)]
struct Answer<'a> {
    ikm: Score,
    fraction: (u64, u64),
    grade: &'a str,
    meaning: &'a str,
    official: &'a str,
    next: Option<Step<'a>>,
    weight: Option<Weight>,
    index: Option<String>,
    respondents: Option<u64>,
    sum: Option<u64>,
    elements: Vec<ElementAnswer>,
    weakest: Vec<Element>,
    strongest: Vec<Element>,
    bands: Table<'a>,
}

#[derive(Serialize)]
struct ElementAnswer {
    element: Element,
    name: &'static str,
    sum: u64,
    mean: Hundredths,
}

#[derive(Serialize)]
struct Table<'a> {
    name: &'a str,
    source: &'a str,
    effective_from: NaiveDate,
}

impl<'a> Answer<'a> {
    fn of(figures: &Figures, bands: &'a Bands) -> Self {
        let Figures { ikm, index, weight, respondents, sum, survey } = figures;
        let score = ikm.score();
        let Band { grade, meaning, official, .. } = bands.band(score);
        let elements: Vec<ElementAnswer> = Element::ALL
            .into_iter()
            .filter_map(|element| {
                let (name, sum) = (element.name(), survey.sum(element));
                survey.mean(element).map(|mean| ElementAnswer { element, name, sum, mean })
            })
            .collect();
        let is_known = !elements.is_empty();
        let of_known = |found: Vec<Element>| if is_known { found } else { Vec::new() };
        Answer {
            ikm: score,
            fraction: ikm.fraction(),
            grade,
            meaning,
            official,
            next: bands.next(score),
            weight: *weight,
            index: index.map(|index| index.to_string()),
            respondents: *respondents,
            sum: *sum,
            weakest: of_known(survey.weakest()),
            strongest: of_known(survey.strongest()),
            elements,
            bands: Table { name: &bands.name, source: &bands.source, effective_from: bands.effective_from },
        }
    }

    fn text(&self) -> String {
        let mut text = format!("IKM         {}\n", self.ikm);
        // Writing to a string does not fail.
        let _ = writeln!(text, "grade       {}: {} ({})", self.grade, self.meaning, self.official);
        let _ = match &self.next {
            Some(step) => writeln!(text, "next        {} is missing to {}", step.missing, step.band.grade),
            None => writeln!(text, "next        none: this is the best"),
        };
        let _ = match (&self.index, self.weight) {
            (Some(index), _) => writeln!(text, "index       {index} of 4, as published"),
            (None, Some(Weight::Exact)) => writeln!(text, "weight      exact: 1/9"),
            (None, Some(Weight::Rounded)) => writeln!(text, "weight      rounded: 0.11, at best 99"),
            (None, None) => Ok(()),
        };
        if let (Some(respondents), Some(sum)) = (self.respondents, self.sum) {
            let _ = writeln!(text, "respondents {respondents}, all answers together {sum}");
        }
        let _ = writeln!(text, "bands       {} ({})", self.bands.name, self.bands.source);
        self.element_lines(&mut text);
        text
    }

    fn element_lines(&self, text: &mut String) {
        if self.elements.is_empty() {
            return;
        }
        let _ = writeln!(text, "\nelement                      mean of 4");
        for ElementAnswer { element, name, mean, .. } in &self.elements {
            let bar = "#".repeat(usize::try_from(mean.0 / HUNDREDTHS_PER_MARK).unwrap_or_default());
            let _ =
                writeln!(text, "  {element}  {name:<24}{:>8}  {bar:<20}{}", mean.to_string(), self.remark(*element));
        }
        *text = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    }

    /// Of elements that are all alike, none is weaker.
    fn remark(&self, element: Element) -> &'static str {
        if self.weakest == self.strongest {
            ""
        } else if self.weakest.contains(&element) {
            "  weakest"
        } else if self.strongest.contains(&element) {
            "  strongest"
        } else {
            ""
        }
    }
}

fn read(path: &Path) -> Result<Survey, Failure> {
    let mut reader = open(path)?;
    let failed = |error: csv::Error| Failure::Failed(format!("{}: {error}", path.display()));
    let misread = |why: String| Failure::Usage(format!("{}: {why}", path.display()));
    let places = places(reader.headers().map_err(failed)?).map_err(misread)?;
    let mut survey = Survey::default();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(failed)? {
        let row = survey.respondents() + 1;
        let mut answers = [None; 9];
        for (element, (answer, place)) in Element::ALL.into_iter().zip(answers.iter_mut().zip(places)) {
            *answer = answered(record.get(place).unwrap_or_default()).map_err(|()| {
                misread(format!("row {row}: {element} ({}) is not answered with 1 to 4", element.name()))
            })?;
        }
        survey.add(answers).map_err(|error| misread(error.to_string()))?;
    }
    Ok(survey)
}

/// Opens a CSV file with the delimiter that its first line holds.
fn open(path: &Path) -> Result<Reader<impl Read>, Failure> {
    let failed = |error| Failure::file(path, &error);
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut header = Vec::new();
    file.by_ref().take(LONGEST_HEADER).read_until(b'\n', &mut header).map_err(failed)?;
    let delimiter = if header.contains(&b';') { b';' } else { b',' };
    Ok(ReaderBuilder::new().delimiter(delimiter).from_reader(Cursor::new(header).chain(file)))
}

/// Where u1 to u9 stand.
fn places(header: &StringRecord) -> Result<[usize; 9], String> {
    let mut places = [0; 9];
    for (element, place) in Element::ALL.into_iter().zip(&mut places) {
        let named = element.to_string();
        let mut found = header.iter().enumerate().filter(|(_, name)| name.trim().eq_ignore_ascii_case(&named));
        let column = named.to_lowercase();
        *place = match (found.next(), found.next()) {
            (Some((place, _)), None) => place,
            (None, _) => return Err(format!("there is no column `{column}`")),
            (Some(_), Some(_)) => return Err(format!("there are two columns `{column}`")),
        };
    }
    Ok(places)
}

/// The number in a cell, if there is something. What else is in it is not repeated: it may be a name.
fn answered(cell: &str) -> Result<Option<u8>, ()> {
    match cell.trim() {
        "" => Ok(None),
        number => number.parse().map(Some).map_err(|_| ()),
    }
}

fn weight(name: String) -> Weight {
    WEIGHTS.into_iter().find(|weight| weight.name() == name).unwrap_or_default()
}

const WEIGHTS: [Weight; 2] = [Weight::Exact, Weight::Rounded];

const LONGEST_HEADER: u64 = 64 * 1024;

/// A mark of a bar is a fifth of a point: 4.00 has twenty.
const HUNDREDTHS_PER_MARK: u64 = 20;

const AFTER_HELP: &str = "\
Needs no ledger. The index is exact (PermenPANRB 14/2017): sums are divided once, and rounded once, half up.

With --json, one object with these fields, always all of them:
  ikm          0 to 100, two decimals
  fraction     [numerator, denominator] of the index before it was rounded
  grade        with `meaning` (English) and `official` (Indonesian)
  next         {grade, meaning, official, from, missing} of the next better grade; null at the best
  weight       exact or rounded; null for a published index
  index        as published, a text; null for a survey
  respondents  how many, and `sum`, all their answers; null for a published index
  elements     [{element: U1 to U9, name, sum, mean}]; empty without a file, as are
  weakest      [U1 to U9], more than one if equal, and `strongest`
  bands        {name, source, effective_from} of the table of grades";
