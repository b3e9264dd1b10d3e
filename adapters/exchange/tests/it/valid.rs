//! Documents against the schemas of their standards.

use std::fs;
use std::process::Command;

use aduan_exchange::{Confidential, Format};

use crate::histories::{History, material, towns, written, year};

/// Whether a document is valid under the XSD of XES; none where nobody here can tell.
fn is_valid_xes(document: &str) -> Option<Result<(), String>> {
    let schema = material("schemas/xes/xes_v22_plus_ieee_scope.xsd")?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.xes");
    fs::write(&file, document).unwrap();
    let Ok(judged) = Command::new("xmllint").arg("--noout").arg("--schema").args([&schema, &file]).output() else {
        println!("skipped: xmllint is missing (Debian: libxml2-utils)");
        return None;
    };
    let told = String::from_utf8_lossy(&judged.stderr).into_owned();
    Some(if judged.status.success() { Ok(()) } else { Err(told) })
}

fn xes(history: &History) -> String {
    written(history, Format::Xes, Confidential::Included).0
}

#[tokio::test(flavor = "multi_thread")]
async fn xes_is_valid_under_its_schema() {
    for history in towns(12, 120).into_iter().chain([year().await, Vec::new()]) {
        let Some(judged) = is_valid_xes(&xes(&history)) else { return };
        judged.unwrap();
    }
}

#[test]
fn a_document_that_is_not_valid_is_found_out() {
    let document = xes(&towns(1, 40)[0]);
    for wrong in [
        document.replacen("xes.version=\"1849.2016\" ", "", 1),
        document.replacen("<trace>", "<case>", 1).replacen("</trace>", "</case>", 1),
        document.replacen("xmlns=\"http://www.xes-standard.org/\"", "", 1),
        document.replacen("key=\"position\" value=\"", "key=\"position\" value=\"x", 1),
    ] {
        assert_ne!(wrong, document);
        let Some(judged) = is_valid_xes(&wrong) else { return };
        assert!(judged.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ocel_is_valid_under_its_schema() {
    let Some(schema) = material("schemas/schema_ocel2.json") else { return };
    let schema: serde_json::Value = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    for history in towns(12, 120).into_iter().chain([year().await, Vec::new()]) {
        let (document, _) = written(&history, Format::Ocel, Confidential::Included);
        let mut document: serde_json::Value = serde_json::from_str(&document).unwrap();
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        // The control: a number where the standard has text.
        if let Some(value) = document.pointer_mut("/events/0/attributes/2/value") {
            *value = serde_json::json!(1);
            assert!(!validator.is_valid(&document));
        }
    }
}
