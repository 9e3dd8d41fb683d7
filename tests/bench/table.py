"""What was measured, and how it stands to the goals: medians, and medians of ratios."""

from collections import defaultdict
from dataclasses import dataclass, field

from tests.bench.generator import median

REFERENCE = "channels-daphne"
OURS = ("ours-daphne", "ours-uvicorn")


@dataclass
class Results:
    """Values by (row, target), in the order of the repetitions: the n-th ones are a pair."""

    values: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, row: str, target: str, value: float) -> None:
        self.values[row, target].append(value)
        print(f"  {row}: {target} {value:,.2f}", flush=True)

    def value(self, row: str, target: str) -> float:
        return median(self.values.get((row, target), []))

    def ratio(self, row: str, target: str, base: str) -> float:
        pairs = zip(
            self.values.get((row, target), []), self.values.get((row, base), []), strict=False
        )
        return median([ours / theirs for ours, theirs in pairs if theirs])

    def rows(self) -> list[str]:
        return list(dict.fromkeys(row for row, _ in self.values))

    def targets(self) -> list[str]:
        return list(dict.fromkeys(target for _, target in self.values))


@dataclass(frozen=True)
class Goal:
    """Goals for one row, on Daphne and on uvicorn.

    `kind`: "ratio" to `base`, at most; "at least", a ratio too; "more", what it may take beyond
    `bases`; "most", the value itself.
    """

    row: str
    kind: str
    goals: tuple[float, float]
    bases: tuple[str, str] = (REFERENCE, REFERENCE)
    label: str = ""

    def told(self, results: Results) -> list[str]:
        """The goal's line: row, reference, then value, ratio and goal on each server."""
        told = [self.label or self.row]
        for target, goal, base in zip(OURS, self.goals, self.bases, strict=True):
            value, reference = results.value(self.row, target), results.value(self.row, base)
            if self.kind == "most":
                told += [f"{value:,.1f}", "", f"≤ {goal:g}", verdict(value <= goal)]
            elif self.kind == "more":
                more = value - reference
                told += [
                    f"{value:,.1f}", f"{more:+.1f}", f"≤ {reference:.1f} + {goal:g}",
                    verdict(more <= goal),
                ]  # fmt: skip
            else:
                ratio = results.ratio(self.row, target, base)
                least = self.kind == "at least"
                sign, reached = ("≥", ratio >= goal) if least else ("≤", ratio <= goal)
                told += [f"{value:,.2f}", f"{ratio:.2f}", f"{sign} {goal:g}", verdict(reached)]
        bases = [base for base in unique(self.bases) if (self.row, base) in results.values]
        told.insert(1, " / ".join(f"{results.value(self.row, base):,.2f}" for base in bases))
        return told

    def measured(self, results: Results) -> bool:
        """Was all that it needs?"""
        needed = OURS if self.kind == "most" else (*OURS, *self.bases)
        return all((self.row, name) in results.values for name in needed)


def unique(names: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(names))


def verdict(reached: bool) -> str:
    return "✓" if reached else "✗"


def printed(head: list[str], lines: list[list[str]]) -> str:
    """A Markdown table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]

    def row(cells: list[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([row(head), rule, *(row(line) for line in lines)])


def everything(results: Results) -> str:
    """All medians, a line for each row, a column for each target."""
    targets = results.targets()
    lines = [
        [
            row,
            *(
                f"{results.value(row, t):,.2f}" if (row, t) in results.values else ""
                for t in targets
            ),
        ]
        for row in results.rows()
    ]
    return printed(["median of", *targets], lines)


def goals(results: Results, wanted: list[Goal]) -> str:
    there = [goal for goal in wanted if goal.measured(results)]
    side = ["", "ratio", "goal", ""]
    head = ["against the minimal consumer", "its own", "Daphne", *side[1:], "uvicorn", *side[1:]]
    return printed(head, [goal.told(results) for goal in there])
