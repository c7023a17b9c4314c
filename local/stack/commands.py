"""The commands of the launcher; each returns its exit code."""

import contextlib
import fcntl
import shutil
import subprocess
import sys
import time
from pathlib import Path

import build
import config
import deployment
import doctor
import servers
import web
from config import StackError
from steps import Step, perform

PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
# Exit codes of `sightline upload` if all, or some, images were rejected or failed.
ALL_FAILED = 1
PARTLY_DONE = 3

NEXT_COMMANDS = {
    'eval "$(make -s env)"': "points this shell at the local stack",
    "{sightline} show IMAGE_ID": "shows the record of an image",
    "{sightline} find cup": "finds every photo with a cup",
    "{sightline} executions list": "lists the executions of the state machine",
    "make demo PHOTOS=some/folder": "analyses your own photos",
    "make down": "stops the stack and keeps its state",
}


def check_machine(_):
    """Prints what this machine has and lacks."""
    findings = doctor.examine()
    for finding in findings:
        print(doctor.format_finding(finding))
    return 1 if doctor.missing(findings) else 0


def fetch_models(_):
    """Fetches the models, and the packages that convert them."""
    with _stack_lock():
        perform([Step("python packages", build.python_packages), Step("models", build.models, after=["python packages"])])
    return 0


def up(arguments):
    """Builds, starts and deploys everything that is not up to date."""
    started = time.monotonic()
    _require_tools()
    with _stack_lock():
        perform(_steps(for_tests=arguments.for_tests))
    print(f"The local stack is up ({time.monotonic() - started:.0f} s). The page: {web.address()}", file=sys.stderr)
    if not getattr(arguments, "is_demo", False):
        _print_accounts()
    return 0


def develop_page(_):
    """Serves the page from its sources against the running stack, and reloads it when they change, until Ctrl-C."""
    if not _answers():
        raise StackError("The local stack does not run: start it with `make up`, then run `make web` again.")
    env = config.client_environment() | {"SIGHTLINE_FRONT_DOOR": web.address(), config.VITE_PORT_VARIABLE: str(config.vite_port())}
    print(f"The page, with changes at once: http://{config.HOST}:{config.vite_port()}", file=sys.stderr)
    _print_accounts()
    return subprocess.run(["npm", "run", "--silent", "dev", "--", "--host", config.HOST], cwd=config.WEB, env=env).returncode


def demo(arguments):
    """Brings the stack up and analyses photos."""
    photos = _photos(arguments.photos)
    arguments.for_tests = False
    arguments.is_demo = True
    up(arguments)
    return _analyse(photos, are_samples=not arguments.photos)


def down(arguments):
    """Stops the servers; with --forget, deletes the state of the local AWS, of all ports that it has used."""
    with _stack_lock():
        # Rekognition first: functions can still store the answers of its last calls, so that these are not repeated.
        stopped = [server.name for server in (servers.front_door(), servers.rekognition(), servers.aws()) if server.process.stop()]
        forgotten = list(config.LOCAL.glob(config.STATE_FOLDERS)) if arguments.forget else []
        for folder in forgotten:
            shutil.rmtree(folder)
    print(f"Stopped {', '.join(stopped)}." if stopped else "The local stack was not running.", file=sys.stderr)
    if arguments.forget:
        print("Deleted its images, records and deployments." if forgotten else "It had no state to delete.", file=sys.stderr)
    return 0


def status(_):
    """Prints the state of the servers and the deployed stages; exit code 1 unless everything is up."""
    is_up = True
    for server in (servers.aws(), servers.rekognition(), servers.front_door()):
        is_up = is_up and server.is_up()
        print(f"{server.name:<18} {server.state()}")
    stages = deployment.deployed_stages() if servers.aws().is_up() else {}
    print(f"{'deployed':<18} {', '.join(stages) or 'nothing'}")
    if _answers():
        print(f"{'page':<18} {web.address()}")
    return 0 if is_up and stages else 1


def env(_):
    """Prints the shell commands that point a shell at the stack and, while it is up, at the photos of the demo."""
    print("\n".join(config.shell_lines(web.owner_of_demo() if _answers() else None)))
    return 0


def _answers():
    """Whether the page and the local AWS behind it answer."""
    return servers.front_door().is_up() and servers.aws().is_up()


def _photos(folder):
    """All files of the folder and its subfolders, so that the demo also shows how other files are rejected; by default the samples."""
    if not folder:
        return sorted(path for path in config.SAMPLES.iterdir() if path.suffix in PHOTO_SUFFIXES)
    try:
        root = Path(folder).resolve()
        next(root.iterdir(), None)  # rglob finds nothing in what is not a folder
        found = sorted(path for path in root.rglob("*") if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts))
    except OSError as error:
        raise StackError(f"PHOTOS must be a folder of photos, but {folder}: {error.strerror}.") from None
    if not found:
        raise StackError(f"PHOTOS must be a folder of photos, but {folder} contains no files.")
    return found


def _analyse(photos, are_samples):
    """Uploads the photos, waits for their records, and prints what to try next."""
    sightline = config.binary("sightline")
    code = subprocess.run([sightline, "upload", "--owner", web.owner_of_demo(), "--wait", *map(_as_typed, photos)], env=config.client_environment()).returncode
    if code == PARTLY_DONE and are_samples:
        print("\n(cut-off.jpg is a truncated file: it must be rejected.)", file=sys.stderr)
    elif code == ALL_FAILED and not are_samples:
        print("\n(No photo was accepted; the table says why.)", file=sys.stderr)
    elif code not in (0, PARTLY_DONE):
        raise StackError(f"`sightline upload` failed with exit code {code}; the logs of the servers are in {config.LOGS}.")
    print(f"\nThe stack is still running. The page: {web.address()}\n", file=sys.stderr)
    _print_accounts()
    print("\nTry:\n", file=sys.stderr)
    for command, effect in NEXT_COMMANDS.items():
        print(f"    {command.format(sightline=_as_typed(sightline)):<40}  # {effect}", file=sys.stderr)
    return 0


def _print_accounts():
    print("\n".join(web.account_lines()), file=sys.stderr)


def _as_typed(path):
    """The path relative to the current folder, if it is below it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _steps(for_tests):
    stages = deployment.DEFAULT_STAGE | (deployment.TEST_STAGE if for_tests else {})
    return [
        Step("python packages", build.python_packages),
        Step("node packages", build.node_packages(config.CDK)),
        Step("packages of the page", build.node_packages(config.WEB)),
        *([Step("packages of the journeys", build.node_packages(config.WEB / "e2e")), Step("browser", build.browser)] if for_tests else []),
        Step("page", build.page, after=["packages of the page"]),
        Step("build", build.programs_and_tests if for_tests else build.programs),
        Step("models", build.models, after=["python packages"]),
        Step("zips", build.zips, after=["build"]),
        Step("local AWS", servers.start_aws, after=["python packages"]),
        Step("cdk bootstrap", deployment.bootstrap, after=["local AWS", "node packages"]),
        Step("local Rekognition", servers.start_rekognition, after=["models", "build"]),
        *(Step(f"stage {name}", deployment.deploy(name, settings), after=["cdk bootstrap", "zips"]) for name, settings in stages.items()),
        Step("outputs", deployment.write_outputs(stages), after=[f"stage {name}" for name in stages]),
        Step("accounts", web.create_accounts(stages), after=["outputs"]),
        Step("addresses", web.write_front_doors(stages), after=["outputs"]),
        Step("front door", web.start_front_door, after=["addresses", "page"]),
        Step("save", servers.save_aws, after=["accounts"]),
    ]


def _require_tools():
    missing = doctor.missing(doctor.examine(), for_tests=False)
    if missing:
        raise StackError("\n".join(doctor.format_finding(finding) for finding in missing))


@contextlib.contextmanager
def _stack_lock():
    """Lets only one command work on the stack; a second one waits."""
    config.LOCAL.mkdir(parents=True, exist_ok=True)
    with (config.LOCAL / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another command that works on the local stack.", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
