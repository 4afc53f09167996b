"""What azure-identity says, put into the words of verdict.py: its errors hide the server's answer in a response."""

import json
import time

import verdict


def granted(client, token):
    """`token` is an AccessToken, whose expires_on is an absolute time. Ends the script."""
    verdict.granted(client, {"access_token": token.token, "expires_in": int(token.expires_on - time.time())})


def refused(error):
    """`error` is a ClientAuthenticationError. Ends the script."""
    if error.response is None:
        verdict.refused("azure-identity", str(error))
    verdict.refused_by_server(json.loads(error.response.text()), status=error.response.status_code)
