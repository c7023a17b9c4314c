"""Computes the position of every state: its row is the longest path from the start; states that only errors reach are at the right."""

from dataclasses import dataclass

CHARACTER, LINE, PADDING = 7.6, 17, 14
ROW_GAP, COLUMN_GAP, LANE = 40, 26, 22
TITLE = 40
ERROR_GAP = 200


@dataclass
class Box:
    """The position of a state, or of a branch inside a Parallel (then `state` is None)."""

    x: float
    y: float
    width: float
    height: float
    state: object = None
    inside: object = None

    @property
    def middle(self):
        return self.x + self.width / 2

    @property
    def right(self):
        return self.x + self.width

    @property
    def bottom(self):
        return self.y + self.height


@dataclass
class Plan:
    """A region with the positions of its states, relative to its corner. `lanes` is the width at the left for transitions that skip rows; `apart` has the states that only errors reach."""

    region: object
    boxes: dict
    ranks: dict
    apart: set
    lanes: float
    width: float = 0
    height: float = 0


def plan(region):
    """The positions of all states of a region, including its branches."""
    ranks = _ranks(region)
    apart = set(region.states) - _reached(region, {"next", "choice", "default"})
    skips = [transition for transition in region.transitions if transition.kind != "catch" and skips_a_row(transition, ranks, apart)]
    made = Plan(region, {}, ranks, apart, LANE * (len(skips) + 0.5) if skips else 0)
    sizes = {name: _size(state) for name, state in region.states.items()}
    rows = [[name for name in region.states if ranks[name] == rank] for rank in range(max(ranks.values()) + 1)]
    main = max(sum(sizes[name][0] for name in _kept(row, apart)) + COLUMN_GAP * max(len(_kept(row, apart)) - 1, 0) for row in rows)
    aside = max((sizes[name][0] for name in apart), default=0)
    y = 0
    for row in rows:
        kept = _kept(row, apart)
        x = made.lanes + (main - sum(sizes[name][0] for name in kept) - COLUMN_GAP * (len(kept) - 1)) / 2
        for name in kept:
            x = _put(made, region.states[name], sizes[name], x, y) + COLUMN_GAP
        below = y
        for name in row:
            if name in apart:
                _put(made, region.states[name], sizes[name], made.lanes + main + ERROR_GAP + (aside - sizes[name][0]) / 2, below)
                below += sizes[name][1] + ROW_GAP
        y = max([y + sizes[name][1] + ROW_GAP for name in kept] + [below])
    made.width = max(box.right for box in made.boxes.values())
    made.height = max(box.bottom for box in made.boxes.values())
    return made


def skips_a_row(transition, ranks, apart):
    """Whether other states are between the two ends."""
    between = range(ranks[transition.source] + 1, ranks[transition.target])
    return transition.source not in apart and any(rank in between for name, rank in ranks.items() if name not in apart)


def _put(made, state, size, x, y):
    (width, height, inside) = size
    made.boxes[state.name] = Box(x, y, width, height, state, inside)
    return x + width


def _kept(row, apart):
    return [name for name in row if name not in apart]


def _size(state):
    if not state.regions:
        lines = [state.name, state.function]
        return max(len(line) for line in lines) * CHARACTER + 2 * PADDING, LINE * (2 if state.function else 1) + PADDING, []
    plans = [plan(region) for region in state.regions]
    x, inside = PADDING, []
    for branch in plans:
        width = branch.width + 2 * PADDING
        inside.append((Box(x, TITLE, width, 0), branch))
        x += width + PADDING
    height = max(branch.height for branch in plans) + 2 * PADDING
    for box, _ in inside:
        box.height = height
    return max(x, len(state.name) * CHARACTER + 2 * PADDING), TITLE + height + PADDING, inside


def _ranks(region):
    ranks = {}

    def visit(name, rank):
        if ranks.get(name, -1) < rank:
            ranks[name] = rank
            for transition in region.transitions:
                if transition.source == name:
                    visit(transition.target, rank + 1)

    visit(region.start, 0)
    return ranks


def _reached(region, kinds):
    reached, waiting = set(), [region.start]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [transition.target for transition in region.transitions if transition.source == name and transition.kind in kinds]
    return reached
