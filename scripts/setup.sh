#!/bin/sh
# Installs what is missing for `make test`: packages, and in target/ the clients and the judge that tests talk to.
# Run it again at will: what is there is kept.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

# The oldest Node that the judge runs on, and the one that is installed where the system's is older.
NODE_OLDEST=20.12
NODE_MAJOR=22

install_packages \
    "cc gcc" "/usr/include/stdlib.h libc6-dev" "make make" \
    "/usr/lib/softhsm/libsofthsm2.so softhsm2" "softhsm2-util softhsm2" \
    "pkcs11-tool opensc" "openssl openssl" "jq jq" "curl curl" "gdb gdb" "gcore gdb" "strace strace" "systemd-analyze systemd" "faketime faketime" "setpriv util-linux" \
    "clang clang" "pkg-config pkg-config" "/usr/include/openssl/ssl.h libssl-dev" "/usr/include/sqlite3.h libsqlite3-dev" \
    "pkg-config --exists libpcsclite libpcsclite-dev" "pcscd pcscd" "ip iproute2" \
    "/usr/lib/pcsc/drivers/serial/libifdvpcd.so vsmartcard-vpcd" "ls /usr/lib/*/libykcs11.so ykcs11" \
    "yubico-piv-tool yubico-piv-tool" \
    "p11-kit p11-kit" "ls /usr/lib/*/p11-kit-proxy.so p11-kit-modules" \
    "ls /usr/lib/*/libsoftokn3.so libnss3" "certutil libnss3-tools" \
    "swtpm swtpm" "swtpm_setup swtpm-tools" "tpm2_createak tpm2-tools" "tpm2-abrmd tpm2-abrmd" "dbus-daemon dbus" "dbus-send dbus" "tpm2_ptool libtpm2-pkcs11-tools" \
    "ls /usr/lib/*/libtpm2_pkcs11.so.1 libtpm2-pkcs11-1" "ls /usr/lib/*/libtss2-tcti-tabrmd.so.0 libtss2-tcti-tabrmd0" \
    "zsh zsh" "fish fish" "man man-db" \
    "python3 python3" "python3 -c \"import ensurepip, venv\" python3-venv" "node nodejs" "npm npm" \
    "go golang-go" "/usr/share/gocode/src/golang.org/x/mod/sumdb/note/note.go golang-golang-x-mod-dev"
need_rust

# Debian 12 and Ubuntu 24.04 have an older Node. npm has a newer one, which stays inside target/.
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
folder=$target/node
if [ ! -x "$folder/bin/node" ] && ! at_least "$NODE_OLDEST" "$(node -p process.versions.node)"; then
    package=node-linux-$(node -p process.arch)
    say "Node $(node --version) is too old for the judge; installing $package@$NODE_MAJOR from npm into $folder"
    mkdir -p "$folder/bin"
    npm install --silent --no-save --prefix "$folder" "$package@$NODE_MAJOR"
    ln -sf "../node_modules/$package/bin/node" "$folder/bin/node"
fi
if [ -x "$folder/bin/node" ]; then
    PATH=$folder/bin:$PATH
    # It trusts what the system trusts, as Debian's own Node does.
    export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}"
fi
sh tests/clients/setup.sh

# A second soft token, strict where SoftHSM2 is lenient. cargo keeps what is built already.
say "Kryoptic's PKCS#11 module is built from crates.io into $target/kryoptic, unless it is there."
(cd tests/kryoptic && cargo build --quiet --release --locked -p kryoptic --target-dir "$target/kryoptic")
