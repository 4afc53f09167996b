#!/usr/bin/env bash
# Runs `make test` again and again, every second time beside stress-ng, and stops at the first failure: whoever may fail at
# random has its chance here.
#   RUNS=10 scripts/soak.sh ARGUMENT…    arguments of cargo test
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

install_packages "stress-ng stress-ng"

runs=${RUNS:-10}
folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/soak
rm -rf "$folder"
mkdir -p "$folder"

stress=
calm() {
    [ -z "$stress" ] || { kill "$stress" && wait "$stress"; } 2>/dev/null || true
    stress=
}
trap calm EXIT

for run in $(seq "$runs"); do
    beside="alone"
    if [ $((run % 2)) -eq 0 ]; then
        beside="beside stress-ng"
        stress-ng --cpu 2 --hdd 1 --temp-path "$folder" --quiet &
        stress=$!
    fi
    log=$folder/$run.log
    status=0
    make --no-print-directory test TESTS="$*" >"$log" 2>&1 || status=$?
    # A run without the stress that its line tells of would prove nothing.
    [ -z "$stress" ] || kill -0 "$stress" || die "stress-ng ended during run $run."
    calm
    say "run $run of $runs, $beside: $(tail -n 1 "$log")"
    if [ "$status" -ne 0 ]; then
        grep -E '^test .* \.\.\. FAILED$' "$log" || true
        die "run $run of $runs, $beside, failed with $status." "All that it printed is in $log."
    fi
done
say "All $runs runs passed."
