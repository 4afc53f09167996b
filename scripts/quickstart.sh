#!/bin/sh
# The whole of Kunci on one page: builds it, makes a token and seven regions' keys in ./quickstart, and shows what it
# gives, what it refuses and what it writes down. Run by `make quickstart`; it ends by itself. A second run goes on with
# the token and the keys of the first. `make clean-quickstart` removes ./quickstart.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/quickstart/site.sh
. scripts/quickstart/show.sh

# Where everything of this trial is, and how it is built; `make quickstart FOLDER=… PROFILE=…` says otherwise.
folder=$(realpath -m "${FOLDER:-quickstart}")
profile=${PROFILE:-release}
bin=$(realpath -m "${CARGO_TARGET_DIR:-target}")/$([ "$profile" = dev ] && echo debug || echo "$profile")
agent=
trap 'stop_agent' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The products, each with a client id of its own, and the customers' tenants.
sync_and_recover=0b8c8b1e-6f0e-4d0e-9a55-1f4f0c0c5a01
continuity_monitor=1c9d9c2f-7a1f-4e1f-8b66-2a5a1d1d6b02
internal_email_protect=2daead3a-8b2a-4f2a-9c77-3b6b2e2e7c03
products="sync_and_recover continuity_monitor internal_email_protect"
customer=contoso.example
other_customer=wingtip.example

say "Kunci quickstart. It makes a token and keys for a trial in $(shown "$folder"), and nothing elsewhere but packages"
say "that it names first. Keys in this trial are made of SOFTWARE, since no hardware token is needed for it."

step "What this machine needs"
install_packages "cc gcc" "/usr/include/stdlib.h libc6-dev" "make make" "openssl openssl" \
    "pkg-config pkg-config" "/usr/include/PCSC/winscard.h libpcsclite-dev" \
    "/usr/lib/softhsm/libsofthsm2.so softhsm2"
need_rust

step "Build (some minutes, the first time)"
show cargo build --profile "$profile" --bin kunci --bin kunci-agent --bin kunci-extract
PATH=$bin:$PATH
KUNCI_CONFIG=$folder/kunci.toml
export PATH KUNCI_CONFIG
say "From here on, PATH begins with $bin"
say "and KUNCI_CONFIG=$KUNCI_CONFIG"

step "A folder of its own: PINs, tenants, configuration"
make_site
show kunci config check

step "A token, with PINs that were made at random"
init_token

step "A key and a certificate for each of the seven regions, made inside the token"
show kunci provision --all

step "The agent"
start_agent
show kunci status

step "The log's own key, which signs checkpoints of the log and nothing else"
show_to "$folder/vkey" kunci log init-key
say "This line is for the auditor, who checks with it what the agent says of its log: $(cat "$folder/vkey")"

step "Each product asks for an assertion of Germany's connector, for its customer"
say "Here all three run as you, so a rule tells them apart by client id; on a host each is a user and a unit of its own."
for product in $products; do
    eval "client=\$$product"
    say "- $(title $product)"
    show_to "$folder/$product.jwt" kunci assertion de --tenant $customer --client-id "$client"
done
say "Three signed assertions, each good for five minutes and for one customer's tenant; the key stayed where it is."

step "What these assertions say"
for product in $products; do
    say "- $(title $product)"
    decode "$folder/$product.jwt"
done

step "openssl verifies them by the certificate that the customer has"
export_certificate de
for product in $products; do
    say "- $(title $product)"
    verify "$folder/$product.jwt" de
done

step "Can the key be taken out, by someone who has the PIN?"
show env SOFTHSM2_CONF="$folder/softhsm2.conf" kunci-extract --module /usr/lib/softhsm/libsofthsm2.so \
    --token quickstart --pin-file "$folder/pin" de

step "A product asks for a tenant that no rule gives it"
say "$other_customer is a customer of Germany, too, but not one that Continuity Monitor's rule names."
refused kunci assertion de --tenant $other_customer --client-id $continuity_monitor

step "Freeze one region, at once; the others go on"
show kunci freeze de --reason "quickstart: what a freeze looks like"
refused kunci assertion de --tenant $customer --client-id $sync_and_recover
show_to /dev/null kunci assertion uk --tenant $customer --client-id $sync_and_recover
show kunci thaw de --reason "quickstart: seen"
show_to /dev/null kunci assertion de --tenant $customer --client-id $sync_and_recover

step "A checkpoint: how many entries the log has, under one hash, signed by its own key"
wait_for_checkpoint
show cat "$folder/state/log/checkpoint"
say "Whoever keeps one can show later that nothing before it was changed or taken out."

step "The ledger: everything that was signed, provably unchanged"
stop_agent
say "The agent is stopped. An auditor needs neither it nor the token:"
show kunci log verify --vkey "$(cat "$folder/vkey")"
show kunci log search --connector de --kind intent --client-id $continuity_monitor
show kunci log search --connector de --kind refusal

step "Had this key been carried off: whom it opened, and how often"
show kunci log exposure de

closing_words
