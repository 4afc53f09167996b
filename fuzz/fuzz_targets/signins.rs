//! A file of sign-ins. What is taken is a sign-in that ends no sooner than it begins, packed it is the same, and holding it
//! against a log neither panics nor counts more than there is. What is refused has a line.
#![no_main]

use std::io::Write;

use audit::reconcile::{Logs, Question, SignIns};
use audit::signins;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut sign_ins = SignIns::new(Logs::default(), Question::default());
    let mut rows = 0_u64;
    let read = signins::read(bytes, |line, row| {
        assert!(line > 0 && row.from <= row.until, "{row:?}");
        assert!(row.summed.is_some() || row.from == row.until, "{row:?}");
        rows += 1;
        sign_ins.take(0, line, row)
    });
    if let Err(fault) = &read {
        assert!(fault.line > 0 && !fault.what.contains('\n'), "{fault}");
    }
    if let Ok(report) = sign_ins.compare(&["fuzzed".to_owned()]) {
        assert_eq!(report.rows.read, rows);
        assert!(report.sign_ins.compared <= rows);
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("memory takes it");
    let packed = packed.finish().expect("memory takes it");
    let mut again = 0_u64;
    let unpacked = signins::read(&packed[..], |_, _| {
        again += 1;
        Ok(())
    });
    // A packed file within a packed file is not unpacked twice.
    if !bytes.starts_with(b"\x1f\x8b") {
        assert_eq!((unpacked.is_ok(), again), (read.is_ok(), rows));
    }
});
