#!/bin/sh
# Runs the fuzz targets, or those that are named, so many seconds each, as many at a time as there are processors.
#   scripts/fuzz.sh SECONDS [TARGET]…
#   FUZZ_SEED=1 scripts/fuzz.sh SECONDS [TARGET]…    begins with nothing but fuzz/seeds, and tries the same inputs each time
# What a target finds is left in target/fuzz/findings and printed, and the script ends with 1. See docs/fuzzing.md.
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
# All targets at once: what they share is built once. Without a sanitizer: the crates have no unsafe code, and so a stable
# compiler will do.
one=
[ $# -ne 1 ] || one=$1
cargo fuzz build --sanitizer none --target-dir "$folder" $one

# judge TARGET FOLDER-OF-INPUTS… : with the bounds, and whatever else is asked.
bounded() {
    program=$(find "$folder" -path "*/release/$1" -type f | head -n 1)
    shift
    "$program" -timeout=$SLOWEST -rss_limit_mb=$LARGEST "$@"
}

run() {
    target=$1
    corpus=$folder/corpus/$target
    [ -z "${FUZZ_SEED:-}" ] || { corpus=$folder/fresh/$target; rm -rf "$corpus"; }
    mkdir -p "$corpus"
    set -- -max_total_time="$seconds" -max_len=$LONGEST -print_final_stats=1 "-artifact_prefix=$folder/findings/$target-"
    [ -z "${FUZZ_SEED:-}" ] || set -- "$@" "-seed=$FUZZ_SEED"
    [ ! -f "fuzz/dictionaries/$target" ] || set -- "$@" "-dict=fuzz/dictionaries/$target"
    if bounded "$target" "$@" "$corpus" "fuzz/seeds/$target" >"$folder/logs/$target" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/logs/$target")
        cover=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$folder/logs/$target" | tail -n 1)
        say "$target: $runs inputs in $seconds s, $cover edges, nothing found"
        return
    fi
    input=$(sed -n 's/.*Test unit written to //p' "$folder/logs/$target" | tail -n 1)
    if unlucky "$target" "$input"; then
        say "$target: an input took too long or too much, and did not when it was tried alone: the machine was busy. It is $input"
        return
    fi
    tail -n 40 "$folder/logs/$target" >&2
    say "$target: FOUND SOMETHING. Its input is $input; to have it elsewhere, give these lines to base64 -d:"
    [ ! -f "$input" ] || base64 "$input"
    return 1
}

# A bound of time or memory that was missed, and is kept when nothing else runs beside.
unlucky() {
    case $2 in
    */"$1"-timeout-* | */"$1"-slow-unit-* | */"$1"-oom-*) ;;
    *) return 1 ;;
    esac
    bounded "$1" "$2" >>"$folder/logs/$1" 2>&1
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
