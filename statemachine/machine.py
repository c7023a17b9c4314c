"""Reads an Amazon States Language file as regions of states and the transitions between them."""

import json
from dataclasses import dataclass, field


@dataclass
class Transition:
    """A transition between two states of a region. `kind`: next, choice, default or catch."""

    source: str
    target: str
    kind: str
    label: str = ""


@dataclass
class State:
    """One state. `regions` are the branches of a Parallel."""

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
        """The function that a Task calls, from its placeholder: ${DetectLabelsFunctionArn} → detect-labels."""
        placeholder = self.definition.get("Arguments", {}).get("FunctionName", "")
        name = placeholder.removeprefix("${").removesuffix("FunctionArn}")
        return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")

    @property
    def waits(self):
        """Whether the Task waits for a task token."""
        return self.definition.get("Resource", "").endswith(".waitForTaskToken")


@dataclass
class Region:
    """The states of the whole machine, or of one branch of a Parallel."""

    start: str
    states: dict
    transitions: list

    def __iter__(self):
        """All states in the order of the file; a Parallel comes before the states in its branches."""
        for state in self.states.values():
            yield state
            for region in state.regions:
                yield from region


def read(path):
    """The machine in the file at `path`."""
    return _region(json.loads(path.read_text("utf-8")))


def _region(definition):
    states = {name: State(name, body, [_region(branch) for branch in body.get("Branches", [])]) for name, body in definition["States"].items()}
    return Region(definition["StartAt"], states, [transition for state in states.values() for transition in _transitions(state)])


def _transitions(state):
    body, name = state.definition, state.name
    if state.kind == "Choice":
        rules = [Transition(name, rule["Next"], "choice", "yes") for rule in body["Choices"]]
        return rules + [Transition(name, body["Default"], "default", "no")]
    caught = [Transition(name, catcher["Next"], "catch", ", ".join(catcher["ErrorEquals"])) for catcher in body.get("Catch", [])]
    return ([Transition(name, body["Next"], "next")] if "Next" in body else []) + caught
