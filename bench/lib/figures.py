"""Figures: their median, their table, their JSON."""

import json
import statistics


def median(values):
    """The median of what was measured; None when nothing was."""
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None


def show(value):
    """A number for people: three to four digits, thousands separated."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.3g}"


def table(headers, rows):
    """Columns as wide as they need; the first is left aligned, so is each whose header begins with '<'."""
    left = [index == 0 or header.startswith("<") for index, header in enumerate(headers)]
    cells = [[header.lstrip("<") for header in headers]] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in cells) for index in range(len(headers))]
    lines = []
    for number, row in enumerate(cells):
        lines.append("  ".join(cell.ljust(width) if is_left else cell.rjust(width)
                               for cell, width, is_left in zip(row, widths, left)).rstrip())
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    return "\n".join(lines)


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
        file.write("\n")
