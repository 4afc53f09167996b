#!/bin/sh
# Looks for RustSec's advisories about the crates in all our Cargo.lock files; .cargo/audit.toml says which are accepted, and why.
#   scripts/audit.sh           by the database of today, which is fetched
#   scripts/audit.sh FOLDER    by the database in this folder, and fetches nothing
# Ends with 1 where one is not accepted, and where one is accepted that matches nothing (any more).
# cargo-audit rather than cargo-deny, which takes a database only as a clone with its history.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

need_rust
command -v cargo-audit >/dev/null || { say "installing cargo-audit"; cargo install cargo-audit --locked --no-default-features; }

root=$(pwd)
locks=$(find . -name target -prune -o -name Cargo.lock -print)
# The ids alone: a reason is for people.
accepted=$(sed -n 's/^ *"\(RUSTSEC-[0-9]*-[0-9]*\)",$/\1/p' .cargo/audit.toml)
folder=${1:+$(realpath "$1")}

# audit LOCK [--ignore ID]… : with the database that is asked for.
audit() {
    lock=$1
    shift
    if [ -n "$folder" ]; then
        # Which versions were taken back is not in the database, but in the registry's index.
        set -- --db "$folder" --no-fetch --stale --no-yanked "$@"
    fi
    cargo audit --quiet --deny warnings --file "$root/$lock" "$@"
}

# Whether one that is accepted is still there: without it, something must be found. Elsewhere, so that nothing else is accepted.
matches() {
    ignored=
    for other in $accepted; do [ "$other" = "$1" ] || ignored="$ignored --ignore $other"; done
    for lock in $locks; do
        (cd "$elsewhere" && audit "$lock" $ignored >/dev/null 2>&1) || return 0
    done
    return 1
}

for lock in $locks; do audit "$lock"; done

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
for id in $accepted; do
    matches "$id" || { say ".cargo/audit.toml accepts $id, which matches nothing: remove it"; exit 1; }
done
say "no advisory about $(echo $locks) but those that are accepted: $(echo $accepted)"
