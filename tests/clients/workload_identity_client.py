"""Signs in with azure-identity's WorkloadIdentityCredential, which reads the assertion from a file.

The credential keeps what it read for 600 seconds and sends it for every scope and after every expiry, so `--again`
shows what a server that takes each jti once says to that.
"""

import os

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import WorkloadIdentityCredential

import azure_verdict
from options import parser


def main():
    options = parser(__doc__)
    options.add_argument("--token-file", help="file with the assertion (default: AZURE_FEDERATED_TOKEN_FILE)")
    options.add_argument("--again", metavar="SCOPE", help="then ask for this scope too, with the same credential")
    args = options.parse_args()
    if args.token_file:
        # As on a host where the platform sets it: the credential finds the file by its environment.
        os.environ["AZURE_FEDERATED_TOKEN_FILE"] = args.token_file
    credential = WorkloadIdentityCredential(tenant_id=args.tenant, client_id=args.client_id, authority=args.authority)
    try:
        for scope in filter(None, [args.scope, args.again]):
            token = credential.get_token(scope)
    except ClientAuthenticationError as error:
        azure_verdict.refused(error)
    azure_verdict.granted("workload-identity", token)


if __name__ == "__main__":
    main()
