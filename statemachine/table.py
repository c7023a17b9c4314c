"""The table of the README: state → function → errors → retry → where it goes on."""

import re

PLATFORM = "Lambda.ServiceException"


def table(region, functions):
    """Markdown. `functions`: the folder of the crates, whose documentation names the errors."""
    rows = [_row(state, functions) for state in region]
    head = ["| state | function | errors of its own | retried | goes on to |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows, "", _platform(region)])


def _row(state, functions):
    return f"| `{state.name}` | {_function(state)} | {_errors(state, functions)} | {_retries(state)} | {_next(state)} |"


def _function(state):
    if state.kind == "Task":
        return f"{state.function}{', then waits for a token' if state.waits else ''}"
    return f"({state.kind})"


def _errors(state, functions):
    return errors_of(functions / state.function) if state.kind == "Task" else ""


def errors_of(crate):
    """What a function's own documentation says of its errors, in its words: `Errors: …`, up to the full stop at a line's end."""
    text = " ".join(re.findall(r"^//! ?(.*)$", (crate / "src" / "lib.rs").read_text("utf-8"), re.MULTILINE))
    said = re.search(r"Errors: ((?:[^.]|\.(?! |$))+)", text)
    if not said:
        raise SystemExit(f"{crate}/src/lib.rs does not say `Errors: …`, which the table needs.")
    return said.group(1).strip()


def _retries(state):
    return "; ".join(_retry(retrier) for retrier in state.definition.get("Retry", []))


def _retry(retrier):
    names = retrier["ErrorEquals"]
    if PLATFORM in names:
        said = "the platform's" if "States.Timeout" in names else "the platform's but `States.Timeout`"
    else:
        said = ", ".join(f"`{name}`" for name in names)
    return f"{said} {retrier['MaxAttempts']}×, {retrier['IntervalSeconds']}–{retrier['MaxDelaySeconds']} s"


def _next(state):
    body = state.definition
    if state.kind == "Choice":
        rules = [f"`{rule['Next']}` if `{rule['Condition'].strip('{% }')}`" for rule in body["Choices"]]
        return f"{', '.join(rules)}; else `{body['Default']}`"
    way = f"`{body['Next']}`" if "Next" in body else "(end)"
    caught = [f"on {', '.join(f'`{name}`' for name in catcher['ErrorEquals'])} `{catcher['Next']}`" for catcher in body.get("Catch", [])]
    return "; ".join([way, *caught])


def _platform(region):
    retriers = [retrier for state in region for retrier in state.definition.get("Retry", [])]
    names = max((retrier["ErrorEquals"] for retrier in retriers if PLATFORM in retrier["ErrorEquals"]), key=len)
    return f"The platform's: {', '.join(f'`{name}`' for name in names)}."
