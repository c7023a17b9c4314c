"""Puts the CDK app into the running local AWS, unless just this is in it already."""

import hashlib
import json

import environment
import notes
import places
from errors import StackError

# Stage name → settings file. The second is for tests: it watches, flags and times out where the defaults don't.
DEFAULT_STAGE = {"sightline": None}
TEST_STAGE = {"sightline-strict": places.ROOT / "tests" / "settings" / "strict.json"}

CDK_COMMAND = places.CDK / "node_modules" / ".bin" / "cdk"


def bootstrap(step):
    """A step: what CDK needs in an account before its first deployment."""
    if notes.read("bootstrap"):
        return "unchanged"
    # Not in cdk/: there it would synthesise the app first, which needs the zips.
    _folder().mkdir(parents=True, exist_ok=True)
    step.run([CDK_COMMAND, "bootstrap", f"aws://{places.ACCOUNT}/{places.REGION}"], cwd=_folder(), env=environment.for_cdk())
    notes.write("bootstrap", "done")
    return "done"


def deploy(name, settings):
    """A step that deploys one stage."""
    return lambda step: "deployed" if _deploy(step, name, settings) else "unchanged"


def write_outputs(stages):
    """A step: what the stages' stacks are made of, in one file."""

    def do(_):
        outputs = {}
        for name in stages:
            outputs |= json.loads(_outputs(name).read_text())
        _write(places.OUTPUTS, json.dumps(outputs, indent=2) + "\n")
        return str(places.OUTPUTS.relative_to(places.ROOT))

    return do


def deployed():
    """The stages that the running emulator holds."""
    return [name for name in DEFAULT_STAGE | TEST_STAGE if notes.read(name)]


def _deploy(step, name, settings):
    wanted = _digest(settings)
    if notes.read(name) == wanted and _outputs(name).exists():
        return False
    if settings and not settings.exists():
        raise StackError(f"The settings of stage {name} are missing: {settings}.")
    context = ["-c", "environment=local", "-c", f"name={name}", *(["-c", f"settings={settings}"] if settings else [])]
    step.run(
        [CDK_COMMAND, "deploy", "--all", *context, "--require-approval", "never", "--progress", "events", "--output", _folder() / f"{name}.cdk.out", "--outputs-file", _outputs(name)],
        cwd=places.CDK, env=environment.for_cdk(),
    )
    notes.write(name, wanted)
    return True


def _digest(settings):
    """Changes with all that the templates and their assets are made of."""
    sources = [*sorted(places.STATE_MACHINES.glob("*.asl.json")), places.CDK / "cdk.json", places.CDK / "package-lock.json"]
    for folder, pattern in ((places.CDK / "bin", "**/*.ts"), (places.CDK / "lib", "**/*"), (places.ZIPS, "*.zip")):
        sources += sorted(path for path in folder.glob(pattern) if path.is_file())
    digest = hashlib.sha256()
    for source in [*sources, *([settings] if settings else [])]:
        digest.update(str(source).encode())
        digest.update(hashlib.sha256(source.read_bytes()).digest() if source.exists() else b"absent")
    return digest.hexdigest()


def _folder():
    return places.state() / "deployed"


def _outputs(name):
    return _folder() / f"{name}.outputs.json"


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(path)
