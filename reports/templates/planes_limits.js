// How far axes reach, and the most that information can be.
// H(X) (which = 0) or H(Y) (1) in the unit of the view; NaN where the study does not tell it.
const ceilingOf = (which, view) => (given.ceilings ? given.ceilings[which] * view.unit : NaN);

// Values whose axis is to reach the ceiling, where it is not far above them.
function withCeiling(values, which, view) {
  const most = ceilingOf(which, view);
  const highest = values.reduce((greatest, value) => (value > greatest ? value : greatest), -Infinity);
  return !view.zoom && highest >= 0.75 * most ? [...values, most] : values;
}

// The most that information can be, where the axes reach it.
function ceiling(chart, which, view, across = false) {
  const value = ceilingOf(which, view);
  const { left, right, top, bottom } = chart.box;
  const at = across ? chart.at.x(value) : chart.at.y(value);
  if (!(across ? at >= left && at <= right : at >= top && at <= bottom)) return;
  const ends = across ? { x1: at, x2: at, y1: top, y2: bottom } : { x1: left, x2: right, y1: at, y2: at };
  draw(chart.layer, "line", { ...ends, class: "ceiling" }, { stroke: MUTED, "stroke-width": 1, "stroke-dasharray": "8 4" });
  const place = across ? { x: at - 4, y: bottom - 6, "text-anchor": "end" } : { x: left + 6, y: at + 13 };
  draw(chart.layer, "text", place, { "font-size": "11px", fill: MUTED, stroke: PAPER, "stroke-width": "3px", "paint-order": "stroke" }).textContent = which ? "H(Y)" : "H(X)";
}

function planeLimits(view) {
  const [xs, ys] = [[], []];
  for (const plane of view.planes) {
    for (const track of tracksOf(plane, view).tracks) {
      for (const value of track.x) xs.push(value * view.unit);
      for (const value of track.y) ys.push(value * view.unit);
    }
  }
  if (view.curve && !view.zoom) ys.push(...view.curve[1].map((value) => value * view.unit));
  return { x: limits(withCeiling(xs, 0, view), { zero: !view.zoom }), y: limits(withCeiling(ys, 1, view), { zero: !view.zoom }) };
}
