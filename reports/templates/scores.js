// The scores of any part of a run's trials, by the definitions of mibench.harness.score: one line per estimator, or per
// task or level of mutual information and estimator. NaN stands where there is no number.
const ROUNDING = 1e-9; // nats, of truths and bounds
const STANDARD_ERRORS = 3; // of a Monte Carlo truth, before it speaks against a bound

function unpack(packed) {
  const kinds = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f8: Float64Array };
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
  const columns = {};
  for (const [name, column] of Object.entries(packed.columns)) {
    const found = new kinds[column.kind](bytes(column.data));
    const values = column.of && new Float64Array(bytes(column.of));
    columns[name] = values ? Float64Array.from(found, (place) => values[place]) : found;
  }
  return { ...packed, columns };
}

// The columns of information as a view shows them, with what follows from them.
function seen(trials, view) {
  const { columns: raw, rows } = trials;
  const ok = Uint8Array.from(raw.status, (status) => trials.statuses[status] === "ok");
  const change = { raw: (x) => x, clipped: (x) => Math.max(x, 0), bits: (x) => x / Math.LN2 }[view];
  const scale = view === "bits" ? change : (x) => x;
  const found = { ok, level: view === "bits" ? raw.level_bits : raw.level, truth: raw.truth.map(scale) };
  for (const name of ["estimate", "low", "high", "lower", "upper"]) found[name] = raw[name].map(change);
  for (const name of ["error", "inside", "width", "held"]) found[name] = new Float64Array(rows).fill(NaN);
  for (let i = 0; i < rows; i += 1) {
    const truth = found.truth[i];
    if (!ok[i] || Number.isNaN(truth)) continue;
    found.error[i] = found.estimate[i] - truth;
    if (!Number.isNaN(found.low[i])) {
      found.inside[i] = found.low[i] <= truth && truth <= found.high[i];
      found.width[i] = found.high[i] - found.low[i];
    }
    if (!Number.isNaN(found.lower[i])) {
      const slack = ROUNDING + STANDARD_ERRORS * scale(raw.truth_std_error[i] || 0);
      found.held[i] = found.lower[i] - slack <= truth && truth <= found.upper[i] + slack;
    }
  }
  return found;
}

class Mean {
  sum = 0;
  count = 0;
  most = NaN;
  add(value) {
    if (Number.isNaN(value)) return;
    this.sum += value;
    this.count += 1;
    if (!(value <= this.most)) this.most = value;
  }
  get value() {
    return this.count ? this.sum / this.count : NaN;
  }
}

// Variance by Welford's recurrence, which does not cancel.
class Spread {
  count = 0;
  mean = 0;
  squares = 0;
  add(value) {
    if (Number.isNaN(value)) return;
    this.count += 1;
    const step = value - this.mean;
    this.mean += step / this.count;
    this.squares += step * (value - this.mean);
  }
  get variance() {
    return this.count > 1 ? this.squares / (this.count - 1) : NaN;
  }
}

class Line {
  constructor(row, shared) {
    Object.assign(this, { row, shared, rows: 0, ok: 0, peak: new Mean(), statuses: new Map(), strata: new Map() });
    this.means = {};
    for (const name of ["absolute", "bias", "square", "relative", "inside", "width", "held", "seconds", "estimate"]) {
      this.means[name] = new Mean();
    }
    this.open = false;
    this.errors = new Spread();
  }
  add(i, trials, view) {
    const { columns: raw } = trials;
    this.rows += 1;
    this.peak.add(raw.peak_mb[i]);
    if (!view.ok[i]) {
      this.statuses.set(raw.status[i], (this.statuses.get(raw.status[i]) ?? 0) + 1);
      return;
    }
    const error = view.error[i];
    const means = this.means;
    this.ok += 1;
    means.estimate.add(view.estimate[i]);
    means.seconds.add(raw.seconds[i]);
    means.bias.add(error);
    means.absolute.add(Math.abs(error));
    means.square.add(error * error);
    means.relative.add(view.truth[i] > trials.positive ? Math.abs(error) / view.truth[i] : NaN);
    means.inside.add(view.inside[i]);
    means.held.add(view.held[i]);
    means.width.add(Number.isFinite(view.width[i]) ? view.width[i] : NaN);
    this.open ||= view.width[i] === Infinity;
    this.errors.add(error);
    const stratum = raw.stratum[i];
    if (!this.strata.has(stratum)) this.strata.set(stratum, new Spread());
    this.strata.get(stratum).add(error);
  }
  told(trials, planned, repeated) {
    const means = this.means;
    const within = new Mean();
    for (const spread of this.strata.values()) within.add(spread.variance);
    const failures = [...this.statuses].sort(([a], [b]) => a - b).map(([status, n]) => `${trials.statuses[status]} ${n}`);
    if (planned > this.rows) failures.push(`not run ${planned - this.rows}`);
    return {
      planned,
      ok: this.ok,
      coverage: this.ok / planned,
      estimate: means.estimate.value,
      mae: means.absolute.value,
      bias: means.bias.value,
      sd: Math.sqrt(repeated ? within.value : this.errors.variance),
      rmse: Math.sqrt(means.square.value),
      relative: means.relative.value,
      worst: means.absolute.most,
      intervals: means.inside.count,
      interval_coverage: means.inside.value,
      interval_width: this.open ? Infinity : means.width.value,
      bounds: means.held.count,
      bounds_held: means.held.value,
      seconds: means.seconds.value,
      peak_mb: this.peak.most,
      failures: failures.join(", "),
    };
  }
}

// Mean |error| of every estimator on the cells that all who completed at least half of the cells have completed.
function common(trials, view, kept, cells, lines) {
  const { columns: raw } = trials;
  const deciding = new Set();
  for (const [estimator, line] of lines) if (line.ok >= trials.half * cells.size) deciding.add(estimator);
  const answered = (i) => !Number.isNaN(view.error[i]);
  const answers = new Uint32Array(cells.size); // of those who decide
  for (const i of kept) if (deciding.has(raw.estimator[i]) && answered(i)) answers[cells.get(raw.cell[i])] += 1;
  const complete = answers.map((count) => deciding.size > 0 && count === deciding.size);
  const size = complete.reduce((sum, each) => sum + each, 0);
  const means = new Map([...lines.keys()].map((estimator) => [estimator, new Mean()]));
  for (const i of kept) if (complete[cells.get(raw.cell[i])]) means.get(raw.estimator[i]).add(Math.abs(view.error[i]));
  const averages = [...means].filter(([, mean]) => size > 0 && mean.count === size);
  return { cells: size, estimators: deciding.size, means: new Map(averages.map(([each, mean]) => [each, mean.value])) };
}

// `keep(i)` says which trials count. `by` is "estimator", "task" or "level".
function summarise(trials, view, keep, by) {
  const { columns: raw } = trials;
  const kept = [];
  const cells = new Map(); // the first trial of each cell says of which task and level the cell is
  const strata = new Set();
  const lines = new Map();
  const planned = new Map();
  const groupOf = {
    estimator: () => 0,
    task: (i) => raw.stratum[i],
    level: (i) => `${view.level[i]} ${raw.n[i]}`,
  }[by];
  for (let i = 0; i < trials.rows; i += 1) {
    if (!keep(i)) continue;
    kept.push(i);
    const group = groupOf(i);
    if (!cells.has(raw.cell[i])) {
      cells.set(raw.cell[i], cells.size);
      planned.set(group, (planned.get(group) ?? 0) + 1);
      strata.add(raw.stratum[i]);
    }
    const key = by === "estimator" ? raw.estimator[i] : `${group} ${raw.estimator[i]}`;
    let line = lines.get(key);
    if (!line) lines.set(key, (line = new Line(i, group)));
    line.add(i, trials, view);
  }
  const repeated = cells.size > strata.size;
  const shared = by === "estimator" ? common(trials, view, kept, cells, lines) : { cells: 0, means: new Map() };
  const found = [...lines.values()].map((line) => {
    const i = line.row;
    const estimator = trials.estimators[raw.estimator[i]];
    return {
      estimator: estimator.name,
      about: estimator,
      row: i,
      together: line.shared,
      place: raw.stratum[i],
      task: trials.tasks[raw.task[i]].name,
      n: raw.n[i],
      level: view.level[i],
      truth: view.truth[i],
      mae_common: shared.means.get(raw.estimator[i]) ?? NaN,
      ...line.told(trials, planned.get(line.shared) ?? 0, repeated),
    };
  });
  return { lines: found, common: shared, cells: cells.size, trials: kept.length };
}
