"""The commands, one function each; each returns its exit code."""

import contextlib
import fcntl
import shutil
import sys
import time

import build
import demonstration
import deployment
import doctor as physician
import environment
import places
import servers
from errors import StackError
from steps import Step, perform


def doctor(_):
    """Prints every finding."""
    findings = physician.examine()
    for finding in findings:
        print(physician.line(finding))
    return 1 if physician.missing(findings) else 0


def models(_):
    """Fetches the models, and what the conversion needs."""
    with _alone():
        perform([Step("python packages", build.python_packages), Step("models", build.models, after=["python packages"])])
    return 0


def up(arguments):
    """Brings up what is not yet up."""
    started = time.monotonic()
    _require_tools()
    with _alone():
        perform(_steps(for_tests=arguments.for_tests))
    print(f"The local stack is up ({time.monotonic() - started:.0f} s).", file=sys.stderr)
    return 0


def demo(arguments):
    """Up, then photos through it."""
    photos = demonstration.photos(arguments.photos)
    arguments.for_tests = False
    up(arguments)
    return demonstration.show(photos, own=bool(arguments.photos))


def down(arguments):
    """Stops both servers, and forgets what the local AWS held if that is asked for."""
    with _alone():
        stopped = [server.name for server in (servers.rekognition(), servers.aws()) if server.process.stop()]
        if arguments.forget:
            shutil.rmtree(places.state(), ignore_errors=True)
    print(f"Stopped {' and '.join(stopped)}." if stopped else "Nothing was running.", file=sys.stderr)
    return 0


def status(_):
    """Prints what runs; exit code 1 unless all of it is up."""
    up_and_well = True
    for server in (servers.aws(), servers.rekognition()):
        note = server.process.noted()
        well = bool(note) and server.healthy()
        up_and_well = up_and_well and well
        state = f"running on port {server.port}, PID {note['pid']}" if well else f"PID {note['pid']} does not answer on port {server.port}" if note else "not running"
        print(f"{server.name:<18} {state}")
    stages = deployment.deployed()
    print(f"{'deployed':<18} {', '.join(stages) or 'nothing'}")
    return 0 if up_and_well and stages else 1


def env(_):
    """Prints what a shell must export."""
    print("\n".join(environment.shell_lines()))
    return 0


def _steps(for_tests):
    stages = deployment.DEFAULT_STAGE | (deployment.TEST_STAGE if for_tests else {})
    return [
        Step("python packages", build.python_packages),
        Step("node packages", build.node_packages),
        Step("build", build.programs_and_tests if for_tests else build.programs),
        Step("models", build.models, after=["python packages"]),
        Step("zips", build.zips, after=["build"]),
        Step("local AWS", servers.start_aws, after=["python packages"]),
        Step("cdk bootstrap", deployment.bootstrap, after=["local AWS", "node packages"]),
        Step("local Rekognition", servers.start_rekognition, after=["models", "build"]),
        *(Step(f"stage {name}", deployment.deploy(name, settings), after=["cdk bootstrap", "zips"]) for name, settings in stages.items()),
        Step("outputs", deployment.write_outputs(stages), after=[f"stage {name}" for name in stages]),
        Step("save", servers.save_aws, after=["outputs"]),
    ]


def _require_tools():
    missing = physician.missing(physician.examine(), everything=False)
    if missing:
        raise StackError("\n".join(physician.line(finding) for finding in missing))


@contextlib.contextmanager
def _alone():
    """One launcher at a time; a second one waits."""
    places.LOCAL.mkdir(parents=True, exist_ok=True)
    with (places.LOCAL / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another command is at work on the local stack; waiting for it.", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
