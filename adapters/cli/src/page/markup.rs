//! Markup that is well formed and escaped by construction: HTML that an XML parser reads, too.

use std::fmt::{self, Display, Write as _};

/// An element under way. Whatever is put into it is escaped, so that no name of an agency can become markup.
pub(crate) struct Element {
    name: &'static str,
    attributes: String,
    inside: String,
}

/// An element without anything in it.
pub(crate) fn element(name: &'static str) -> Element {
    Element { name, attributes: String::new(), inside: String::new() }
}

impl Element {
    /// The same with an attribute.
    pub(crate) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        // Writing to a string does not fail.
        let _ = write!(self.attributes, " {name}=\"{}\"", Escaped(value));
        self
    }

    /// The same of a class of the style sheet.
    pub(crate) fn class(self, class: &str) -> Self {
        self.with("class", class)
    }

    /// The same with a text at its end.
    pub(crate) fn text(mut self, text: impl Display) -> Self {
        let _ = write!(self.inside, "{}", Escaped(text));
        self
    }

    /// The same with an element at its end.
    pub(crate) fn child(mut self, child: Element) -> Self {
        let _ = write!(self.inside, "{child}");
        self
    }

    /// The same with elements at its end.
    pub(crate) fn children(self, children: impl IntoIterator<Item = Element>) -> Self {
        children.into_iter().fold(self, Element::child)
    }

    /// The same with a text of the program's own at its end, as it is: a style sheet knows no escapes.
    pub(crate) fn verbatim(mut self, text: &'static str) -> Self {
        self.inside.push_str(text);
        self
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Element { name, attributes, inside } = self;
        match *name {
            "meta" | "br" => write!(f, "<{name}{attributes} />"),
            "section" | "tr" | "svg" | "div" | "p" => writeln!(f, "<{name}{attributes}>{inside}</{name}>"),
            _ => write!(f, "<{name}{attributes}>{inside}</{name}>"),
        }
    }
}

/// Shows a text as markup holds it.
struct Escaped<T>(T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'f, 'g>(&'f mut fmt::Formatter<'g>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|character| match character {
            '&' => self.0.write_str("&amp;"),
            '<' => self.0.write_str("&lt;"),
            '>' => self.0.write_str("&gt;"),
            '"' => self.0.write_str("&quot;"),
            '\'' => self.0.write_str("&#39;"),
            // No escape makes these lawful in XML.
            '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => self.0.write_str("\u{fffd}"),
            other => self.0.write_char(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::element;

    #[test]
    fn nothing_that_is_put_in_becomes_markup() {
        let p = element("b").with("title", "\"'&").text("<script>\u{1}");
        assert_eq!(p.to_string(), "<b title=\"&quot;&#39;&amp;\">&lt;script&gt;\u{fffd}</b>");
    }
}
