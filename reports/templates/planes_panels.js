// What stands beside a plane: its two informations against the epoch, how the network did, and charts of analyses.
const SMALL = { width: 420, height: 250 };

// Epochs from 0 to the last, in equal ratios of epoch + 1.
const epochAxis = (last) => ({ low: 0, high: Math.max(last, 1), log: true, zero: true, label: "epoch" });

function now(chart, epoch) {
  const x = chart.at.x(epoch);
  draw(chart.layer, "line", { x1: x, x2: x, y1: chart.box.top, y2: chart.box.bottom, class: "cursor" }, { stroke: INK, "stroke-width": 1, "stroke-dasharray": "3 3" });
}

// A standard deviation above and below, but not below 0 nor above what there is of input or label, unless the mean is.
function spreadOf(own, sd, which, view) {
  const most = ceilingOf(which, view);
  const low = own.map((value, i) => Math.max(value - sd[i], Math.min(value, 0)));
  const high = own.map((value, i) => (most >= value ? Math.min(value + sd[i], most) : value + sd[i]));
  return [low, high];
}

// I(X;T) (which = 0) or I(T;Y) (1) of every layer: the mean with its spread over runs, or one run over that mean.
function drawCurves(figure, view, which) {
  const [xs, name] = [view.planes[0].epochs, which ? I_Y : I_X];
  const values = [];
  const trust = !which && view.trust && view.planes[0].trust;
  if (trust) for (const { values: truths } of trust) for (const value of truths) values.push(value * view.unit);
  for (const plane of view.planes) {
    for (const value of plane.mean[which].values) values.push(value * view.unit);
    if (view.mode === "run") for (const track of tracksOf(plane, view).tracks) for (const value of which ? track.y : track.x) values.push(value * view.unit);
  }
  const chart = frame(figure, {
    ...SMALL,
    x: epochAxis(xs.at(-1)),
    y: { ...limits(withCeiling(values, which, view), { zero: !view.zoom, count: 5 }), label: `${name} in ${view.unitName}`, count: 5 },
    title: `${name} against the epoch, ${view.setting.name}`,
  });
  ceiling(chart, which, view);
  view.planes.forEach((plane, second) => {
    const one = view.mode === "run" ? tracksOf(plane, view) : null;
    const mean = tracksOf(plane, { ...view, mode: "mean" });
    for (const track of mean.tracks) {
      const own = scaled(which ? track.y : track.x, view.unit);
      const sd = scaled(track.sd[which], view.unit);
      const colour = series(track.layer);
      const style = { stroke: colour, "stroke-width": 1.6, ...(second && { "stroke-dasharray": "5 4", "stroke-width": 1.2 }) };
      const truths = trust && [0, 1].map((end) => scaled(track.trust[end], view.unit).map((value) => (end && Number.isNaN(value) ? 1e6 : value)));
      if (!second) band(chart, plane.epochs, ...(truths || spreadOf(own, sd, which, view)), colour);
      line(chart, plane.epochs, own, one ? { ...style, opacity: 0.35 } : style);
      if (which && view.nulls && track.null && !second) line(chart, plane.epochs, scaled(track.null, view.unit), { stroke: colour, "stroke-width": 1, "stroke-dasharray": "1.5 3" });
      if (!one) own.forEach((value, i) => tell(chart, plane.epochs[i], value, () => told(plane, track, plane.epochs, i, view)));
    }
    for (const track of one?.tracks ?? []) {
      const own = scaled(which ? track.y : track.x, view.unit);
      line(chart, one.epochs, own, { stroke: series(track.layer), "stroke-width": 1.6, ...(second && { "stroke-dasharray": "5 4" }) });
      own.forEach((value, i) => tell(chart, one.epochs[i], value, () => told(plane, track, one.epochs, i, view)));
    }
  });
  now(chart, view.epoch);
  hover(chart);
  return chart;
}

// Lines with bands over epochs: {name, colour, mean, sd}.
function drawMeasure(figure, view, title, lines, label, options = {}) {
  const values = lines.flatMap(({ mean, sd }) => [...mean].flatMap((value, i) => [value - sd[i], value + sd[i]]));
  const epochs = view.setting.measures.epochs;
  const chart = frame(figure, { ...SMALL, x: epochAxis(epochs.at(-1)), y: { ...limits(values, { count: 5, ...options }), label, count: 5 }, title: `${title}, ${view.setting.name}` });
  for (const { name, colour, mean, sd, dashed } of lines) {
    band(chart, epochs, mean.map((value, i) => value - sd[i]), mean.map((value, i) => value + sd[i]), colour);
    line(chart, epochs, mean, { stroke: colour, ...(dashed && { "stroke-dasharray": "6 3" }) });
    mean.forEach((value, i) => tell(chart, epochs[i], value, () => `${name}, epoch ${epochs[i]}\n${number(value, 4)}${view.setting.measures.runs > 1 ? ` \u00b1 ${number(sd[i], 4)} sd over runs` : ""}`));
  }
  now(chart, view.epoch);
  hover(chart);
}

const PARTS = ["training rows", "other rows"];

function measuresOf(view) {
  const measures = view.setting.measures;
  if (!measures) return [];
  const pair = (key) =>
    PARTS.map((name, i) => ({ name, colour: series(i ? 3 : 0), dashed: i > 0, mean: along(measures[key].mean, i), sd: along(measures[key].sd, i) })).filter(({ mean }) => mean.some(Number.isFinite));
  const highest = [...Array(measures.highest.mean.shape[0]).keys()].map((layer) => ({ name: layerName(layer), colour: series(layer), mean: along(measures.highest.mean, layer), sd: along(measures.highest.sd, layer) }));
  const keys = (lines) => lines.map(({ name, colour, dashed }) => [colour, name, dashed ? "dashed" : ""]);
  return [
    { title: "Accuracy", keys: keys(pair("accuracy")), draw: (figure) => drawMeasure(figure, view, "Accuracy", pair("accuracy"), "share of right labels") },
    { title: "Loss", keys: keys(pair("loss")), draw: (figure) => drawMeasure(figure, view, "Loss", pair("loss"), "cross-entropy in nats", { zero: true }) },
    { title: "Largest activation of each layer", keys: keys(highest), draw: (figure) => drawMeasure(figure, view, "Largest activations", highest, "largest |t| over all rows", { zero: true }) },
  ];
}

// A chart of an analysis, as mibench.reports.study_charts tells it.
function drawChart(figure, chart, view) {
  const xs = chart.series.flatMap((each) => each.x);
  const ys = chart.series.flatMap((each) => [...each.y, ...(each.low ?? []), ...(each.high ?? [])]);
  const epochs = chart.x === "epoch" || chart.x === "step";
  const positive = (values) => values.filter((value) => value > 0);
  const ends = (values) => ({ low: Math.min(...values), high: Math.max(...values) });
  const axis = (values, log, label) => (log ? { ...ends(positive(values)), log: true, label } : { ...limits(values, { count: 5 }), label, count: 5 });
  const shape = { ...SMALL, x: epochs ? { ...epochAxis(Math.max(...xs)), label: chart.x } : axis(xs, chart.logX && positive(xs).length, chart.x), y: axis(ys, chart.logY && positive(ys).length, chart.y), title: `${chart.title}, ${view.setting.name}` };
  const drawn = frame(figure, shape);
  chart.series.forEach((each, i) => {
    const colour = series(i);
    if (each.low && !each.dots) band(drawn, each.x, each.low, each.high, colour);
    if (each.low && each.dots) each.x.forEach((x, k) => line(drawn, [x, x], [each.low[k], each.high[k]], { stroke: colour, "stroke-width": 1.4 }));
    if (!each.dots) line(drawn, each.x, each.y, { stroke: colour, ...(each.dashed || i > 6 ? { "stroke-dasharray": "6 3" } : {}) });
    each.x.forEach((x, k) => {
      if (each.dots || each.x.length < 25) mark(drawn, x, each.y[k], each.dots ? 2.6 : 2.2, { fill: colour });
      const ends = each.low ? ` (${digits(each.low[k])} to ${digits(each.high[k])})` : "";
      tell(drawn, x, each.y[k], () => `${each.name}\n${chart.x} ${digits(x)}\n${chart.y} ${digits(each.y[k])}${ends}`);
    });
  });
  if (chart.x === "epoch") now(drawn, view.epoch);
  hover(drawn);
}

function chartsOf(view) {
  return view.setting.charts.map((chart) => ({
    title: chart.title,
    note: chart.note,
    keys: chart.series.map(({ name, dashed }, i) => [series(i), name, dashed || i > 6 ? "dashed" : ""]),
    draw: (figure) => drawChart(figure, chart, view),
  }));
}
