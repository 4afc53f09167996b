use std::rc::Rc;

use hyper::body::Bytes;

use super::wrap::{columns, longest};
use super::*;

/// What was printed.
#[derive(Clone, Default)]
pub(crate) struct Paper(Rc<RefCell<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

pub(crate) fn printer(json: bool, terminal: bool) -> (Printer, Paper, Paper) {
    let (out, err) = (Paper::default(), Paper::default());
    let print = Printer {
        json,
        out: RefCell::new(Box::new(out.clone())),
        err: RefCell::new(Box::new(err.clone())),
        out_width: terminal.then_some(WIDTH),
        err_width: terminal.then_some(WIDTH),
    };
    (print, out, err)
}

/// Lines as a person at a terminal of 80 columns sees them.
pub(crate) fn seen<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> String {
    let (print, out, _) = printer(false, true);
    print.lines(lines).unwrap();
    fits(out.text())
}

/// The same of warnings.
pub(crate) fn warned<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> String {
    let (print, _, err) = printer(false, true);
    lines.into_iter().for_each(|line| print.warn(line.as_ref()));
    fits(err.text())
}

/// A page that has no line wider than a terminal, but where that is a single word: a digest, a path, a command to be copied.
pub(crate) fn fits(page: String) -> String {
    for line in page.lines() {
        let is_word = columns(line.trim_start()) == longest(line);
        assert!(columns(line) <= WIDTH || is_word, "wider than {WIDTH} columns: {line}\n{page}");
    }
    page
}

fn rows() -> Vec<Vec<String>> {
    [["frankfurt", "SOFTWARE"], ["london", "asserted"]].map(|row| row.map(str::to_owned).to_vec()).to_vec()
}

#[test]
fn a_list_is_one_line_for_each_element_and_no_byte_of_them_changes() {
    let (print, out, _) = printer(true, false);
    print.json_lines(br#"[ {"b": 1.50,  "a":"\u00e9"} , {"c":12345678901234567890123} ]"#).unwrap();
    assert_eq!(out.text(), "{\"b\": 1.50,  \"a\":\"\\u00e9\"}\n{\"c\":12345678901234567890123}\n");
}

#[test]
fn a_body_is_printed_as_it_came() {
    let (print, out, _) = printer(true, false);
    print.json(br#"{"z": 1,"a":  2}"#).unwrap();
    assert_eq!(out.text(), "{\"z\": 1,\"a\":  2}\n");
}

#[test]
fn a_table_has_heads_and_columns_wherever_it_goes() {
    for terminal in [false, true] {
        let (print, out, _) = printer(false, terminal);
        print.table(&["token", "grade"], &rows()).unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(out.text(), @r"
            TOKEN      GRADE
            frankfurt  SOFTWARE
            london     asserted
            ");
        }
    }
}

#[test]
fn a_row_is_one_line_for_those_who_grep_and_broken_for_those_who_read() {
    let why = "missing: ".to_owned() + &"a word ".repeat(20);
    for (terminal, count) in [(false, 2), (true, 4)] {
        let (print, out, _) = printer(false, terminal);
        print.table(&["token", "state"], &[vec!["london".into(), why.clone()]]).unwrap();
        assert_eq!(out.text().lines().count(), count, "{}", out.text());
    }
}

#[test]
fn a_long_line_is_broken_for_people_and_whole_for_those_who_grep() {
    let text = "  entry: ".to_owned() + &"word ".repeat(30);
    let (print, out, _) = printer(false, false);
    print.line(&text).unwrap();
    assert_eq!(out.text(), text.clone() + "\n");
    let (print, out, err) = printer(false, true);
    print.line(&text).unwrap();
    print.note(&text);
    for shown in [out.text(), err.text()] {
        assert!(shown.lines().count() == 3 && shown.lines().all(|line| line.len() <= WIDTH), "{shown}");
        assert!(shown.lines().skip(1).all(|line| line.starts_with("      word")), "{shown}");
    }
}

#[test]
fn a_problem_says_what_failed_and_what_to_do() {
    let (print, out, err) = printer(false, true);
    print.failure(&Failure::unavailable(
        "no-agent",
        "No agent runs at /run/kunci/agent.sock",
        "Start kunci-agent.",
    ));
    assert_eq!(out.text(), "");
    insta::assert_snapshot!(err.text(), @r"
    kunci: No agent runs at /run/kunci/agent.sock
      Start kunci-agent.
    ");
}

#[test]
fn with_json_a_problem_is_what_the_agent_sent() {
    let (print, _, err) = printer(true, true);
    let body = br#"{"type":"t", "status":403,"code":"verb-not-granted","title":"T","detail":"D"}"#;
    print.failure(&Failure::of_agent(403, Bytes::from_static(body)));
    assert_eq!(err.text().trim_end().as_bytes(), body);
}

#[test]
fn with_json_nothing_but_problems_goes_to_standard_error() {
    let (print, _, err) = printer(true, true);
    print.hint("hint");
    print.note("note");
    print.warn("warning");
    assert_eq!(err.text(), "");
}

#[test]
fn hints_are_for_terminals() {
    let (print, _, err) = printer(false, false);
    print.hint("hint");
    print.note("note");
    assert_eq!(err.text(), "note\n");
}

#[test]
fn who_hung_up_is_not_told_of_it() {
    let (print, _, err) = printer(false, false);
    print.failure(&Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)));
    assert_eq!(err.text(), "");
}

#[test]
fn a_token_cannot_send_escapes_to_a_terminal() {
    let (print, out, err) = printer(false, true);
    print.line("label \u{1b}[2J\u{9b}31m \u{202e}drawrof").unwrap();
    print.table(&["a"], &[vec!["\u{1b}]0;title\u{7}".into()]]).unwrap();
    print.note("\u{1b}c");
    let all = out.text() + &err.text();
    assert!(!all.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{all:?}");
    assert!(all.contains("\\u{1b}[2J"), "{all:?}");
}

#[test]
fn software_is_called_so() {
    assert_eq!(grade(Some("software")), "SOFTWARE");
    assert_eq!(grade(Some("asserted")), "asserted");
    assert_eq!(grade(None), "-");
}

/// Who composes a text may forget to quote a word in it: the page has one line more only where we say so.
#[test]
fn a_word_that_nobody_quoted_is_on_one_line_all_the_same() {
    let word = "x\nFORGED\u{2028}FORGED\rFORGED";
    for terminal in [false, true] {
        let (print, out, err) = printer(false, terminal);
        print.line(word).unwrap();
        print.lines([word, word]).unwrap();
        print.table(&["a"], &[vec![word.into()]]).unwrap();
        print.note(word);
        print.failure(&Failure::usage("c", word, word));
        let all = out.text() + &err.text();
        assert!(!all.lines().any(|line| line.starts_with("FORGED")), "{all}");
        assert!(!all.contains(['\r', '\u{2028}']), "{all:?}");
        assert_eq!(out.text().lines().count(), 3 + 2, "{all}");
    }
}
