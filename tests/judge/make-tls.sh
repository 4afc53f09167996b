#!/bin/sh
# Makes the judge's TLS key and certificate in DIR: DIR/tls.key and DIR/tls.crt, for localhost and 127.0.0.1, for one
# day. Clients trust it by REQUESTS_CA_BUNDLE=DIR/tls.crt. Test material only: nothing of Kunci signs with it.
set -eu

if [ "$#" -ne 1 ]; then
    echo "usage: make-tls.sh DIR" >&2
    exit 2
fi
command -v openssl >/dev/null || { echo "make-tls.sh: openssl is missing; install it: apt-get install openssl" >&2; exit 2; }

mkdir -p "$1"
umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
    -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
    -addext "extendedKeyUsage=serverAuth" \
    -keyout "$1/tls.key" -out "$1/tls.crt" 2>"$1/openssl.log" || { cat "$1/openssl.log" >&2; exit 1; }
rm -f "$1/openssl.log"
