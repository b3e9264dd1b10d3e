//! The nine elements of service that a survey asks about.

use serde::Serialize;

/// One of the nine elements, in the order of PermenPANRB 14/2017. Shown as `U1` to `U9`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub enum Element {
    /// *Persyaratan*: what one has to bring.
    #[serde(rename = "U1")]
    Requirements,
    /// *Sistem, mekanisme, dan prosedur*: the steps to go.
    #[serde(rename = "U2")]
    Procedure,
    /// *Waktu penyelesaian*: how long it takes.
    #[serde(rename = "U3")]
    Time,
    /// *Biaya/tarif*: what it costs.
    #[serde(rename = "U4")]
    Fee,
    /// *Produk spesifikasi jenis pelayanan*: what one gets.
    #[serde(rename = "U5")]
    Product,
    /// *Kompetensi pelaksana*: what the officers know.
    #[serde(rename = "U6")]
    Competence,
    /// *Perilaku pelaksana*: how the officers behave.
    #[serde(rename = "U7")]
    Conduct,
    /// *Penanganan pengaduan, saran dan masukan*: what becomes of complaints.
    #[serde(rename = "U8")]
    ComplaintHandling,
    /// *Sarana dan prasarana*: the place and its equipment.
    #[serde(rename = "U9")]
    Facilities,
}

impl Element {
    /// All nine, in their order.
    pub const ALL: [Element; 9] = [
        Element::Requirements,
        Element::Procedure,
        Element::Time,
        Element::Fee,
        Element::Product,
        Element::Competence,
        Element::Conduct,
        Element::ComplaintHandling,
        Element::Facilities,
    ];

    /// Its number, 1 to 9.
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// What it is about, in a few words.
    pub fn name(self) -> &'static str {
        match self {
            Element::Requirements => "requirements",
            Element::Procedure => "procedure",
            Element::Time => "time",
            Element::Fee => "fee",
            Element::Product => "product",
            Element::Competence => "competence of officers",
            Element::Conduct => "conduct of officers",
            Element::ComplaintHandling => "complaint handling",
            Element::Facilities => "facilities",
        }
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "U{}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_called_the_same_in_json_as_in_text() {
        for (number, element) in (1..).zip(Element::ALL) {
            assert_eq!(element.number(), number);
            assert_eq!(serde_json::to_value(element).unwrap(), element.to_string());
        }
    }
}
