"""Asks an agent's socket again and again with Python's own http.client, each time on a connection of its own.

ask_often.py SOCKET TRIES AT-ONCE BODY-BYTES PATH SECONDS: posts so many spaces, in so many threads. Prints one JSON object: how
often each status and code, or each error of the client, was seen; "late" for an error after so many seconds.
"""

import collections
import concurrent.futures
import json
import sys
import time

from agent import UnixConnection


def ask(socket_path, path, body, seconds):
    """What one request came to."""
    began = time.monotonic()
    connection = UnixConnection(socket_path)
    try:
        connection.request("POST", path, body)
        response = connection.getresponse()
        return f"{response.status} {json.loads(response.read())['code']}"
    except OSError as error:
        return type(error).__name__ if time.monotonic() - began <= seconds else "late"
    finally:
        connection.close()


def main():
    socket_path, tries, at_once, size, path, seconds = sys.argv[1:]
    body = b" " * int(size)
    with concurrent.futures.ThreadPoolExecutor(int(at_once)) as threads:
        outcomes = threads.map(lambda _: ask(socket_path, path, body, float(seconds)), range(int(tries)))
        print(json.dumps(collections.Counter(outcomes)))


main()
