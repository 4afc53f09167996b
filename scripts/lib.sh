# shellcheck shell=sh
# Words for people, packages of Debian and Ubuntu, and the Rust toolchain. Sourced by the scripts beside it, never run.
# It installs only what it has named first, and asks sudo only where the user is not root.

say() { printf '%s\n' "$*"; }
die() {
    printf '%s\n' "" "Stopped: $1" >&2
    shift
    [ "$#" -eq 0 ] || printf '%s\n' "$@" >&2
    exit 2
}

# missing_packages "TEST PACKAGE"...: the packages whose TEST (a command's name, a path, or a shell test) fails.
missing_packages() {
    for entry in "$@"; do
        package=${entry##* }
        test=${entry% *}
        case $test in
        /*) [ -e "$test" ] ;;
        *" "*) sh -c "$test" >/dev/null 2>&1 ;;
        *) command -v "$test" >/dev/null 2>&1 ;;
        esac || printf '%s ' "$package"
    done
}

install_packages() {
    missing=$(missing_packages "$@")
    if [ -z "$missing" ]; then
        say "All packages that this needs are installed."
        return
    fi
    say "This needs packages that are missing, and installs them now with apt-get: $missing"
    command -v apt-get >/dev/null || die "there is no apt-get here." "Install these yourself, under the names that your system has for them: $missing"
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        as_root=sudo
        command -v sudo >/dev/null || die "you are not root and there is no sudo." "Run this as root, then start again:" "  apt-get update && apt-get install $missing"
    fi
    # Names of packages, parted by spaces.
    # shellcheck disable=SC2086
    $as_root apt-get update -qq &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null ||
        die "apt-get could not install: $missing" "Its message is above. Mend that, then start again."
    say "Installed."
}

# at_least OLDEST FOUND: whether a version is new enough.
at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# Rust comes from its users' own installer, so this only tells how.
need_rust() {
    PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || true
    if [ -z "$found" ]; then
        rust_help "Rust is missing; $oldest or later is needed."
    elif ! at_least "$oldest" "$found"; then
        rust_help "Rust $found is too old; $oldest or later is needed."
    fi
    say "Rust $found is here."
}

rust_help() {
    die "$1" \
        "On Debian 13, Ubuntu 24.04 and later (with sudo, unless you are root):" \
        "  apt-get install rustup && rustup default stable" \
        "On older ones by its own installer, which https://rustup.rs explains:" \
        "  apt-get install curl && curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y" \
        "Then start again."
}
