"""The printed table."""


def text(scores, milliseconds, megabytes):
    """All figures, one per line. `milliseconds` has elapsed and CPU time per operation."""
    rows = []
    for threshold, hits in scores.labels.items():
        if hits.f1() is not None:
            rows.append((f"labels at {threshold}", f"F1 {_part(hits.f1())}, precision {_part(hits.precision())}, recall {_part(hits.recall())}"))
    rows += _bins("label confidence", scores.label_bins, scores.label_bins_right)
    all_faces, stored = scores.faces.values()
    if all_faces.right + all_faces.missed:
        rows.append(("faces found", f"{_part(all_faces.recall())} of {all_faces.right + all_faces.missed}, {all_faces.wrong} false"))
        rows.append(("faces stored, at 80", f"{_part(stored.recall())}, {stored.wrong} false"))
    elif all_faces.wrong:
        rows.append(("faces", f"{all_faces.wrong} false, {stored.wrong} of them at 80"))
    rows += _bins("face confidence", scores.face_bins, scores.face_bins_right)
    if scores.with_text:
        rows.append(("photos with text that are skipped", f"{scores.text_skipped} of {scores.with_text}"))
        rows.append(("characters read wrongly", f"{_percent(scores.text_errors, scores.text_characters)} of {scores.text_characters}"))
    if scores.without_text:
        rows.append(("needless calls of DetectText", f"{scores.text_needless} of {scores.without_text} photos without text"))
    if scores.harmless:
        names = f": {', '.join(scores.flagged)}" if scores.flagged else ""
        rows.append(("harmless photos that are flagged", f"{len(scores.flagged)} of {scores.harmless}{names}"))
    rows += [(operation, f"{elapsed:.0f} ms, {cpu:.0f} ms of CPU") for operation, (elapsed, cpu) in milliseconds.items()]
    rows.append(("all four", f"{sum(e for e, _ in milliseconds.values()):.0f} ms, {sum(c for _, c in milliseconds.values()):.0f} ms of CPU"))
    rows.append(("peak memory", f"{megabytes} MB"))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _bins(name, total, right):
    return [(f"{name} {low}–{low + 10}", f"right in {_percent(right[low], total[low])} of {total[low]}") for low in sorted(total) if low >= 40]


def _percent(part, whole):
    return f"{100 * part / whole:.1f} %"


def _part(value):
    return "–" if value is None else f"{value:.3f}"
