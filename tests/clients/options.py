"""The command line that the clients share: where the agent is, for whom to ask, and which server to sign in to."""

import argparse

# The scope that the judge knows; Entra's clients ask for "<resource>/.default".
SCOPE = "api://kunci-judge/.default"


def parser(description):
    """A parser with the options of every client that signs in."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--tenant", required=True, help="tenant to sign in to")
    options.add_argument("--client-id", required=True, help="application (client) id")
    options.add_argument("--authority", required=True, help="https://HOST:PORT of the server, without the tenant")
    options.add_argument("--scope", default=SCOPE, help="scope to ask for (default: %(default)s)")
    return options


def with_agent(options):
    """The same parser, for a client that asks the agent itself."""
    options.add_argument("--socket", required=True, help="the agent's Unix socket")
    options.add_argument("--connector", required=True, help="connector whose key signs")
    return options
