// What a reader asked for, in the page's address, so that a view can be shared: #leaderboard&task=blobs&n=500&sort=-mae.
// The first word without a value is the section; several values of one filter are several pairs of the same name.
const FACETS = {
  task: { title: "Task", of: (t, i) => [t.tasks[t.columns.task[i]].family] },
  tag: { title: "Tag", of: (t, i) => t.tasks[t.columns.task[i]].tags },
  level: { title: "MI (nats)", of: (t, i) => [levelName(t.columns.level[i])], numeric: true },
  n: { title: "n", of: (t, i) => [String(t.columns.n[i])], numeric: true },
  group: { title: "Estimators", of: (t, i) => [t.estimators[t.columns.estimator[i]].group], lines: true },
  kind: { title: "Kind", of: (t, i) => t.estimators[t.columns.estimator[i]].tags, lines: true },
};
const GROUPINGS = { estimator: "estimator", level: "estimator and level of MI", task: "estimator and task" };
const VIEWS = { raw: "raw, in nats", clipped: "clipped at 0, in nats", bits: "raw, in bits" };

function levelName(level) {
  return Number.isNaN(level) ? "unknown" : String(level);
}

function initial() {
  return {
    section: "",
    ...Object.fromEntries(Object.keys(FACETS).map((name) => [name, []])),
    name: "", // part of a task's name
    by: "estimator",
    view: "raw",
    search: "",
    sort: [], // [key, "asc" or "desc"]
    columns: null, // keys of those that are shown; null for the usual ones
  };
}

function toHash(state) {
  const pairs = [];
  for (const name of Object.keys(FACETS)) for (const value of state[name]) pairs.push([name, value]);
  for (const name of ["name", "by", "view", "search"]) {
    if (state[name] !== initial()[name]) pairs.push([name, state[name]]);
  }
  for (const [key, direction] of state.sort) pairs.push(["sort", direction === "desc" ? `-${key}` : key]);
  if (state.columns) pairs.push(["columns", state.columns.join(" ")]);
  const said = new URLSearchParams(pairs).toString();
  return [state.section || (said && "leaderboard"), said].filter(Boolean).join("&");
}

// `allowed` says which values a filter can have and which columns there are; what else a link asks for is in `unknown`.
function fromHash(hash, allowed) {
  const state = initial();
  const unknown = [];
  const known = (name, value, values) => values.includes(value) || (unknown.push(`${name} ${value}`), false);
  const [first, ...rest] = hash.replace(/^#/, "").split("&");
  if (!first.includes("=")) state.section = first;
  for (const [name, value] of new URLSearchParams(first.includes("=") ? hash.replace(/^#/, "") : rest.join("&"))) {
    if (name in FACETS) {
      if (known(FACETS[name].title, value, allowed[name])) state[name].push(value);
    } else if (name === "name" || name === "search") {
      state[name] = value;
    } else if (name === "by") {
      if (known("lines by", value, Object.keys(GROUPINGS))) state.by = value;
    } else if (name === "view") {
      if (known(name, value, Object.keys(VIEWS))) state.view = value;
    } else if (name === "sort") {
      const key = value.replace(/^-/, "");
      if (known("column", key, allowed.columns)) state.sort.push([key, value === key ? "asc" : "desc"]);
    } else if (name === "columns") {
      state.columns = value.split(" ").filter((key) => key && known("column", key, allowed.columns));
    } else {
      unknown.push(`${name} ${value}`);
    }
  }
  return { state, unknown };
}
