//! Logs of other systems, read by this crate and by another: the same cases, activities and order.

use std::fs::{self, File};
use std::io::BufReader;

use aduan_exchange::xes::Traces;
use process_mining::core::event_data::case_centric::AttributeValue;
use process_mining::core::event_data::case_centric::xes::{XESImportOptions, import_xes_str};

use crate::histories::material;

#[test]
fn what_another_reader_finds_in_a_log_is_found_here() {
    for name in ["receipt_first100", "running-example", "roadtraffic100traces", "minimal_valid"] {
        let Some(file) = material(&format!("eventlogs/{name}.xes")) else { return };
        let options = XESImportOptions { verbose: false, ..XESImportOptions::default() };
        let theirs = import_xes_str(&fs::read_to_string(&file).unwrap(), options).unwrap();
        let mut traces = Traces::new(BufReader::new(File::open(&file).unwrap()));
        for expected in &theirs.traces {
            let trace = traces.next_trace().unwrap().unwrap();
            let named = |attributes: &Vec<process_mining::core::event_data::case_centric::Attribute>| {
                let found = attributes.iter().find(|attribute| attribute.key == "concept:name");
                found.and_then(|attribute| match &attribute.value {
                    AttributeValue::String(text) => Some(text.clone()),
                    _ => None,
                })
            };
            assert_eq!(trace.name().map(str::to_owned), named(&expected.attributes), "{name}");
            let ours: Vec<_> = trace.events.iter().map(|event| event.activity().map(str::to_owned)).collect();
            let others: Vec<_> = expected.events.iter().map(|event| named(&event.attributes)).collect();
            assert_eq!(ours, others, "{name}");
        }
        assert_eq!(traces.next_trace().unwrap(), None, "{name}");
    }
}
