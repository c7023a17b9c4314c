"""The steps that deploy the CDK app to the running local AWS.

Parameters in the emulator's own SSM record what is deployed, so that a record exists exactly as long as the deployment.
"""

import hashlib
import json
import urllib.error
import urllib.request

import config
import servers
from config import StackError

# Stage name → settings file. The tests use the others. The strict one has more watched labels, a stricter moderation policy, shorter timeouts, few
# retries of throttling and no page; the tests of the page have their own stage.
DEFAULT_STAGE = {"sightline": None}
PAGE_STAGE = "sightline-page"
STRICT_STAGE = "sightline-strict"
TEST_STAGE = {STRICT_STAGE: config.ROOT / "tests" / "settings" / "strict.json", PAGE_STAGE: config.ROOT / "tests" / "settings" / "page.json"}

RECORDS = "/local-stack/"
CDK_COMMAND = config.CDK / "node_modules" / ".bin" / "cdk"


def bootstrap(step):
    """Step: creates the resources that the CDK needs before the first deployment."""
    if _read_record("bootstrap"):
        return "unchanged"
    # Not in cdk/, where the command would first synthesise the app, which needs the zips.
    _folder().mkdir(parents=True, exist_ok=True)
    step.run([CDK_COMMAND, "bootstrap", f"aws://{config.ACCOUNT}/{config.REGION}"], cwd=_folder(), env=config.cdk_environment())
    _write_record("bootstrap", "done")
    return "done"


def deploy(name, settings):
    """Returns the step that deploys one stage."""
    return lambda step: "deployed" if _deploy(step, name, settings) else "unchanged"


def write_outputs(stages):
    """Returns the step that writes the outputs of all stacks to one file."""

    def write(_):
        outputs = {}
        for name in stages:
            outputs |= json.loads(_outputs(name).read_text())
        _write_file(config.OUTPUTS, json.dumps(outputs, indent=2) + "\n")
        return str(config.OUTPUTS.relative_to(config.ROOT))

    return write


def deployed_stages():
    """The stages that are deployed to the running emulator."""
    return [name for name in DEFAULT_STAGE | TEST_STAGE if _read_record(name)]


def _deploy(step, name, settings):
    wanted = _digest(name, settings)
    if _read_record(name) == wanted and _outputs(name).exists():
        return False
    if settings and not settings.exists():
        raise StackError(f"The settings of stage {name} are missing: {settings}.")
    _write_file(_settings(name), json.dumps(_all_settings(name, settings), indent=2))
    environment = "test" if name == STRICT_STAGE else "local"
    context = ["-c", f"environment={environment}", "-c", f"name={name}", "-c", f"settings={_settings(name)}"]
    step.run(
        [CDK_COMMAND, "deploy", "--all", *context, "--require-approval", "never", "--progress", "events", "--output", _folder() / f"{name}.cdk.out", "--outputs-file", _outputs(name)],
        cwd=config.CDK, env=config.cdk_environment(),
    )
    _write_record(name, wanted)
    return True


def page_address(name):
    """The address at which a front door serves the page of a stage."""
    return f"http://{config.HOST}:{config.test_web_port() if name == PAGE_STAGE else config.web_port()}"


def _all_settings(name, settings):
    """The settings of a stage, with the address of its page."""
    known = json.loads(settings.read_text()) if settings else {}
    return known if known.get("web") is False else known | {"webOrigin": page_address(name)}


def _digest(name, settings):
    """A hash of everything that the templates and their assets depend on."""
    sources = [*sorted(config.STATE_MACHINES.glob("*.asl.json")), config.CDK / "cdk.json", config.CDK / "package-lock.json", config.WEB / "headers.json"]
    for folder, pattern in ((config.CDK / "bin", "**/*.ts"), (config.CDK / "lib", "**/*"), (config.CDK / "edge", "*.js"), (config.ZIPS, "*.zip")):
        sources += sorted(path for path in folder.glob(pattern) if path.is_file())
    digest = hashlib.sha256(page_address(name).encode())
    for source in [*sources, *([settings] if settings else [])]:
        digest.update(str(source).encode())
        digest.update(hashlib.sha256(source.read_bytes()).digest() if source.exists() else b"absent")
    return digest.hexdigest()


def _folder():
    return config.state_folder() / "deployed"


def _settings(name):
    return _folder() / f"{name}.settings.json"


def outputs_of(name):
    """The outputs of the stacks of a stage, by stack."""
    return json.loads(_outputs(name).read_text())


def _outputs(name):
    return _folder() / f"{name}.outputs.json"


def _write_file(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(path)


def _read_record(name):
    """The record of this name; None if there is none or the emulator does not run."""
    try:
        return call_aws("ssm", "AmazonSSM.GetParameter", {"Name": RECORDS + name})["Parameter"]["Value"]
    except (urllib.error.URLError, OSError):
        return None


def _write_record(name, text):
    try:
        call_aws("ssm", "AmazonSSM.PutParameter", {"Name": RECORDS + name, "Value": text, "Type": "String", "Overwrite": True})
    except (urllib.error.URLError, OSError) as error:
        raise StackError(f"The local AWS could not record the deployment ({error}). Its log: {servers.aws().process.log}") from None


def call_aws(service, target, body):
    """Calls one of the local AWS's services that speak JSON; `target` is the name of the operation in their header."""
    request = urllib.request.Request(
        config.endpoints()["AWS_ENDPOINT_URL"],
        json.dumps(body).encode(),
        {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": target,
            # The emulator does not check the signature, but reads account and region from this header.
            "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{config.REGION}/{service}/aws4_request, SignedHeaders=host, Signature=none",
        },
    )
    with servers.LOOPBACK.open(request, timeout=10) as answer:
        return json.load(answer)
