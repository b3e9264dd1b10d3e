//! A choice among things that the library names.

use clap::builder::{PossibleValuesParser, TypedValueParser};

/// Reads one of `all` by its name; `--help` lists the names.
pub(crate) fn named<T>(all: &'static [T], name: fn(T) -> &'static str) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    let names = PossibleValuesParser::new(all.iter().map(|one| name(*one)));
    let find = move |said: String| all.iter().copied().find(|one| name(*one) == said);
    names.try_map(move |said| find(said).ok_or("it is none of these"))
}
