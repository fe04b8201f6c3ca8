// The page: filters above the leaderboard, the address that remembers them, and the words that say what is shown.
const given = JSON.parse(document.getElementById("data").textContent);
const trials = unpack(given.trials);
const values = facetValues();
const allowed = { ...values, columns: given.columns.map((column) => column.key) };
const views = new Map();
const whole = { cells: 0, estimators: trials.estimators.length };
let state = initial();
let board = null;
let builtFor = "";
let quiet = false; // while the page itself changes the table

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function facetValues() {
  const order = new Intl.Collator("en", { numeric: true }).compare;
  const found = {};
  for (const [name, facet] of Object.entries(FACETS)) {
    const all = new Set();
    for (let i = 0; i < trials.rows; i += 1) for (const value of facet.of(trials, i)) all.add(value);
    found[name] = [...all].sort((a, b) => (facet.numeric && Number(a) - Number(b)) || order(a, b));
  }
  return found;
}

function viewed(view) {
  if (!views.has(view)) views.set(view, seen(trials, view));
  return views.get(view);
}

// Which trials the filters keep (`counts`), and whose lines they show (`shows`).
function chosen(wanted) {
  const active = Object.entries(FACETS).filter(([name]) => wanted[name].length);
  const sets = new Map(active.map(([name]) => [name, new Set(wanted[name])]));
  const any = (name, facet, i) => facet.of(trials, i).some((value) => sets.get(name).has(value));
  const words = wanted.name.toLowerCase().split(/\s+/).filter(Boolean);
  const named = trials.tasks.map(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
  const ofCells = active.filter(([, facet]) => !facet.lines);
  const ofLines = active.filter(([, facet]) => facet.lines);
  return {
    narrowed: ofCells.length > 0 || words.length > 0,
    counts: (i) => named[trials.columns.task[i]] && ofCells.every(([name, facet]) => any(name, facet, i)),
    shows: (i) => ofLines.every(([name, facet]) => any(name, facet, i)),
  };
}

function scored(wanted) {
  const { narrowed, counts, shows } = chosen(wanted);
  const found = summarise(trials, viewed(wanted.view), counts, wanted.by);
  const ranked = !narrowed && wanted.by === "estimator" && wanted.view !== "clipped";
  for (const line of found.lines) {
    const ranks = ranked ? given.ranks[line.estimator] : {};
    for (const key of ["rank", "rank_low", "rank_high", "mae_low", "mae_high"]) {
      const scale = key.startsWith("mae") && wanted.view === "bits" ? Math.LN2 : 1;
      line[key] = (ranks[key] ?? NaN) / scale;
    }
  }
  return { ...found, narrowed, ranked, lines: found.lines.filter((line) => shows(line.row)) };
}

function show(wanted) {
  quiet = true;
  const purpose = `${wanted.by} ${wanted.view}`;
  if (purpose !== builtFor) {
    board?.destroy();
    board = buildTable(document.getElementById("board"), wanted, changed);
    builtFor = purpose;
  }
  const found = scored(wanted);
  board.set(wanted);
  board.fill(found.lines);
  tell(wanted, found);
  mirror(wanted);
  quiet = false;
}

function tell(wanted, found) {
  whole.cells ||= new Set(trials.columns.cell).size;
  const said = [`Scored on ${found.cells} of ${plural(whole.cells, "cell")} (${plural(found.trials, "trial")}).`];
  if (wanted.by === "estimator") said.push(commonSaid(found));
  if (wanted.by === "estimator" && !found.ranked) {
    said.push("Ranks and intervals are of the whole board, raw: they are not shown here.");
  }
  if (wanted.view === "clipped") said.push("Estimates, intervals and bounds below 0 are shown as 0.");
  document.getElementById("said").textContent = said.join(" ");
}

function commonSaid({ common }) {
  if (!common.cells) return "No cell was completed by every estimator with coverage of at least half: no common error.";
  return `MAE, common: over the ${common.cells} cells that all ${common.estimators} estimators with coverage of at least half completed.`;
}

// What the reader changed, into the address; typing does not fill the history.
function changed(part, typing = false) {
  if (quiet) return;
  state = { ...state, ...part };
  remember(typing);
}

function remember(typing = false) {
  const hash = `#${toHash(state)}`;
  if (hash === (location.hash || "#")) return;
  history[typing ? "replaceState" : "pushState"](null, "", hash === "#" ? location.pathname + location.search : hash);
}

function ask(part, typing = false) {
  state = { ...state, ...part };
  remember(typing);
  show(state);
}

// The controls, made once; `mirror` sets them to a state.
const form = document.getElementById("filters");
const mirrors = [];

function mirror(wanted) {
  for (const set of mirrors) set(wanted);
}

function addFacet(name) {
  const { title } = FACETS[name];
  if (values[name].length < 2) return;
  const count = make("span", { className: "count" });
  const boxes = values[name].map((value) => make("input", { type: "checkbox", name, value }));
  const labels = boxes.map((box) => make("label", {}, box, make("bdi", { textContent: box.value })));
  const fields = make("fieldset", {}, make("legend", { textContent: title }), ...labels);
  const fold = make("details", { className: "facet" }, make("summary", {}, `${title} `, count), fields);
  fields.addEventListener("change", () => ask({ [name]: boxes.filter((box) => box.checked).map((box) => box.value) }));
  fold.addEventListener("toggle", () => {
    fields.style.left = "";
    const beyond = fields.getBoundingClientRect().right - document.documentElement.clientWidth + 8;
    if (beyond > 0) fields.style.left = `${-beyond}px`;
  });
  fold.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !fold.open) return;
    fold.open = false;
    fold.querySelector("summary").focus();
  });
  mirrors.push((wanted) => {
    for (const box of boxes) box.checked = wanted[name].includes(box.value);
    const some = wanted[name].length;
    count.textContent = some ? `${some} of ${boxes.length}` : "all";
    fold.classList.toggle("on", some > 0);
  });
  form.append(fold);
}

function addChoice(name, title, choices) {
  const options = Object.entries(choices).map(([value, text]) => make("option", { value, textContent: text }));
  const select = make("select", {}, ...options);
  select.addEventListener("change", () => ask({ [name]: select.value }));
  mirrors.push((wanted) => (select.value = wanted[name]));
  form.append(make("label", { className: "choice" }, `${title} `, select));
}

function addControls() {
  addChoice("by", "One line per", GROUPINGS);
  addChoice("view", "View", VIEWS);
  for (const name of Object.keys(FACETS)) addFacet(name);
  if (trials.tasks.length > 1) {
    const words = make("input", { type: "search", placeholder: "such as size=16", autocomplete: "off" });
    words.addEventListener("input", () => ask({ name: words.value }, true));
    mirrors.push((wanted) => words === document.activeElement || (words.value = wanted.name));
    form.append(make("label", { className: "choice" }, "Task name holds ", words));
  }
  const reset = make("button", { type: "button", textContent: "Reset" });
  reset.addEventListener("click", () => {
    builtFor = "";
    ask({ ...initial(), section: state.section });
  });
  form.append(reset);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("pointerdown", (event) => {
    for (const fold of form.querySelectorAll("details[open]")) if (!fold.contains(event.target)) fold.open = false;
  });
  form.hidden = false;
  for (const each of document.querySelectorAll(".scripted")) each.hidden = false;
}

function goTo(section) {
  const target = section && document.getElementById(section);
  if (!target) return;
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
  target.scrollIntoView();
}

function fromAddress() {
  const { state: wanted, unknown } = fromHash(location.hash, allowed);
  const moved = wanted.section !== state.section;
  state = wanted;
  show(state);
  const note = document.getElementById("unknown");
  note.textContent = unknown.length ? `The link asks for what this run does not have: ${unknown.join(", ")}.` : "";
  if (moved) goTo(state.section);
}

function start() {
  addControls();
  fromAddress();
  addEventListener("popstate", fromAddress);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    state = { ...state, section: link.hash.slice(1) };
    remember();
    goTo(state.section);
  });
  performance.mark("interactive");
}

if (trials.rows) start();
