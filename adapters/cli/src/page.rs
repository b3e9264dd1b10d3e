//! Pages that stand for themselves: one HTML file that needs no other and runs nothing.

pub(crate) mod drawing;
pub(crate) mod markup;
pub(crate) mod names;
pub(crate) mod written;

use std::fmt::{self, Display};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use self::markup::{Element, element};
use crate::tenant::beside;

/// A page. It begins with a line that tells browsers to keep to the standards.
pub(crate) struct Page(Element);

impl Page {
    /// A page around what is told. The style sheet is what this page has beside what all have.
    pub(crate) fn new(title: impl Display, style: &'static str, main: Element) -> Self {
        let body = element("body").child(patterns()).child(main);
        Page(element("html").with("lang", "en").child(head(title, style)).child(body))
    }
}

impl Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<!DOCTYPE html>\n{}\n", self.0)
    }
}

/// Who may read a file that is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Readers {
    /// Whoever may read the folder.
    Anyone,
    /// Nobody but its owner, where the system knows owners: it holds personal values.
    Owner,
}

/// Writes a file whole or not at all. A link is followed; standard output, a pipe and what else is no file is written to
/// as it is.
///
/// # Errors
/// When it cannot be made, written or put in its place; then nothing is left behind.
pub(crate) fn write_whole(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if is_standard_output(&there) => tell_out(text),
        Ok(there) if !there.is_file() => OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes()),
        Ok(_) => replace(&path.canonicalize()?, text, readers),
        Err(error) if error.kind() == io::ErrorKind::NotFound => replace(&led_to(path)?, text, readers),
        Err(error) => Err(error),
    }
}

/// Whether standard output goes there, by whatever name: replaced, it would take the answers behind it along.
#[cfg(unix)]
fn is_standard_output(there: &fs::Metadata) -> bool {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;
    let out = io::stdout().as_fd().try_clone_to_owned().and_then(|out| fs::File::from(out).metadata());
    out.is_ok_and(|out| (out.dev(), out.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn is_standard_output(_: &fs::Metadata) -> bool {
    false
}

fn tell_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Where a file is to be made: a link may lead to one that is not there yet, and over other links.
fn led_to(path: &Path) -> io::Result<PathBuf> {
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&place) {
            Ok(target) => place = place.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(place),
        }
    }
    Err(io::Error::other("leads over too many links"))
}

/// As many as Linux follows.
const MOST_LINKS: usize = 40;

/// Writes beside it, and renames.
fn replace(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let new = beside(path, &format!(".{}.new", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = readers;
    let written = options.open(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    if written.is_err() {
        // What could not be made may not be there to remove.
        let _ = fs::remove_file(&new);
    }
    written
}

/// A line of what a page is about: a name, and what it is.
pub(crate) fn entry(name: &str, text: impl Display) -> Element {
    element("div").child(element("dt").text(name)).child(element("dd").text(text))
}

fn head(title: impl Display, style: &'static str) -> Element {
    let meta = |name: &'static str, content: &'static str| element("meta").with("name", name).with("content", content);
    element("head")
        .child(element("meta").with("charset", "utf-8"))
        .child(meta("viewport", "width=device-width, initial-scale=1"))
        .child(meta("color-scheme", "light dark"))
        .child(element("title").text(title))
        .child(element("style").verbatim(include_str!("page/style.css")).verbatim(style))
}

/// The fillings that tell bars apart without colour.
fn patterns() -> Element {
    let svg = element("svg").class("patterns").with("width", 0).with("height", 0).with("aria-hidden", "true");
    let pattern = |id, class: &str, ground: &str| {
        let pattern = element("pattern").with("id", id).with("width", 5).with("height", 5);
        let pattern = pattern.with("patternUnits", "userSpaceOnUse").with("patternTransform", "rotate(45)");
        let ground = element("rect").class(ground).with("width", 5).with("height", 5);
        let stroke = element("rect").class(class).with("width", 2).with("height", 5);
        pattern.children([ground, stroke])
    };
    let both = [pattern("hatch-main", "main", "paper"), pattern("hatch-soft", "muted", "paper")];
    svg.child(element("defs").children(both))
}
