// The information plane: where the layers are, and how they came there until the epoch that the slider shows.
const layerName = (layer) => `${given.letter}${layer + 1}`;
const names = (layers) => (layers.length > 2 && layers.at(-1) - layers[0] === layers.length - 1 ? `${layerName(layers[0])}\u2013${layers.at(-1) + 1}` : layers.map((each, i) => (i ? each + 1 : layerName(each))).join(", "));

function number(value, places = 3) {
  return Number.isFinite(value) ? value.toFixed(places).replace("-", "\u2212") : NONE;
}

// What is drawn of a plane in a view: epochs, and a track for each layer, of the mean, of a run, or of every run.
function tracksOf(plane, view) {
  const layers = [...Array(plane.layers).keys()];
  const pair = (found, ...places) => found && [along(found[0], ...places), along(found[1], ...places)];
  if (view.mode === "mean") {
    const tracks = layers.map((layer) => ({
      layer,
      run: null,
      x: along(plane.mean[0], layer),
      y: along(plane.mean[1], layer),
      sd: pair(plane.sd, layer),
      null: plane.null && along(plane.null, layer),
      lossBound: plane.lossBound && along(plane.lossBound, layer),
      error: pair(plane.error, layer),
      smooth: pair(plane.smooth, layer),
      trust: pair(plane.trust, layer),
      change: plane.change && along(plane.change, 0),
    }));
    return { epochs: plane.epochs, tracks };
  }
  const of = (run, layer) => {
    const { values, error, smooth, trust, change } = plane.single;
    return { layer, run, x: along(values[0], run, layer), y: along(values[1], run, layer), error: pair(error, run, layer), smooth: pair(smooth, run, layer), trust: pair(trust, run, layer), change: change && along(change, run) };
  };
  if (view.mode === "run") {
    const run = Math.min(view.run ?? plane.median, plane.runs.length - 1);
    if (run === plane.median && !plane.single.smooth) {
      return { epochs: plane.epochs, tracks: layers.map((layer) => ({ layer, run, x: along(plane.middle[0], layer), y: along(plane.middle[1], layer) })) };
    }
    return { epochs: plane.single.epochs, tracks: layers.map((layer) => of(run, layer)) };
  }
  const tracks = [];
  for (let run = 0; run < plane.runs.length; run++) for (const layer of layers) tracks.push(of(run, layer));
  return { epochs: plane.single.epochs, tracks };
}

const scaled = (values, unit) => Float64Array.from(values, (value) => value * unit);

function told(plane, track, epochs, i, view) {
  const unit = view.unit;
  const who = track.run === null ? `mean of ${plural(plane.runs.length, "run")}` : `run ${plane.runs[track.run]}`;
  const spread = (which) => (track.sd && plane.runs.length > 1 ? ` \u00b1 ${number(track.sd[which][i] * unit)} sd` : "");
  const lines = [
    `${layerName(track.layer)}, epoch ${epochs[i]}, ${who}`,
    `${I_X} ${number(track.x[i] * unit)} ${view.unitName}${spread(0)}`,
    `${I_Y} ${number(track.y[i] * unit)} ${view.unitName}${spread(1)}`,
  ];
  if (track.null) lines.push(`null   ${number(track.null[i] * unit)} ${view.unitName}`);
  if (track.trust && view.trust) lines.push(`${I_X} in truth ${truthOf(track, i, view)}`);
  if (track.lossBound) lines.push(`lost by compression: ${number(track.lossBound[i] * unit)} at most`);
  if (track.change && Number.isFinite(track.change[i])) lines.push(`loss ${number(track.change[i], 4)} in an epoch`);
  if (track.error) lines.push(`standard error ${number(track.error[0][i] * unit, 4)}, ${number(track.error[1][i] * unit, 4)}`);
  if (view.planes.length > 1) lines.push(plane.estimator);
  return lines.join("\n");
}

// Where the null reaches, over all layers and epochs, as a function of I(X;T).
function nullBand(chart, plane, unit) {
  const [size, most] = [80, 1e-9 + Math.max(...plane.mean[0].values.filter(Number.isFinite)) * unit];
  const reach = new Array(size + 1).fill(-Infinity);
  plane.null.values.forEach((value, i) => {
    const place = Math.round((plane.mean[0].values[i] * unit * size) / most);
    if (Number.isFinite(value) && place >= 0 && place <= size) reach[place] = Math.max(reach[place], value * unit);
  });
  let top = 0;
  const [xs, ys] = [[0], [0]];
  reach.forEach((value, i) => {
    if (value === -Infinity) return;
    top = Math.max(top, value); // what fewer bits reach, more bits reach too
    xs.push((i * most) / size);
    ys.push(top);
  });
  band(chart, xs, xs.map(() => 0), ys, MUTED);
  line(chart, xs, ys, { stroke: MUTED, "stroke-width": 1, "stroke-dasharray": "2 3" });
}

function shares(epochs) {
  const last = Math.log1p(epochs.at(-1)) || 1;
  return (epoch) => Math.log1p(epoch) / last;
}

// What a dot's colour says: its epoch, how the loss changes there, or its layer.
function colouring(plane, view, epochs) {
  const share = shares(epochs);
  const most = mostChange(plane);
  return (track, i) => {
    if (view.colour === "loss" && track.change) return diverging(track.change[i] / most);
    return view.colour === "layer" ? series(track.layer) : ramp(share(epochs[i]));
  };
}

// The greatest change of the mean loss in an epoch, up or down.
const mostChange = (plane) => Math.max(1e-12, ...(plane.change?.values ?? []).filter(Number.isFinite).map(Math.abs));

// One estimator's tracks. The first stands in filled dots, the second in rings on dashed lines.
function drawTracks(chart, plane, view, second) {
  const { epochs, tracks } = tracksOf(plane, view);
  const until = upTo(epochs, view.epoch);
  const ends = [];
  const shown = colouring(plane, view, epochs);
  const colour = (track, i) => (second ? series(track.layer) : shown(track, i));
  for (const track of tracks) {
    const [x, y] = [scaled(track.x, view.unit), scaled(track.y, view.unit)];
    const crowd = view.mode === "runs";
    if (!crowd || view.trails) {
      const style = { stroke: series(track.layer), "stroke-width": crowd ? 0.6 : 1.2, opacity: crowd ? 0.3 : 0.65, ...(second && { "stroke-dasharray": "5 4", opacity: 0.9 }) };
      line(chart, x, y, style, until);
    }
    let [px, py] = [-99, -99];
    for (let i = crowd ? until : 0; i <= until; i++) {
      const [cx, cy] = [chart.at.x(x[i]), chart.at.y(y[i])];
      const here = i === until;
      if (!here && Math.hypot(cx - px, cy - py) < 2) continue; // what lies on another dot is not seen
      [px, py] = [cx, cy];
      const style = second ? { fill: PAPER, stroke: colour(track, i), "stroke-width": 1.2 } : { fill: crowd ? series(track.layer) : colour(track, i) };
      if (here && !crowd) Object.assign(style, { stroke: series(track.layer), "stroke-width": 2 });
      if (crowd) style.opacity = 0.75;
      mark(chart, x[i], y[i], crowd ? 3.2 : here ? 5 : second ? 2 : 2.6, style, here ? "now" : "");
      tell(chart, x[i], y[i], () => told(plane, track, epochs, i, view));
    }
    if (!second) truthBar(chart, track, until, view, track.y[until] * view.unit, series(track.layer));
    ends.push({ layer: track.layer, x: chart.at.x(x[until]), y: chart.at.y(y[until]) });
  }
  return ends;
}

// Names of the layers at their ends; one for several that lie together.
function label(chart, ends) {
  const groups = [];
  for (const layer of new Set(ends.map((each) => each.layer))) {
    const own = ends.filter((each) => each.layer === layer && Number.isFinite(each.x) && Number.isFinite(each.y));
    if (!own.length) continue;
    const middle = { layers: [layer], x: own.reduce((sum, each) => sum + each.x, 0) / own.length, y: own.reduce((sum, each) => sum + each.y, 0) / own.length };
    const near = groups.find((group) => Math.abs(group.x - middle.x) < 34 && Math.abs(group.y - middle.y) < 15);
    if (near) near.layers.push(layer);
    else groups.push(middle);
  }
  for (const group of groups) {
    const left = group.x > chart.box.right - 40;
    const at = { x: group.x + (left ? -11 : 6), y: left ? group.y + 4 : Math.max(group.y - 9, chart.box.top + 12), "text-anchor": left ? "end" : "start" };
    draw(chart.svg, "text", at, { "font-size": "12px", "font-weight": 700, fill: series(group.layers[0]), stroke: PAPER, "stroke-width": "3px", "paint-order": "stroke" }).textContent = names(group.layers);
  }
}

// Of a drawing that is `wide` where there is room for it: letters of a wide one would be too small on a small screen.
const fitting = (wide) => Math.min(wide, Math.max(380, holder.clientWidth));

function drawPlane(figure, view, { width = fitting(640), height = 0.78 * width, title = "Information plane" } = {}) {
  const range = planeLimits(view);
  const chart = frame(figure, {
    width,
    height,
    x: { ...range.x, label: `${I_X} in ${view.unitName}` },
    y: { ...range.y, label: `${I_Y} in ${view.unitName}` },
    title: `${title} of ${view.setting.name}, ${view.planes.map((plane) => plane.estimator).join(" and ")}`,
    says: `${plural(view.planes[0].layers, "layer")}, until epoch ${view.epoch}. The table of values holds the numbers.`,
  });
  ceiling(chart, 0, view, true);
  ceiling(chart, 1, view);
  if (view.nulls && view.planes[0].null) nullBand(chart, view.planes[0], view.unit);
  if (view.curve) line(chart, scaled(view.curve[0], view.unit), scaled(view.curve[1], view.unit), { stroke: INK, "stroke-width": 1.6, "stroke-dasharray": "7 3 1.5 3" });
  // What is exact lies beneath what is estimated
  const order = [...view.planes.keys()].sort((a, b) => (view.planes[b].estimator === "exact") - (view.planes[a].estimator === "exact") || b - a);
  let ends = [];
  for (const i of order) {
    const found = drawTracks(chart, view.planes[i], view, i > 0);
    if (i === 0) ends = found;
  }
  label(chart, ends);
  hover(chart);
  return chart;
}
