"""Signs in with azure-identity's ClientAssertionCredential, which asks the agent for a fresh assertion each time."""

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientAssertionCredential

import azure_verdict
import verdict
from agent import Agent, AgentRefused
from options import parser, with_agent


def main():
    args = with_agent(parser(__doc__)).parse_args()
    agent = Agent(args.socket, args.connector, args.tenant, args.client_id)
    credential = ClientAssertionCredential(args.tenant, args.client_id, agent.assertion, authority=args.authority)
    try:
        token = credential.get_token(args.scope)
    except AgentRefused as error:
        verdict.refused_by_agent(error)
    except ClientAuthenticationError as error:
        azure_verdict.refused(error)
    azure_verdict.granted("azure-identity", token)


if __name__ == "__main__":
    main()
