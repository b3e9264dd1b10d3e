//! Every form, written from random histories and from a year of a city, judged by its schema and by other people's
//! readers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod foreign;
mod forms;
mod histories;
mod privacy;
mod valid;

// The year that ships as an example: its people, its city, its course.
#[path = "../../../../examples/lifecycle/case.rs"]
mod case;
#[path = "../../../../examples/lifecycle/citizens.rs"]
mod citizens;
#[path = "../../../../examples/lifecycle/city.rs"]
#[expect(dead_code, reason = "what the example prints of its record, no export asks for")]
mod city;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;
