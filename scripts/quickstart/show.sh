# shellcheck shell=sh
# How the quickstart shows what it does: numbered steps, each command before its output. Sourced by quickstart.sh.

steps=0
step() {
    steps=$((steps + 1))
    printf '\n== %s. %s\n' "$steps" "$1"
}

# A path as it is seen from here.
shown() { printf '%s' "${1#"$PWD"/}"; }

# A command as a person would type it.
typed() {
    printf '\n$'
    for word in "$@"; do
        case $word in
        *=/*) word=${word%%=*}=$(shown "${word#*=}") ;;
        /*) word=$(shown "$word") ;;
        esac
        case $word in
        *[!A-Za-z0-9_./:=@%+-]*) printf " '%s'" "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
}

# Shows a command and runs it; it must succeed.
show() {
    typed "$@"
    printf '\n'
    "$@" || die "this command failed, with $?: $*" "Its message is above."
}

# The same, with its standard output in a file.
show_to() {
    file=$1
    shift
    typed "$@"
    printf ' > %s\n' "$(shown "$file")"
    (umask 077 && "$@" >"$file") || die "this command failed, with $?: $*" "Its message is above."
}

# Shows a command that policy must refuse (exit code 4).
refused() {
    typed "$@"
    printf '\n'
    code=0
    "$@" 2>&1 || code=$?
    [ "$code" -eq 4 ] || die "this should have been refused with exit code 4, and ended with $code: $*"
    say "(exit code 4: refused by policy)"
}

title() {
    case $1 in
    sync_and_recover) say "Sync and Recover" ;;
    continuity_monitor) say "Continuity Monitor" ;;
    internal_email_protect) say "Internal Email Protect" ;;
    esac
}

# base64url without padding, as JOSE has it, to bytes.
from_base64url() {
    text=$(tr -- '-_' '+/')
    while [ $((${#text} % 4)) -ne 0 ]; do text=$text=; done
    printf '%s' "$text" | base64 -d
}

# Header and claims, one field a line.
decode() {
    for part in 1 2; do
        cut -d . -f "$part" "$1" | tr -d '\n' | from_base64url | sed 's/{/{\n  /; s/",/",\n  /g; s/\([0-9]\),/\1,\n  /g; s/}$/\n}/'
        printf '\n'
    done
    expires=$(cut -d . -f 2 "$1" | tr -d '\n' | from_base64url | sed 's/.*"exp":\([0-9]*\).*/\1/')
    say "exp is $(date -u -d "@$expires" '+%Y-%m-%d %H:%M:%S UTC')"
}

# What the customer has of a connector, and the public key in it.
export_certificate() {
    show_to "$folder/$1.pem" kunci cert "$1"
    show openssl x509 -in "$folder/$1.pem" -noout -subject -dates
    openssl x509 -in "$folder/$1.pem" -noout -pubkey >"$folder/$1.pub"
}

# The assertion against the exported certificate, by openssl alone (RFC 7515, section 5.2; PS256 of RFC 7518).
verify() {
    tr -d '\n' <"$1" | cut -d . -f 1,2 | tr -d '\n' >"$folder/signed"
    tr -d '\n' <"$1" | cut -d . -f 3 | tr -d '\n' | from_base64url >"$folder/signature"
    show openssl dgst -sha256 -verify "$folder/$2.pub" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 \
        -signature "$folder/signature" "$folder/signed"
}

closing_words() {
    cat <<WORDS

== What you have seen, and what you have not
SOFTWARE: this token is SoftHSM2, a file. It refuses to give the keys out, but whoever copies the file and has the PIN
has the keys. Kunci says SOFTWARE wherever it shows such a token, and takes none unless allow_software_tokens = true.
With an HSM or a smart card the same commands make keys that cannot be copied.

Look around ($folder stays as it is):
  export PATH=$bin:\$PATH KUNCI_CONFIG=$folder/kunci.toml
  kunci-agent &                               # the agent again
  kunci status
  kunci cert de --format entra                # what a customer registers
  less $(shown "$folder")/kunci.toml                 # the configuration, with its reasons
Run it again with make quickstart; remove it with make clean-quickstart. Packages stay installed.
Next: README.md for the way to production, docs/ for the tutorial, the configuration and the threat model.
WORDS
}
