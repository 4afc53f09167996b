"""The verdict of a script here: one JSON line on standard output, exit code 0 for yes and 1 for no.

A verdict says what the other side said. It shows an access token's claims and never the token.
"""

import base64
import json
import sys


def granted(client, answer):
    """The server gave an access token: `answer` is its token response. Ends the script."""
    _end(0, {
        "ok": True,
        "client": client,
        "expires_in": answer.get("expires_in"),
        "claims": _claims(answer["access_token"]),
    })


def confirmed(what, facts):
    """A check held: `facts` are what it saw. Ends the script."""
    _end(0, {"ok": True, "judge": what, **facts})


def refused(who, error, **facts):
    """Someone said no, for the reason in `error` and `facts`. Ends the script."""
    _end(1, {"ok": False, "by": who, "error": error, **facts})


def refused_by_server(answer, **facts):
    """The server said no: `answer` is its error response (RFC 6749, section 5.2), `error_detail` the judge's reason."""
    wanted = ("error_description", "error_detail")
    refused("server", answer.get("error"), **{name: answer.get(name) for name in wanted}, **facts)


def refused_by_agent(error):
    """The agent said no: `error` is an AgentRefused. Ends the script."""
    code = error.problem.get("code") if isinstance(error.problem, dict) else None
    refused("agent", code, status=error.status, problem=error.problem)


def _claims(access_token):
    payload = access_token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def _end(code, line):
    print(json.dumps(line), flush=True)
    sys.exit(code)
