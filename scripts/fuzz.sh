#!/bin/sh
# Runs the fuzz targets, or those that are named, so many seconds each, as many at a time as there are processors.
#   scripts/fuzz.sh SECONDS [TARGET]…
# What a target finds is left in target/fuzz/findings, and the script ends with 1. See docs/fuzzing.md.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

# The longest input, in bytes: the longest question on a lane.
LONGEST=16384
# How long one input may take, in seconds, and how much memory, in MiB.
SLOWEST=10
LARGEST=2048

seconds=${1:?"usage: scripts/fuzz.sh SECONDS [TARGET]…"}
shift
[ $# -gt 0 ] || set -- $(for file in fuzz/fuzz_targets/*.rs; do basename "$file" .rs; done)

install_packages "c++ g++"
need_rust
command -v cargo-fuzz >/dev/null || { say "installing cargo-fuzz"; cargo install cargo-fuzz --locked; }

folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz
mkdir -p "$folder/findings" "$folder/logs"
# Without a sanitizer: the crates have no unsafe code, and so a stable compiler will do.
for target; do
    cargo fuzz build --sanitizer none --target-dir "$folder" "$target"
done

run() {
    target=$1
    mkdir -p "$folder/corpus/$target"
    program=$(find "$folder" -path "*/release/$target" -type f | head -n 1)
    if "$program" -max_total_time="$seconds" -max_len=$LONGEST -timeout=$SLOWEST -rss_limit_mb=$LARGEST \
        -print_final_stats=1 -artifact_prefix="$folder/findings/$target-" \
        "$folder/corpus/$target" "fuzz/seeds/$target" >"$folder/logs/$target" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/logs/$target")
        cover=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$folder/logs/$target" | tail -n 1)
        say "$target: $runs inputs in $seconds s, $cover edges, nothing found"
    else
        tail -n 40 "$folder/logs/$target" >&2
        say "$target: FOUND SOMETHING; its input is in $folder/findings"
        return 1
    fi
}

found=0
at_a_time=$(nproc)
while [ $# -gt 0 ]; do
    running=
    for _ in $(seq "$at_a_time"); do
        [ $# -gt 0 ] || break
        run "$1" & running="$running $!"
        shift
    done
    for one in $running; do wait "$one" || found=1; done
done
exit $found
