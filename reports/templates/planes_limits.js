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

// What the truth may be, in words.
function truthOf(track, i, view) {
  const [low, high] = track.trust.map((values) => values[i] * view.unit);
  if (Number.isNaN(low)) return "beyond the control";
  return Number.isNaN(high) ? `${number(low)} or more` : `${number(low)} to ${number(high)}`;
}

// A bar from the least to the greatest truth; open to the right where there is no greatest, an arrow where it is beyond
// the axis.
function truthBar(chart, track, i, view, y, colour) {
  if (!track.trust || !view.trust) return;
  const [low, high] = track.trust.map((values) => chart.at.x(values[i] * view.unit));
  const { left, right } = chart.box;
  const at = chart.at.y(y);
  if (!Number.isFinite(low) || !Number.isFinite(at)) return;
  const [from, to] = [Math.max(low, left), Number.isNaN(high) ? right + 4 : Math.min(high, right + 4)];
  const end = (x) => `M${x.toFixed(1)} ${(at - 5).toFixed(1)}v10`;
  let d = `M${from.toFixed(1)} ${at.toFixed(1)}H${to.toFixed(1)}${low === from ? end(from) : ""}${high === to ? end(to) : ""}`;
  if (from > right) d = `M${right - 7} ${(at - 5).toFixed(1)}l6 5l-6 5`;
  if (to < left) d = `M${left + 7} ${(at - 5).toFixed(1)}l-6 5l6 5`;
  draw(chart.layer, "path", { d, class: "truth" }, { fill: "none", stroke: colour, "stroke-width": 2, opacity: 0.55 });
}

function planeLimits(view) {
  const [xs, ys] = [[], []];
  for (const plane of view.planes) {
    for (const track of tracksOf(plane, view).tracks) {
      for (const value of track.x) xs.push(value * view.unit);
      if (view.trust && track.trust && !view.zoom) for (const values of track.trust) for (const value of values) xs.push(value * view.unit);
      for (const value of track.y) ys.push(value * view.unit);
    }
  }
  if (view.curve && !view.zoom) ys.push(...view.curve[1].map((value) => value * view.unit));
  return { x: limits(withCeiling(xs, 0, view), { zero: !view.zoom }), y: limits(withCeiling(ys, 1, view), { zero: !view.zoom }) };
}
