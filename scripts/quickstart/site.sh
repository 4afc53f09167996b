# shellcheck shell=sh
# The quickstart's installation: its folder, PINs, tenants, configuration, token and agent. Sourced by quickstart.sh.
# PINs are made at random, live in files that only their owner can read, and never stand on a command line.

# The longest path of a socket, in bytes: sun_path of unix(7), without its end.
LONGEST_SOCKET=107
# How long the agent may take to sign, in tenths of a second.
PATIENCE=600

make_site() {
    [ "${#folder}" -le $((LONGEST_SOCKET - 11)) ] ||
        die "the path $folder is too long: a socket's path has $LONGEST_SOCKET bytes at most." "Move the clone to a shorter path."
    code=0
    running_agent || code=$?
    [ "$code" -eq 3 ] || die "an agent runs in $folder already." "Stop it, then start again."
    (umask 077 && mkdir -p "$folder/tokens" "$folder/state" "$folder/tenants")
    for pin in pin so-pin; do
        [ -s "$folder/$pin" ] || private "$pin" "$(head -c 24 /dev/urandom | base64 | tr -d '+/=')"
    done
    private softhsm2.conf "directories.tokendir = $folder/tokens
log.level = ERROR"
    for region in de uk us ca za au je; do tenants "$region"; done
    private kunci.toml "$(configuration)"
    say "In $(shown "$folder") are now: pin and so-pin (mode 0600), softhsm2.conf, tokens/, tenants/*.csv, state/, kunci.toml"
}

# Asks the agent in our folder, and only it. 3: there is none.
running_agent() { kunci --admin-socket "$folder/admin.sock" status >/dev/null 2>&1; }

# private NAME TEXT: a file of our own, whole or not there.
private() {
    (umask 077 && printf '%s\n' "$2" >"$folder/$1.new" && mv "$folder/$1.new" "$folder/$1")
}

tenants() {
    private "tenants/$1.csv" "tenant,client_id,object_id
$customer,$sync_and_recover,
$customer,$continuity_monitor,
$customer,$internal_email_protect,
$other_customer,$sync_and_recover,
$other_customer,$continuity_monitor,"
}

configuration() {
    cat <<TOML
# Made by make quickstart, for a trial. \`kunci config example\` explains every field.
[agent]
socket = "$folder/agent.sock"
admin_socket = "$folder/admin.sock"
state_dir = "$folder/state"
# SoftHSM2 is a token made of software: its keys can be copied. Never set this where keys matter.
allow_software_tokens = true

[ledger]
origin = "quickstart.example/kunci"
token = "soft"

[tokens.soft]
kind = "pkcs11"
module = "/usr/lib/softhsm/libsofthsm2.so"
uri = "pkcs11:token=quickstart"
pin = { file = "$folder/pin" }
so_pin = { file = "$folder/so-pin" }
lanes = 2
env = { SOFTHSM2_CONF = "$folder/softhsm2.conf" }
paths = ["$folder/tokens"]
read_paths = ["$folder/softhsm2.conf"]

TOML
    connector de "Germany"
    connector uk "United Kingdom"
    connector us "United States"
    connector ca "Canada"
    connector za "South Africa"
    connector au "Australia"
    connector je "Jersey"
    everywhere='"de", "uk", "us", "ca", "za", "au", "je"'
    cat <<TOML
# Who gets what. Whoever no rule names gets nothing, root included. On a host, each product is a user of its own, and
# unit = "sync-and-recover.service" pins it to its service.
$(caller sync-and-recover $sync_and_recover "$everywhere")

$(caller continuity-monitor $continuity_monitor '"de", "uk"')

$(caller internal-email-protect $internal_email_protect "$everywhere")

[admins.you]
user = "$(id -u)"
may = ["init", "provision", "certificates", "freeze", "thaw", "check", "reload"]
TOML
}

connector() {
    cat <<TOML
[connectors.$1]
region = "$2"
tokens = ["soft"]
key = "rsa-3072"
algorithm = "PS256"
tenants = "tenants/$1.csv"

TOML
}

caller() {
    cat <<TOML
[callers.$1]
user = "$(id -u)"
connectors = [$3]
tenants = ["$customer"]
client_ids = ["$2"]
rate = "50/s"
TOML
}

# A token of an earlier run is kept, with its keys.
init_token() {
    case $(kunci token list) in
    *ready*)
        say "There is one from an earlier run; it is kept."
        show kunci token list
        ;;
    *) show kunci token init soft ;;
    esac
}

start_agent() {
    typed kunci-agent
    say " 2> $(shown "$folder")/agent.log &"
    kunci-agent >"$folder/agent.log" 2>&1 </dev/null &
    agent=$!
    waited=0
    until running_agent; do
        thaw_left_over
        kill -0 "$agent" 2>/dev/null || die "the agent ended." "$(tail -n 5 "$folder/agent.log")"
        [ "$waited" -lt "$PATIENCE" ] || die "the agent does not sign." "$(kunci status 2>&1)" "Its log: $folder/agent.log"
        waited=$((waited + 1))
        sleep 0.1
    done
}

# The first one follows the key within seconds; later ones as the log grows, at most one a second.
wait_for_checkpoint() {
    waited=0
    until [ -s "$folder/state/log/checkpoint" ]; do
        [ "$waited" -lt "$PATIENCE" ] || die "the log gets no checkpoint." "$(kunci status 2>&1)" "Its log: $folder/agent.log"
        waited=$((waited + 1))
        sleep 0.1
    done
}

# A run that was cut short may have left Germany frozen, across restarts, as it should.
thaw_left_over() {
    case $(kunci --admin-socket "$folder/admin.sock" status 2>/dev/null) in
    *"FROZEN: de"*) show kunci --admin-socket "$folder/admin.sock" thaw de --reason "quickstart: an earlier run was cut short" ;;
    esac
}

stop_agent() {
    [ -z "$agent" ] || { kill "$agent" 2>/dev/null && wait "$agent" 2>/dev/null; } || true
    agent=
}
