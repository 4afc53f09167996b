"""The agent as a client sees it: one call over its Unix socket that answers a signed assertion.

Holds the socket's path and asks with the standard library alone, so that a fault here is nobody else's. Trusts the
agent's answer as it is (judging it is for judge_jws.py and the judge) and never keeps an assertion for a second use.
"""

import http.client
import json
import socket
import urllib.parse

TIMEOUT_SECONDS = 30
MAX_ANSWER_BYTES = 64 * 1024


class AgentRefused(Exception):
    """The agent answered with a problem (RFC 9457) instead of an assertion."""

    def __init__(self, status, problem):
        super().__init__(f"the agent answered {status}")
        self.status = status
        self.problem = problem


class Agent:
    """Asks one agent for the assertions of one connector, tenant and client id."""

    def __init__(self, socket_path, connector, tenant, client_id):
        self._socket_path = socket_path
        self._path = f"/v1/connectors/{urllib.parse.quote(connector, safe='')}/assertions"
        self._body = json.dumps({"tenant": tenant, "client_id": client_id})

    def assertion(self):
        """A fresh assertion: the callback that MSAL and azure-identity take."""
        return self.answer()["assertion"]

    def answer(self):
        """The agent's whole answer: assertion, jti, expires_at, x5t_s256, log_index."""
        connection = UnixConnection(self._socket_path)
        try:
            connection.request("POST", self._path, self._body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            body = response.read(MAX_ANSWER_BYTES)
        finally:
            connection.close()
        if response.status != 200:
            raise AgentRefused(response.status, _json_or_text(body))
        return json.loads(body)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, socket_path):
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self._socket_path = socket_path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._socket_path)


def _json_or_text(body):
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
