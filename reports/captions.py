# SPDX-License-Identifier: Apache-2.0
"""What there is to see in each figure, computed from the numbers it is drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from mibench.harness.score import CriticalDifference
from mibench.reports import drawing_cost
from mibench.reports.drawing_truth import View
from mibench.reports.words import Method, digits, nats, percent, plural, short

__all__ = ["closest", "consistency", "cost", "difference", "errors", "intervals", "ranks", "sizes", "truth"]

_NAMED = 4  # names that a sentence lists
_LOW = 0.1  # share of the truth by which an estimate is clearly too low


def truth(view: View) -> str:
    """Who is closest, and what happens at the largest mutual information."""
    said = [closest(view.cells), _highest(view.cells)]
    stated = view.cells.loc[view.cells["low"].notna(), "estimator"].nunique()
    if stated:
        who = "1 estimator that states" if stated == 1 else f"{stated} estimators that state"
        said.append(f"Bars: the mean stated 95 % interval, of the {who} one.")
    return " ".join([*filter(None, said), *view.notes])


def closest(part: pd.DataFrame) -> str:
    """Who is closest to the diagonal over the whole family, those without an answer somewhere left out."""
    errors = part.pivot_table(index=["task", "n"], columns="estimator", values="error", sort=False).abs()
    whole = errors.dropna(axis="columns").mean().sort_values(kind="stable")
    fair = whole[[not Method.of(str(name)).gifted for name in whole.index]]
    if fair.empty:
        return "No estimator that sees only the data has an answer on every task here."
    best = f"Closest over all {plural(len(errors), 'task')}: {short(str(fair.index[0]))}, "
    best += f"{digits(fair.iloc[0])} nats off on average"
    gifted = whole.drop(fair.index)
    if not len(gifted):
        return f"{best}."
    return f"{best}; given the true latents, {short(str(gifted.index[0]))}, {digits(gifted.iloc[0])} nats."


def _highest(part: pd.DataFrame) -> str:
    top = float(part["truth"].max())
    if not top > 0 or part["truth"].nunique() < 2:
        return ""
    means = part[part["truth"] >= top * (1 - 1e-3)].groupby("estimator")["estimate"].mean()
    low = int((means < (1 - _LOW) * top).sum())
    said = f"At {nats(top)}, the highest truth, {low or 'none'} of {plural(len(means), 'estimator')} "
    return said + f"{'underestimates' if low == 1 else 'underestimate'} by more than {percent(_LOW)}."


def errors(cells: pd.DataFrame, by: str) -> str:
    """Which way the errors go, and where they are largest."""
    known = cells[cells["error"].notna()]
    low, off = (known["error"] < 0).mean(), known["mae"]
    worst = known.groupby("family", sort=False)["mae"].median().sort_values(ascending=False, kind="stable")
    what = (
        "Mean of estimate - truth in nats"
        if by == "task"
        else f"Mean of |estimate - truth| in nats over the tasks of one {by}, with the sign of the mean error"
    )
    said = f"{what}; blue underestimates, orange overestimates. "
    said += f"{percent(float(low))} of the {plural(len(known), 'mean')} are below the truth"
    said += f", half of them by {digits(float(off[known['error'] < 0].median()))} nats or more." if low > 0 else "."
    if len(worst) > 1:
        said += f" Hardest is {short(str(worst.index[0]))}, where the median error is {digits(worst.iloc[0])} nats; "
        said += f"easiest {short(str(worst.index[-1]))}, {digits(worst.iloc[-1])}."
    empty = int((cells["ok"] == 0).sum())
    return said + (f" Words stand in the {plural(empty, 'cell')} without an answer." if empty else "")


def cost(points: pd.DataFrame) -> str:
    """Who is on the Pareto front, with their numbers."""
    front = points[points["front"]]
    said = "Both axes are logarithmic; lower left is better."
    if len(front):
        names = _list(
            f"{short(line.estimator)} ({digits(line.seconds)} s, {digits(line.error)} nats)"
            for line in front.itertuples()
        )
        said += f" On the Pareto front of the estimators that see only the data, in bold: {names}."
        rest = int((~points["front"] & points["compared"] & ~points["estimator"].map(_gifted)).sum())
        if rest:
            others = "the other one" if rest == 1 else f"each of the other {rest}"
            said += f" For {others}, one on the line is at least as fast and as accurate."
    hollow = int((~points["compared"]).sum())
    if hollow:
        lack = "1 that lacks" if hollow == 1 else f"{hollow} that lack"
        said += f" Hollow: {lack} an answer on some of the common cells, so not compared."
    wild = int((points["error"] > drawing_cost.ceiling(points)).sum())
    if wild:
        said += f" An arrow marks {plural(wild, 'error')} beyond the panel."
    return said


def intervals(shares: pd.DataFrame) -> str:
    """How many are honest, and who is least so."""
    honest = shares[shares["high"] >= 0.95]
    low = shares.loc[shares["share"].idxmin()]
    names = f": {_list(map(short, honest['estimator']))}" if len(honest) else ""
    return (
        f"An honest 95 % interval holds the truth in 95 % of trials (dashed). {len(honest) or 'None'} of "
        f"{plural(len(shares), 'estimator')} may do so, as far as these trials tell{names}. The lowest share "
        f"is {percent(float(low['share']))}, of {short(low['estimator'])}: far to the left, an interval knows nothing "
        "of the bias. Whiskers: 95 % Wilson interval of the share; width: median, in nats."
    )


def sizes(curves: pd.DataFrame, tolerance: float) -> str:
    """Who gains from more samples, and who is within the tolerance at the end."""
    first, last = curves["n"].min(), curves["n"].max()
    ends = curves.groupby("estimator", sort=False).agg(begin=("mae", "first"), end=("mae", "last"), n=("n", "first"))
    gain = (ends["begin"] / ends["end"].clip(lower=1e-12)).sort_values(ascending=False, kind="stable")
    falls = int((gain > 1).sum())
    said = f"From n = {first} to {last}, the error falls for {falls} of {plural(len(ends), 'estimator')}"
    if falls:
        best = ends.loc[gain.index[0]]
        said += f", most for {short(str(gain.index[0]))}, from {digits(best['begin'])} to {digits(best['end'])} nats"
        said += f" (from n = {best['n']:.0f})" if best["n"] > first else ""
    within = ends[ends["end"] <= tolerance].sort_values("end", kind="stable")
    names = _list(map(short, within.index)) if len(within) else "none"
    said += f". Within {digits(tolerance)} nats (dashed) at n = {last}: {names}."
    said += " Marks are means, whiskers the middle half of the errors over tasks and repetitions."
    if (curves["units"] < curves["of"]).any():
        said += " Hollow marks: on those samples alone that the estimator answered at every size shown."
    return said


def difference(found: CriticalDifference) -> str:
    """Who leads, who is tied with the leader, and what the test takes for granted."""
    count = len(found.names)
    p = "p < 0.001" if found.p_value < 0.001 else f"p = {found.p_value:.3f}"
    test = "Friedman's" if count > 2 else "Wilcoxon's"
    said = f"Average rank of {count} estimators over {found.blocks} tasks, the best on the left. "
    said += f"That all are equal: {p} ({test} test)."
    tied = next((group for group in found.groups if found.names[0] in group), ())
    others = [name for name in tied if name != found.names[0]]
    said += f" First is {short(found.names[0])} with {found.ranks[0]:.1f}, "
    said += f"not told apart from {_list(map(short, others))}." if others else "told apart from all others."
    if any(map(_gifted, found.names)):
        said += " Grey: given the true latents."
    return (
        f"{said} A bar joins those whose average ranks differ by less than the critical difference, "
        f"{found.distance:.2f} (Nemenyi's test at {percent(found.alpha)}). It takes the tasks as independent, which "
        "shapes and levels of one family are not, and ranks alone: by how much one is better does not count."
    )


def ranks(table: pd.DataFrame) -> str:
    """How many could be first."""
    first = table[table["low"] == 1]
    names = _list(map(short, first["estimator"]))
    could = f"Only {names} can" if len(first) == 1 else f"{len(first)} of {len(table)} can: {names}"
    widest = table.loc[(table["high"] - table["low"]).idxmax()]
    return (
        f"Who can be first by the mean error on the common cells? {could}. Whiskers are 95 % intervals of the ranks by "
        f"a paired bootstrap; where they overlap, the order is open. The widest is that of "
        f"{short(widest['estimator'])}, {widest['low']} to {widest['high']}."
    )


def consistency(wide: pd.DataFrame, deviations: pd.DataFrame, tolerance: float) -> str:
    """Which checks are violated most, and who contradicts itself least."""
    by = deviations.groupby("check", sort=False)["violated"].mean().sort_values(ascending=False, kind="stable").dropna()
    whole = wide.dropna().mean(axis=1).sort_values(kind="stable")
    said = "Mean deviation in nats; 0 is consistent with itself, whatever the truth is."
    if len(by):
        said += f" Violated most, by more than {digits(tolerance)} nats: {by.index[0]}, in "
        said += f"{percent(float(by.iloc[0]))} of cells"
        said += f"; least: {by.index[-1]}, {percent(float(by.iloc[-1]))}." if len(by) > 1 else "."
    if len(whole):
        said += f" Over all checks, {short(str(whole.index[0]))} deviates least, by {digits(whole.iloc[0])} nats on "
        said += "average."
    return said


def _gifted(name: str) -> bool:
    return Method.of(name).gifted


def _list(names: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b, c, d and 3 more``."""
    named: Sequence[str] = list(names)
    if len(named) > _NAMED + 1:
        return f"{', '.join(named[:_NAMED])} and {len(named) - _NAMED} more"
    return " and ".join(filter(None, [", ".join(named[:-1]), named[-1] if named else ""]))
