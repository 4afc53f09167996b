#!/bin/sh
# Makes what the client tests run: a Python environment in target/clients-venv and the judge in target/judge. Nothing
# is written outside target. Run it again at will: what is there and unchanged is kept. Registries are those that the
# user's pip and npm are set up for; no browser, compiler or binary is fetched by an install step.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
judge=$(cd "$here/../judge" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
python=${PYTHON:-python3}

say() { echo "setup: $*"; }
die() { echo "setup: $*" >&2; exit 1; }

need() {
    command -v "$1" >/dev/null || die "$1 is missing; install it: $2"
}

check_tools() {
    need "$python" "apt-get install python3 python3-venv"
    need node "apt-get install nodejs npm (20.12 or later)"
    need npm "apt-get install npm"
    need openssl "apt-get install openssl"
    need flock "apt-get install util-linux"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "$("$python" -V) is too old; 3.11 or later is needed (PYTHON names another)"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || die "$python cannot make environments; install it: apt-get install python3-venv"
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 12) ? 0 : 1)' ||
        die "node $(node --version) is too old; 20.12 or later is needed"
}

# A stamp names everything that an install came from; it is written last, so a broken install is made anew.
is_fresh() { [ -f "$1/.stamp" ] && [ "$(cat "$1/.stamp")" = "$2" ]; }

setup_python() {
    venv=$target/clients-venv
    stamp="$("$python" -V) $(sha256sum <"$here/requirements.txt") $(cd "$target" && pwd)"
    if is_fresh "$venv" "$stamp"; then
        say "$venv is up to date"
        return
    fi
    say "making $venv from tests/clients/requirements.txt"
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt"
    "$venv/bin/python" -m pip check
    echo "$stamp" >"$venv/.stamp"
}

setup_judge() {
    copy=$target/judge
    stamp="node $(node --version) $(cat "$judge"/*.mjs "$judge/package.json" "$judge/package-lock.json" | sha256sum)"
    if is_fresh "$copy" "$stamp"; then
        say "$copy is up to date"
        return
    fi
    say "installing the judge in $copy from tests/judge/package-lock.json"
    mkdir -p "$copy"
    rm -f "$copy/.stamp"
    # Node looks for packages beside the file it runs, so the judge runs from here and the source tree stays clean.
    cp "$judge"/*.mjs "$judge/package.json" "$judge/package-lock.json" "$judge/.npmrc" "$copy/"
    (cd "$copy" && npm ci --ignore-scripts --loglevel=error)
    echo "$stamp" >"$copy/.stamp"
}

check_tools
mkdir -p "$target"
target=$(cd "$target" && pwd)
# Tests that start together wait for one install.
exec 9>"$target/clients-setup.lock"
flock 9
setup_python
setup_judge
say "ready: $target/clients-venv/bin/python and node $target/judge/judge.mjs"
