//! `ikm` answers without a ledger, from a file, from totals, from a published figure.

use serde_json::json;

use crate::desk::{Desk, Ended, root};

const HEADER: &str = "u1,u2,u3,u4,u5,u6,u7,u8,u9";

fn example() -> String {
    root().join("examples/ikm/survey.csv").to_str().unwrap().to_owned()
}

fn refused(ended: &Ended, why: &str) {
    assert_eq!(ended.code, 2, "{}{}", ended.out, ended.err);
    assert!(ended.err.contains(why), "{}", ended.err);
    assert_eq!(ended.out, "");
}

#[test]
fn the_same_survey_gives_another_figure_by_each_weight() {
    let desk = Desk::empty();
    let exact = desk.json(&["ikm", &example()]);
    assert_eq!((&exact["ikm"], &exact["grade"]), (&json!(91.48), &json!("A")));
    assert_eq!((&exact["fraction"], &exact["next"]), (&json!([23_875, 261]), &json!(null)));
    assert_eq!((&exact["respondents"], &exact["sum"]), (&json!(29), &json!(955)));
    assert_eq!(exact["elements"][2], json!({"element": "U3", "name": "time", "sum": 99, "mean": 3.41}));
    assert_eq!((&exact["weakest"], &exact["strongest"]), (&json!(["U3"]), &json!(["U1", "U7"])));

    let rounded = desk.json(&["ikm", &example(), "--weight", "rounded"]);
    assert_eq!((&rounded["ikm"], &rounded["weight"]), (&json!(90.56), &json!("rounded")));
    assert!(!desk.path("aduan.db").exists());
}

#[test]
fn totals_are_enough_for_the_index() {
    let desk = Desk::empty();
    let totals = ["ikm", "--respondents", "29", "--sum", "955"];
    let answer = desk.json(&totals);
    assert_eq!((&answer["ikm"], &answer["elements"], &answer["weakest"]), (&json!(91.48), &json!([]), &json!([])));
    assert_eq!(desk.json(&[&totals[..], &["--weight", "rounded"]].concat())["ikm"], 90.56);
    refused(&desk.run(&["ikm", "--respondents", "29", "--sum", "1045"]), "cannot add up to 1045");
    refused(&desk.run(&["ikm", "--respondents", "0", "--sum", "0"]), "nobody was asked");
}

#[test]
fn a_published_index_is_graded_and_says_what_is_missing() {
    let desk = Desk::empty();
    let answer = desk.json(&["ikm", "--index", "3.51"]);
    let next = json!({"grade": "A", "meaning": "very good", "official": "sangat baik", "from": 88.31, "missing": 0.56});
    let expected = json!({
        "ikm": 87.75, "fraction": [351, 4], "grade": "B", "meaning": "good", "official": "baik", "next": next,
        "weight": null, "index": "3.51", "respondents": null, "sum": null,
        "elements": [], "weakest": [], "strongest": [],
        "bands": {"name": "id-ikm-2017", "source": "PermenPANRB 14/2017", "effective_from": "2017-01-01"},
    });
    assert_eq!(answer, expected);
}

#[test]
fn people_read_lines() {
    let desk = Desk::empty();
    let told = desk.run(&["ikm", "--index", "3,51"]);
    let expected = "\
IKM         87.75
grade       B: good (baik)
next        0.56 is missing to A
index       3.51 of 4, as published
bands       id-ikm-2017 (PermenPANRB 14/2017)
";
    assert_eq!((told.code, told.out.as_str()), (0, expected));

    let told = desk.run(&["ikm", &example()]).out;
    for line in [
        "IKM         91.48",
        "respondents 29, all answers together 955",
        "  U3  time                        3.41  #################     weakest",
        "  U5  product                     3.76  ##################",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}\n{told}");
    }
}

#[test]
fn columns_are_found_by_name_and_semicolons_will_do() {
    let desk = Desk::empty();
    let text = "\u{feff}U9;comment;u8;u7;u6;u5;u4; u3 ;u2;u1\r\n4;\"a; b\";3;3;3;3;3;3;3; 1 \r\n";
    desk.write("survey.csv", text);
    let answer = desk.json(&["ikm", "survey.csv"]);
    assert_eq!((&answer["weakest"], &answer["strongest"]), (&json!(["U1"]), &json!(["U9"])));
}

#[test]
fn a_bad_answer_is_refused_with_its_row_and_not_repeated() {
    let desk = Desk::empty();
    let ikm = |text: String| {
        desk.write("survey.csv", text);
        desk.run(&["ikm", "survey.csv"])
    };
    let second = |row: &str| ikm(format!("{HEADER}\n3,3,3,3,3,3,3,3,3\n{row}\n"));
    refused(&second("3,3,3,5,3,3,3,3,3"), "row 2: U4 (fee)");
    refused(&second("3,3,3,3,3,3,3,0,3"), "row 2: U8 (complaint handling)");
    refused(&second("3,,3,3,3,3,3,3,3"), "row 2: U2 (procedure) is not answered");
    refused(&second("3,3,3,3,3,3,3,3,2.5"), "row 2: U9 (facilities)");
    let named = second("Siti,3,3,3,3,3,3,3,3");
    refused(&named, "row 2: U1 (requirements)");
    assert!(!named.err.contains("Siti"));

    refused(&ikm(format!("{HEADER}\n")), "nobody was asked");
    refused(&ikm(HEADER.replace("u5", "u6")), "no column `u5`");
    refused(&ikm(format!("{HEADER},U5\n")), "two columns `u5`");
    assert_eq!(second("3,3,3").code, 1);
}

#[test]
fn one_thing_is_asked_at_a_time() {
    let desk = Desk::empty();
    for arguments in [
        &["ikm"][..],
        &["ikm", "--index", "4.5"],
        &["ikm", "--respondents", "29"],
        &["ikm", "--sum", "955"],
        &["ikm", "a.csv", "--index", "3.51"],
        &["ikm", "a.csv", "--respondents", "29", "--sum", "955"],
        &["ikm", "--index", "3.51", "--weight", "exact"],
        &["ikm", "a.csv", "--weight", "0.11"],
    ] {
        refused(&desk.run(arguments), "");
    }
    assert_eq!(desk.run(&["ikm", "missing.csv"]).code, 1);
}
