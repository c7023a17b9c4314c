"""Reads the Amazon States Language file into regions of states and the ways between them."""

import json
from dataclasses import dataclass, field


@dataclass
class Way:
    """From one state to another of the same region. `kind`: next, choice, default or catch."""

    source: str
    target: str
    kind: str
    label: str = ""


@dataclass
class State:
    """One state. `regions`: the branches of a Parallel."""

    name: str
    definition: dict
    regions: list = field(default_factory=list)

    @property
    def kind(self):
        return self.definition["Type"]

    @property
    def comment(self):
        return self.definition.get("Comment", "")

    @property
    def function(self):
        """The crate of the function that a Task calls, from its placeholder: ${DetectLabelsFunctionArn} → detect-labels."""
        placeholder = self.definition.get("Arguments", {}).get("FunctionName", "")
        name = placeholder.removeprefix("${").removesuffix("FunctionArn}")
        return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")

    @property
    def waits(self):
        """Whether it waits for a task token."""
        return self.definition.get("Resource", "").endswith(".waitForTaskToken")


@dataclass
class Region:
    """States that lead to one another: the whole machine, or a branch."""

    start: str
    states: dict
    ways: list

    def __iter__(self):
        """All states, in the order of the file, each Parallel before what is in it."""
        for state in self.states.values():
            yield state
            for region in state.regions:
                yield from region


def read(path):
    """The machine at `path`."""
    return _region(json.loads(path.read_text("utf-8")))


def _region(definition):
    states = {name: State(name, body, [_region(branch) for branch in body.get("Branches", [])]) for name, body in definition["States"].items()}
    return Region(definition["StartAt"], states, [way for state in states.values() for way in _ways(state)])


def _ways(state):
    body, name = state.definition, state.name
    if state.kind == "Choice":
        ways = [Way(name, rule["Next"], "choice", "yes") for rule in body["Choices"]]
        return ways + [Way(name, body["Default"], "default", "no")]
    caught = [Way(name, catcher["Next"], "catch", ", ".join(catcher["ErrorEquals"])) for catcher in body.get("Catch", [])]
    return ([Way(name, body["Next"], "next")] if "Next" in body else []) + caught
