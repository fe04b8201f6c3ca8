// The leaderboard: filters choose trials, scores.js scores them, DataTables shows, sorts, searches and saves the lines.
const PAGE = 50; // lines
const ENDS = { coverage: ["ok", "planned"], interval_coverage: ["intervals"], bounds_held: ["bounds"] }; // saved with
const ONLY = {
  task: ["task"],
  n: ["task", "level"],
  level: ["level"],
  truth: ["task"],
  estimate: ["task"],
  ...Object.fromEntries(["rank", "rank_low", "mae_common", "mae_low"].map((key) => [key, ["estimator"]])),
};

// The columns of a grouping, each with its unit in the view; `usual` are those that are shown unless others are asked for.
function columnsOf(state) {
  const fits = given.columns.filter(({ key }) => !(key in ONLY) || ONLY[key].includes(state.by));
  return fits.map((column) => ({
    ...column,
    unit: column.unit === "nats" && state.view === "bits" ? "bits" : column.unit,
    usual: column.shown || (column.key === "mae" && state.by !== "estimator"),
  }));
}

function heading({ title, unit }) {
  return unit ? `${title} (${unit})` : title;
}

function shownText(column, value, line) {
  if (column.kind === "text") return value || NONE;
  if (column.kind === "interval") return Number.isNaN(value) ? NONE : `${digits(value)} to ${digits(line[column.end])}`;
  if (column.kind === "ranks") return Number.isNaN(value) ? NONE : `${value} to ${line[column.end]}`;
  if (column.kind === "count") return Number.isNaN(value) ? NONE : String(value);
  if (column.kind === "level") return Number.isNaN(value) ? NONE : String(Number(value.toPrecision(4)));
  if (column.key === "coverage") return `${percent(value)} (${line.ok}/${line.planned})`;
  return column.kind === "share" ? percent(value) : digits(value);
}

function cell(column) {
  const text = column.kind === "text";
  return (_, type, line) => {
    const value = line[column.key];
    if (type === "export") return text ? harmless(value) : Number.isNaN(value) ? "" : String(value);
    if (type !== "display") return type === "filter" ? (text ? value : shownText(column, value, line)) : value;
    const words = escape(shownText(column, value, line));
    const shown = text ? `<bdi>${words.replaceAll(",", ",<wbr>").replaceAll("[", "<wbr>[")}</bdi>` : words;
    return line.best.has(column.key) ? `<strong>${shown}</strong>` : shown;
  };
}

// Who stands in bold: the best of those that see only the data; nobody where a column tells no two apart.
function markBest(lines, columns) {
  for (const line of lines) line.best = new Set();
  const groups = new Map();
  for (const line of lines) {
    if (!groups.has(line.together)) groups.set(line.together, []);
    groups.get(line.together).push(line);
  }
  for (const group of groups.values()) {
    const fair = group.filter((line) => !line.about.gifted);
    const most = Math.max(...fair.map((line) => line.coverage));
    for (const { key, best } of columns) {
      if (best === "none" || key === "coverage") continue;
      const able = fair.filter((line) => key === "mae_common" || line.coverage >= most);
      const size = (line) => (best === "zero" ? Math.abs(line[key]) : line[key]);
      const sizes = new Set(able.map(size).filter((each) => !Number.isNaN(each)));
      if (sizes.size < 2) continue;
      const least = Math.min(...sizes);
      for (const line of able) if (size(line) === least) line.best.add(key);
    }
  }
}

function inOrder(lines, by) {
  const missingLast = (a, b) => Number.isNaN(a) - Number.isNaN(b) || a - b || 0;
  const text = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const place = by === "level" ? (a, b) => missingLast(a.level, b.level) || a.n - b.n : (a, b) => a.place - b.place;
  return lines.sort(
    (a, b) =>
      (by === "estimator" ? 0 : place(a, b)) ||
      b.coverage - a.coverage ||
      missingLast(a.mae_common, b.mae_common) ||
      missingLast(a.mae, b.mae) ||
      text(a.estimator, b.estimator),
  );
}

// DataTables in place of what stands in `holder`; `told` hears of what the reader changes in it.
function buildTable(holder, state, told) {
  const columns = columnsOf(state);
  const keys = columns.map((column) => column.key);
  const alongside = columns.flatMap(({ key, end }) => [...(end ? [end] : []), ...(ENDS[key] ?? [])]);
  const hidden = alongside.map((key) => ({ key, title: key, kind: "number", unit: "" }));
  const all = [...columns, ...hidden];
  const element = document.createElement("table");
  element.className = "board display";
  holder.replaceChildren(element);
  const isShown = (i) => table.column(i).visible();
  const saved = (i) => {
    const owner = columns.findIndex(({ key, end }) => end === all[i].key || ENDS[key]?.includes(all[i].key));
    return isShown(i < columns.length ? i : owner);
  };
  const unitOf = (key) => columns.find((column) => column.end === key)?.unit;
  const headings = [...columns.map(heading), ...alongside.map((key) => heading({ title: key, unit: unitOf(key) }))];
  const toSave = {
    columns: saved,
    orthogonal: "export",
    format: {
      header: (_, place, node) => headings[table.column(node).index()], // `place` is among the saved ones
      body: (value) => value,
    },
  };
  const csv = {
    fieldSeparator: ",",
    fieldBoundary: '"',
    escapeChar: '"',
    newline: "\n",
    exportOptions: toSave,
    customize: (text) => `${text.trimEnd()}\n`,
  };
  const table = new DataTable(element, {
    data: [],
    columns: all.map((column, i) => ({
      data: null,
      name: column.key,
      title: `${escape(column.title)}${column.unit ? ` <small>(${escape(column.unit)})</small>` : ""}`,
      type: column.kind === "text" ? "string" : "missing-last",
      className: column.kind === "text" ? "text" : "number",
      cellType: column.key === "estimator" ? "th" : "td",
      orderSequence: column.best === "high" || column.kind === "share" ? ["desc", "asc", ""] : ["asc", "desc", ""],
      render: cell(column),
      visible: i < columns.length && column.usual,
      searchable: i < columns.length,
    })),
    order: [],
    autoWidth: false,
    deferRender: true,
    pageLength: PAGE,
    lengthChange: false,
    layout: {
      topStart: {
        buttons: [
          { extend: "colvis", text: "Columns", columns: keys.map((_, i) => i) },
          { extend: "copyHtml5", text: "Copy as CSV", title: null, messageTop: null, messageBottom: null, ...csv },
          { extend: "csvHtml5", text: "Download CSV", filename: `${given.file}-leaderboard`, charset: "utf-8", ...csv },
        ],
      },
      topEnd: { search: { placeholder: "part of a name" } },
      bottomStart: "info",
      bottomEnd: "paging",
    },
    language: {
      search: "Search lines",
      info: "_START_ to _END_ of _TOTAL_ lines",
      infoEmpty: "no lines",
      infoFiltered: "(of _MAX_)",
      emptyTable: "No trial is left: reset the filters",
      zeroRecords: "No line holds these words",
    },
    createdRow: (row) => row.querySelector("th")?.setAttribute("scope", "row"),
  });
  columns.forEach((column, i) => Object.assign(table.column(i).header(), { title: column.meaning, scope: "col" }));
  const frame = element.closest(".dt-layout-table") ?? element.parentElement;
  Object.assign(frame, { tabIndex: 0, role: "group", ariaLabel: "Leaderboard, scrolls sideways" });
  table.on("order", () => told({ sort: table.order().map(([i, way]) => [all[i].key, way]).filter(([, way]) => way) }));
  table.on("search", () => told({ search: table.search() }, true));
  table.on("column-visibility", () => {
    const now = keys.filter((_, i) => isShown(i));
    const usual = columns.filter((column) => column.usual).map((column) => column.key);
    told({ columns: now.join() === usual.join() ? null : now });
  });
  table.on("draw", () => {
    table.table().container().classList.toggle("one-page", table.page.info().pages < 2);
  });
  return {
    fill(lines) {
      markBest(lines, columns);
      table.clear().rows.add(inOrder(lines, state.by)).draw();
    },
    // The sorting, the search and the columns that `wanted` asks for; no redraw.
    set(wanted) {
      const places = wanted.sort.map(([key, way]) => [keys.indexOf(key), way]).filter(([i]) => i >= 0);
      table.order(places);
      table.search(wanted.search);
      columns.forEach(({ key, usual }, i) => {
        const on = wanted.columns ? wanted.columns.includes(key) : usual;
        if (isShown(i) !== on) table.column(i).visible(on, false);
      });
      table.columns.adjust();
    },
    found: () => table.rows({ search: "applied" }).count(),
    destroy: () => table.destroy(true),
  };
}
