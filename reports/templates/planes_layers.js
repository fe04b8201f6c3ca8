// Each layer on its own, as Butakov et al. draw them: raw points with their intervals under a smoothed path, coloured by
// how the loss changes; and the loss beside them.
const WIDE = 1.96; // standard errors

const isRaw = (view) => Boolean(view.planes[0].smooth);

function layerOrder(plane) {
  const first = given.first.filter((layer) => layer < plane.layers);
  return [...first, ...[...Array(plane.layers).keys()].filter((layer) => !first.includes(layer))];
}

function layerLimits(view, layer) {
  const [xs, ys, truths] = [[], [], []];
  for (const plane of view.planes) {
    for (const track of tracksOf(plane, view).tracks.filter((each) => each.layer === layer)) {
      if (view.trust && track.trust) for (const ends of track.trust) truths.push(...scaled(ends, view.unit).filter(Number.isFinite));
      for (const [values, which, found] of [[track.x, 0, xs], [track.y, 1, ys]]) {
        values.forEach((value, i) => {
          const half = track.error ? WIDE * track.error[which][i] : 0;
          found.push((value - half) * view.unit, (value + half) * view.unit);
        });
      }
    }
  }
  if (truths.length && !view.zoom) {
    const { low, high } = limits(xs); // the path keeps at least a third of the axis
    for (const value of truths) xs.push(Math.min(Math.max(value, 2 * low - high), 2 * high - low));
  }
  return { x: limits(xs, { count: 5 }), y: limits(ys, { count: 5 }) };
}

function cross(chart, track, i, unit, colour) {
  const [x, y] = [track.x[i] * unit, track.y[i] * unit];
  const [dx, dy] = track.error.map((error) => WIDE * error[i] * unit);
  const ends = [chart.at.x(x - dx), chart.at.x(x + dx), chart.at.y(y - dy), chart.at.y(y + dy)];
  if (!ends.every(Number.isFinite)) return;
  const [left, right, low, high] = ends.map((value) => value.toFixed(1));
  const d = `M${left} ${chart.at.y(y).toFixed(1)}H${right}M${chart.at.x(x).toFixed(1)} ${low}V${high}`;
  draw(chart.layer, "path", { d, class: "cross" }, { fill: "none", stroke: colour, "stroke-width": 1.2, opacity: 0.6 });
}

// The smoothed path in pieces, each of the colour of the point that it leads to.
function smoothPath(chart, track, epochs, until, unit, colour) {
  const [x, y] = track.smooth.map((values) => scaled(values, unit));
  for (let i = 1; i <= until; i++) {
    const d = path(chart, x.subarray(i - 1, i + 1), y.subarray(i - 1, i + 1));
    if (d.includes("L")) draw(chart.layer, "path", { d, class: "smooth" }, { fill: "none", stroke: colour(track, i), "stroke-width": 3.2, "stroke-linecap": "round" });
  }
  mark(chart, x[until], y[until], 5.5, { fill: colour(track, until), stroke: INK, "stroke-width": 1.5 }, "now");
}

function drawLayer(figure, view, layer) {
  const range = layerLimits(view, layer);
  const chart = frame(figure, {
    width: 420,
    height: 340,
    x: { ...range.x, label: `I(X;${layerName(layer)}) in ${view.unitName}`, count: 6 },
    y: { ...range.y, label: `I(${layerName(layer)};Y) in ${view.unitName}`, count: 6 },
    title: `Plane of ${layerName(layer)} of ${view.setting.name}, ${view.planes.map((plane) => plane.estimator).join(" and ")}`,
    says: `Points with 95 % intervals and their smoothed path until epoch ${view.epoch}. The table of values holds the numbers.`,
  });
  ceiling(chart, 1, view);
  view.planes.forEach((plane, second) => {
    const { epochs, tracks } = tracksOf(plane, view);
    const until = upTo(epochs, view.epoch);
    const colour = colouring(plane, view, epochs);
    const crowd = view.mode === "runs";
    for (const track of tracks.filter((each) => each.layer === layer)) {
      const shade = (i) => (crowd ? series(layer) : second ? MUTED : colour(track, i));
      for (let i = crowd ? until : 0; i <= until; i++) {
        if (track.error) cross(chart, track, i, view.unit, shade(i));
        if (crowd) mark(chart, track.x[i] * view.unit, track.y[i] * view.unit, 3.2, { fill: shade(i) }, "now");
        tell(chart, track.x[i] * view.unit, track.y[i] * view.unit, () => told(plane, track, epochs, i, view));
      }
      if (!second) truthBar(chart, track, until, view, (crowd ? track.y : track.smooth[1])[until] * view.unit, INK);
      if (crowd) continue;
      if (second) line(chart, ...(track.smooth ?? [track.x, track.y]).map((values) => scaled(values, view.unit)), { stroke: MUTED, "stroke-dasharray": "5 4", "stroke-width": 1.6 }, until);
      else smoothPath(chart, track, epochs, until, view.unit, colour);
    }
  });
  hover(chart);
}

// The training loss at the points of the plane, in their colours.
function drawLoss(figure, view) {
  const plane = view.planes[0];
  const one = view.mode !== "mean";
  const epochs = one ? plane.single.epochs : plane.epochs;
  const source = one ? plane.single : plane;
  const rows = view.mode === "run" ? [view.run ?? plane.median] : [...Array(one ? plane.runs.length : 1).keys()];
  const losses = rows.map((row) => along(source.loss, row));
  const chart = frame(figure, {
    width: 420,
    height: 340,
    x: epochAxis(epochs.at(-1)),
    y: { ...limits(losses.flatMap((values) => [...values]), { zero: true, count: 5 }), label: "training loss in nats", count: 5 },
    title: `Training loss of ${view.setting.name}`,
  });
  const until = upTo(epochs, view.epoch);
  const colour = colouring(plane, view, epochs);
  now(chart, view.epoch);
  rows.forEach((row, k) => {
    const change = along(source.change, row);
    const who = one ? `run ${plane.runs[row]}` : `mean of ${plural(plane.runs.length, "run")}`;
    line(chart, epochs, losses[k], { stroke: MUTED, "stroke-width": 1 });
    losses[k].forEach((value, i) => {
      const shade = view.colour === "layer" ? MUTED : colour({ change }, i);
      mark(chart, epochs[i], value, 2.6, { fill: shade });
      tell(chart, epochs[i], value, () => `epoch ${epochs[i]}, ${who}\nloss ${number(value, 4)} nats${Number.isFinite(change[i]) ? `\n${number(change[i], 5)} in an epoch` : ""}`);
    });
    mark(chart, epochs[until], losses[k][until], 5.5, { fill: view.colour === "layer" ? MUTED : colour({ change }, until), stroke: INK, "stroke-width": 1.5 }, "now");
  });
  hover(chart);
}

function layerPanels(view) {
  const main = view.planes[0];
  const panels = make("div", { className: "layers" });
  const keys = view.mode === "runs" ? [] : shadeKeys(view);
  if (view.planes.length > 1) keys.push([MUTED, view.planes[1].estimator, "dashed"]);
  const order = layerOrder(main);
  const said = `Crosses: 1.96 standard errors of the ${view.mode === "mean" && main.runs.length > 1 ? "mean" : "estimate"} each way.`;
  panels.append(keysOf(keys, said), ...(main.trustNote ? [make("p", { className: "muted trust", textContent: main.trustNote })] : []));
  const loss = main.loss && { title: "Training loss", draw: (figure) => drawLoss(figure, view) };
  order.forEach((layer, i) => {
    if (loss && i === given.first.length) panels.append(figureOf(loss, `${view.setting.name}-training-loss`));
    panels.append(figureOf({ title: `Layer ${layerName(layer)}`, draw: (figure) => drawLayer(figure, view, layer) }, `${view.setting.name}-${layerName(layer)}`));
  });
  if (loss && order.length <= given.first.length) panels.append(figureOf(loss, `${view.setting.name}-training-loss`));
  return panels;
}
