#!/usr/bin/env bash
# Builds, runs tests by cargo, and says last how many passed and how long that took. What cargo printed is in target/test.log.
#   scripts/test.sh ARGUMENT…    arguments of cargo test
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")
mkdir -p "$folder"
log=$folder/test.log

# Tests run each other's binaries, which cargo test alone does not build.
cargo build --workspace
status=0
cargo test --no-fail-fast "$@" 2>&1 | tee "$log" || status=$?

# Each program of tests, and the doc tests of each crate, is announced, and ends with a line like
#   test result: ok. 15 passed; 0 failed; 1 ignored; 0 measured; 98 filtered out; finished in 24.62s
# Doc tests that must not compile have one more. A program that crashed has none.
read -r programs silent passed failed skipped < <(awk '
    /^ +(Running|Doc-tests) / { programs++; silent += waiting; waiting = 1 }
    /^test result: / { waiting = 0; passed += $4; failed += $6; skipped += $8 }
    END { print programs + 0, silent + waiting, passed + 0, failed + 0, skipped + 0 }' "$log")

echo
grep -E '^test .* \.\.\. FAILED$' "$log" || true
if [ "$programs" -eq 0 ] || [ "$silent" -ne 0 ]; then
    echo "$silent of $programs test programs told no result: look for them above, or in $log."
    [ "$status" -ne 0 ] || status=1
fi
[ "$failed" -eq 0 ] || [ "$status" -ne 0 ] || status=1
[ "$status" -eq 0 ] || echo "cargo test ended with $status."
# The first is for programs that read it.
echo "$passed passed, $failed failed, $skipped skipped"
echo "$passed passed, $failed failed, $skipped ignored in $((SECONDS / 60)) min $((SECONDS % 60)) s"
exit "$status"
