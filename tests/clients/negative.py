"""Posts a ready assertion in a client_credentials grant with plain requests, and prints the server's answer.

For what a good client would not do: another audience, an expired assertion, the same one twice. An exit code of 1
with `"by": "server"` is the answer that such a test wants.
"""

import argparse
import pathlib

import requests

import verdict
from options import SCOPE

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TIMEOUT_SECONDS = 30


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--endpoint", required=True, help="token endpoint, in full")
    options.add_argument("--assertion", required=True, type=pathlib.Path, metavar="FILE", help="file with the assertion")
    options.add_argument("--client-id", help="client id to name beside the assertion (default: none, as RFC 7521 allows)")
    args = options.parse_args()
    response = requests.post(args.endpoint, data=form(args), timeout=TIMEOUT_SECONDS)
    answer = response.json()
    if "access_token" not in answer:
        verdict.refused_by_server(answer, status=response.status_code)
    verdict.granted("requests", answer)


def form(args):
    return {
        "grant_type": "client_credentials",
        "client_id": args.client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": args.assertion.read_text(encoding="ascii").strip(),
        "scope": SCOPE,
    }


if __name__ == "__main__":
    main()
