"""Draws a plan as SVG."""

from xml.sax.saxutils import escape

from layout import CHARACTER, LANE, LINE, PADDING, skips_a_row

MARGIN = 24
START = 34
# Fill and border of each type of state.
COLOURS = {
    "Task": ("#e8f1fd", "#2f6db5"),
    "Choice": ("#fff6df", "#b98a14"),
    "Pass": ("#f3f3f3", "#8a8a8a"),
    "Succeed": ("#e7f6ea", "#2e8b45"),
    "Parallel": ("#fbfbff", "#7a7fb5"),
}
CATCH, FLOW, TEXT = "#c0392b", "#44505c", "#1d242b"


def svg(plan, title):
    """The SVG document."""
    below = max(plan.boxes.values(), key=lambda box: box.bottom)
    width, height = plan.width + 2 * MARGIN, below.bottom + 2 * MARGIN + START + 24
    body = _region(plan, MARGIN, MARGIN + START) + _ends(plan, MARGIN, MARGIN + START)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img"'
        ' font-family="system-ui, -apple-system, \'Segoe UI\', \'DejaVu Sans\', sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        "<defs>", *(_arrowhead(name, colour) for name, colour in (("flow", FLOW), ("catch", CATCH))), "</defs>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        *body,
        "</svg>",
        "",
    ])


def _arrowhead(name, colour):
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0,0.5 L8,4 L0,7.5 z" fill="{colour}"/></marker>'
    )


def _region(plan, x, y):
    drawn = [line for box in plan.boxes.values() for line in _state(box, x, y)]
    skipping = [transition for transition in plan.region.transitions if transition.kind != "catch" and skips_a_row(transition, plan.ranks, plan.apart)]
    for transition in plan.region.transitions:
        source, target = plan.boxes[transition.source], plan.boxes[transition.target]
        if transition.kind == "catch":
            drawn += _caught(plan, transition, source, target, x, y)
        elif transition in skipping:
            drawn += _round_the_left(transition, source, target, x, y, skipping.index(transition), len(skipping))
        else:
            drawn += _down(transition, source, target, x, y)
    return drawn


def _state(box, x, y):
    fill, border = COLOURS[box.state.kind]
    left, top = x + box.x, y + box.y
    radius = {"Choice": 15, "Succeed": 15}.get(box.state.kind, 5)
    dash = ' stroke-dasharray="4 3"' if box.state.kind == "Pass" else ""
    lines = [f'<g><title>{escape(box.state.comment)}</title>',
             f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius}" fill="{fill}" stroke="{border}"{dash}/>']
    if box.inside:
        lines.append(_text(left + PADDING, top + 24, box.state.name, 'font-weight="600"'))
        for branch, plan in box.inside:
            lines.append(f'<rect x="{left + branch.x:.1f}" y="{top + branch.y:.1f}" width="{branch.width:.1f}" height="{branch.height:.1f}" rx="4" fill="#ffffff" stroke="#c9cbe3" stroke-dasharray="2 3"/>')
            lines += _region(plan, left + branch.x + PADDING, top + branch.y + PADDING)
    else:
        middle, first = left + box.width / 2, top + PADDING / 2 + 13
        lines.append(_text(middle, first, box.state.name, 'text-anchor="middle" font-weight="600"'))
        if box.state.function:
            lines.append(_text(middle, first + LINE, box.state.function, f'text-anchor="middle" font-size="11.5" fill="{border}"'))
    return [*lines, "</g>"]


def _down(transition, source, target, x, y):
    """A line from the bottom of the source to the top of the target, with a bend if they are not above each other."""
    if target.right < source.x or target.x > source.right or abs(source.middle - target.middle) > 1:
        if target.bottom <= source.y or source.bottom > target.y or target.right < source.x:
            # From a state at the right back to the main column.
            entry = target.y + target.height * 0.3
            return [_path(f"M{x + source.middle:.1f},{y + source.bottom:.1f} V{y + entry:.1f} H{x + target.right:.1f}", transition)]
        bend = (source.bottom + target.y) / 2
        points = f"M{x + source.middle:.1f},{y + source.bottom:.1f} V{y + bend:.1f} H{x + target.middle:.1f} V{y + target.y:.1f}"
        outwards = -1 if target.middle < source.middle else 1
        place = x + target.middle + outwards * 6
        return [_path(points, transition), _label(place, y + target.y - 8, transition, "end" if outwards < 0 else "start")]
    return [_path(f"M{x + source.middle:.1f},{y + source.bottom:.1f} V{y + target.y:.1f}", transition), _label(x + source.middle + 7, y + source.bottom + 17, transition, "start")]


def _round_the_left(transition, source, target, x, y, place, many):
    """A line through a lane at the left. The first transition takes the outermost lane and ends lowest, so that no lines cross."""
    lane, out, into = x + LANE * (place + 0.5), y + source.y + source.height / 2, y + target.y + target.height * (many - place) / (many + 1)
    points = f"M{x + source.x:.1f},{out:.1f} H{lane:.1f} V{into:.1f} H{x + target.x:.1f}"
    return [_path(points, transition), _label(x + source.x - 7, out - 5, transition, "end")]


def _caught(plan, transition, source, target, x, y):
    """A line from the right side of the source, at its own height, to the left side of the target."""
    siblings = [other for other in plan.region.transitions if other.source == transition.source and other.kind == "catch"]
    siblings.sort(key=lambda other: plan.boxes[other.target].y)
    place, entering = siblings.index(transition), [other for other in plan.region.transitions if other.target == transition.target and other.kind == "catch"]
    out = y + source.y + min(source.height, 46) * (place + 1 if len(siblings) > 1 else 2) / (max(len(siblings), 2) + 1)
    into = y + target.y + target.height * (len(entering) - entering.index(transition)) / (len(entering) + 1)
    bend = x + target.x - 14 - 12 * place
    points = f"M{x + source.right:.1f},{out:.1f} H{bend:.1f} V{into:.1f} H{x + target.x:.1f}"
    above = place < len(siblings) - 1
    return [_path(points, transition), _label(x + source.right + 8, out + (-5 if above else 14), transition, "start")]


def _ends(plan, x, y):
    """The dots at the start and at each state that ends the machine."""
    start = plan.boxes[plan.region.start]
    top = y + start.y
    drawn = [f'<circle cx="{x + start.middle:.1f}" cy="{top - START + 8:.1f}" r="6" fill="{FLOW}"/>',
             f'<path d="M{x + start.middle:.1f},{top - START + 14:.1f} V{top:.1f}" stroke="{FLOW}" fill="none" marker-end="url(#flow)"/>']
    for box in plan.boxes.values():
        if box.state.definition.get("End"):
            end = y + box.bottom + 26
            drawn += [f'<path d="M{x + box.middle:.1f},{y + box.bottom:.1f} V{end:.1f}" stroke="{FLOW}" fill="none" marker-end="url(#flow)"/>',
                      f'<circle cx="{x + box.middle:.1f}" cy="{end + 8:.1f}" r="8" fill="none" stroke="{FLOW}"/>',
                      f'<circle cx="{x + box.middle:.1f}" cy="{end + 8:.1f}" r="4.5" fill="{FLOW}"/>']
    return drawn


def _path(points, transition):
    colour, marker, dash = (CATCH, "catch", ' stroke-dasharray="5 3"') if transition.kind == "catch" else (FLOW, "flow", "")
    return f'<path d="{points}" fill="none" stroke="{colour}" stroke-width="1.3"{dash} stroke-linejoin="round" marker-end="url(#{marker})"/>'


def _label(x, y, transition, anchor):
    colour = CATCH if transition.kind == "catch" else FLOW
    return _text(x, y, transition.label, f'text-anchor="{anchor}" font-size="11.5" fill="{colour}"') if transition.label else ""


def _text(x, y, text, attributes):
    fill = "" if "fill=" in attributes else f' fill="{TEXT}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}{fill}>{escape(text)}</text>'
