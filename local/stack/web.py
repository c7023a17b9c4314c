"""The page of the local stack: its accounts, and the front door that serves it."""

import json
import os
import urllib.error

import config
import deployment
import servers
from config import StackError

FRONT_DOOR = config.ROOT / "local" / "front-door" / "front-door.mjs"

# The accounts of the local stack. Their passwords are not secret: the stack answers only on this machine.
ANN = "ann@example.com"
ACCOUNTS = {
    ANN: {"password": "ann likes photos", "groups": [], "what": "owns the photos of the demo"},
    "olga@example.com": {"password": "olga runs the stack", "groups": ["reviewers", "operators"], "what": "reviews photos and redrives failures"},
}


def create_accounts(stages):
    """Returns the step that creates the accounts in each stage that has a page."""

    def create(_):
        created = [email for name in stages if (pool := _pool(name)) for email, account in ACCOUNTS.items() if _create_account(pool, email, account)]
        return f"{len(created)} created" if created else "unchanged"

    return create


def _pool(name):
    return deployment.outputs_of(name)[f"{name}-stateful"].get("UserPoolId")


def _create_account(pool, email, account):
    """Creates an account with a permanent password; returns whether it was missing."""
    who = {"UserPoolId": pool, "Username": email}
    try:
        attributes = {"email": email, "email_verified": "true"}
        _call("AdminCreateUser", who | {"MessageAction": "SUPPRESS", "UserAttributes": [{"Name": name, "Value": value} for name, value in attributes.items()]})
    except urllib.error.HTTPError as error:
        if "UsernameExistsException" in error.read().decode("utf-8", "replace"):
            return False
        raise StackError(f"The account {email} could not be created ({error}). The log of the local AWS: {servers.aws().process.log}") from None
    _call("AdminSetUserPassword", who | {"Password": account["password"], "Permanent": True})
    for group in account["groups"]:
        _call("AdminAddUserToGroup", who | {"GroupName": group})
    return True


def owner_of_demo():
    """The `sub` of ann, which owns the images that she sees."""
    (name,) = deployment.DEFAULT_STAGE
    attributes = _call("AdminGetUser", {"UserPoolId": _pool(name), "Username": ANN})["UserAttributes"]
    return next(attribute["Value"] for attribute in attributes if attribute["Name"] == "sub")


def _call(operation, body):
    return deployment.call_aws("cognito-idp", f"AWSCognitoIdentityProviderService.{operation}", body)


def write_front_doors(stages):
    """Returns the step that writes the file of a front door for each stage that has a page."""

    def write(_):
        for name in stages:
            if _pool(name):
                _write_private(front_door_file(name), json.dumps(_front_door(name), indent=2) + "\n")
        return ""

    return write


def front_door_file(name):
    """The file that tells a front door what it serves. It has the secret of the picture links."""
    return config.LOCAL / f"front-door-{name}.json"


def _front_door(name):
    stateful, web = (deployment.outputs_of(name)[f"{name}-{stack}"] for stack in ("stateful", "web"))
    aws = config.endpoints()["AWS_ENDPOINT_URL"]
    secret = deployment.call_aws("secretsmanager", "secretsmanager.GetSecretValue", {"SecretId": stateful["MediaSecretArn"]})["SecretString"]
    page = json.loads(web["PageConfig"])
    return {
        "port": config.test_web_port() if name == deployment.PAGE_STAGE else config.web_port(),
        "site": str(config.WEB / "dist"),
        "headers": str(config.WEB / "headers.json"),
        "edge": str(config.CDK / "edge"),
        "aws": aws,
        "origins": {"UploadOrigin": aws, "SignInOrigin": aws, "IssuerOrigin": aws},
        "apiId": web["ApiId"],
        "bucket": stateful["ImagesBucketName"],
        "mediaSecret": secret,
        # Cognito's addresses on this machine; the issuer stays AWS's own, because the tokens name it.
        "page": page | {"accounts": f"{aws}/", "authorize": f"{aws}/oauth2/authorize", "token": f"{aws}/oauth2/token", "logout": f"{aws}/logout"},
        "userPoolId": stateful["UserPoolId"],
    }


def _write_private(path, text):
    partial = path.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    partial.replace(path)


def start_front_door(step):
    """Step: starts the front door of the default stage."""
    (name,) = deployment.DEFAULT_STAGE
    file = front_door_file(name)
    # The content is part of the environment, so that the front door restarts when it changes.
    env = config.server_environment() | {"FRONT_DOOR": file.read_text() + (config.WEB / "headers.json").read_text()}
    node = "node"
    return servers.front_door().ensure(step, [node, FRONT_DOOR, file], env, FRONT_DOOR)


def address():
    """The address of the page."""
    return f"http://{config.HOST}:{config.web_port()}"


def account_lines():
    """The accounts, as text for the terminal."""
    width = max(len(account["password"]) for account in ACCOUNTS.values())
    return [f"    {email:<18} {account['password']:<{width}}   # {account['what']}" for email, account in ACCOUNTS.items()]
