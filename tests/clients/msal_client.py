"""Signs in with MSAL Python: its callback asks the agent for an assertion, the server gives an access token."""

import msal

import verdict
from agent import Agent, AgentRefused
from options import parser, with_agent


def main():
    options = with_agent(parser(__doc__))
    options.add_argument("--oidc", action="store_true", help="take the server for any OpenID provider, not for Entra")
    args = options.parse_args()
    agent = Agent(args.socket, args.connector, args.tenant, args.client_id)
    try:
        answer = application(args, agent).acquire_token_for_client([args.scope])
    except AgentRefused as error:
        verdict.refused_by_agent(error)
    if "access_token" not in answer:
        verdict.refused_by_server(answer)
    verdict.granted("msal", answer)


def application(args, agent):
    server = f"{args.authority}/{args.tenant}"
    # Instance discovery would ask Microsoft whether it knows the authority.
    place = {"oidc_authority": server} if args.oidc else {"authority": server, "instance_discovery": False}
    credential = {"client_assertion": agent.assertion}
    return msal.ConfidentialClientApplication(args.client_id, client_credential=credential, **place)


if __name__ == "__main__":
    main()
