// The part of the page that shows one setting at a time: what is asked for stands in the address, #setting=NAME&estimator=...
const given = JSON.parse(document.getElementById("data").textContent);
const holder = document.getElementById("setting");
const links = [...document.querySelectorAll("#setting-list a[data-setting]")];
const MODES = { mean: "mean of runs", run: "one run", runs: "all runs at an epoch" };
const FRAME = 70; // milliseconds between steps of the player
let state = null;
let setting = null;
let playing = 0;

const usual = (name) => ({ setting: name, estimator: "", over: "", unit: "bits", mode: "mean", run: null, epoch: null, colour: "epoch", nulls: true, trails: false, zoom: false });

function fromAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (!given.settings.includes(asked.get("setting"))) return null;
  const found = usual(asked.get("setting"));
  for (const key of ["estimator", "over"]) found[key] = asked.get(key) ?? "";
  if (asked.get("unit") === "nats") found.unit = "nats";
  if (asked.get("mode") in MODES) found.mode = asked.get("mode");
  if (asked.get("colour") === "layer") found.colour = "layer";
  for (const key of ["run", "epoch"]) if (/^\d+$/.test(asked.get(key) ?? "")) found[key] = Number(asked.get(key));
  for (const key of ["trails", "zoom"]) found[key] = asked.get(key) === "on";
  found.nulls = asked.get("nulls") !== "off";
  return found;
}

function toAddress() {
  const plain = usual(state.setting);
  const pairs = [["setting", state.setting]];
  for (const [key, value] of Object.entries(state)) {
    if (key !== "setting" && value !== plain[key] && value !== null) pairs.push([key, value === true ? "on" : value === false ? "off" : value]);
  }
  history.replaceState(null, "", `#${new URLSearchParams(pairs)}`);
}

function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

// The planes that are shown, and all that their drawings need to know.
function viewOf() {
  const find = (name) => setting.planes.find((plane) => plane.estimator === name);
  const main = find(state.estimator) ?? setting.planes[0];
  if (main && state.run >= main.runs.length) state.run = 0; // of an address, or of an estimator with more runs
  const over = state.over && state.over !== main?.estimator ? find(state.over) : null;
  const view = { ...state, setting, planes: main ? [main, ...(over ? [over] : [])] : [], unit: state.unit === "bits" ? BITS : 1, unitName: state.unit };
  view.curve = given.curve && setting.tags?.includes("szt") ? given.curve : null;
  if (main) {
    view.epochs = tracksOf(main, view).epochs;
    view.place = state.epoch === null ? view.epochs.length - 1 : upTo(view.epochs, state.epoch);
    view.epoch = view.epochs[view.place];
  } else view.epoch = state.epoch ?? setting.measures?.epochs.at(-1) ?? 0;
  return view;
}

function figureOf(part, name) {
  const figure = make("figure", { className: "drawn" });
  figure.dataset.name = name;
  figure.append(make("h4", { textContent: part.title }));
  part.draw(figure);
  const keys = make("p", { className: "keys" });
  for (const [colour, text, kind] of part.keys ?? []) {
    const swatch = make("i", { className: kind ?? "" });
    swatch.style.borderColor = colour;
    if (kind === "ramp") swatch.style.background = `linear-gradient(to right,${[0, 0.25, 0.5, 0.75, 1].map(ramp).join(",")})`;
    keys.append(make("span", {}, swatch, text));
  }
  figure.append(keys);
  const caption = make("figcaption", {}, part.note ? `${part.note} ` : "");
  const save = make("button", { type: "button", className: "download", textContent: "SVG" });
  save.append(make("span", { className: "unseen", textContent: ` of ${part.title}` }));
  save.addEventListener("click", () => saveSvg(figure));
  caption.append(save);
  figure.append(caption);
  return figure;
}

function planeKeys(view) {
  const main = view.planes[0];
  const keys = [...Array(main.layers).keys()].map((layer) => [series(layer), layerName(layer)]);
  if (view.colour === "epoch" && view.mode !== "runs") keys.push(["", `epoch 0 to ${main.epochs.at(-1)}, in equal ratios`, "ramp"]);
  if (view.planes.length > 1) keys.push([MUTED, `dashed, rings: ${view.planes[1].estimator}`, "dashed"]);
  if (view.nulls && main.null) keys.push(["", "null: labels permuted", "fill"]);
  if (view.curve) keys.push([INK, "IB curve of the stochastic rule", "dashed"]);
  return keys;
}

function planeNote(view) {
  const main = view.planes[0];
  const kept = main.epochs.length < main.of ? `${main.epochs.length} of ${main.of} recorded epochs are drawn.` : "";
  const single = view.mode === "mean" ? "" : ` Single runs are kept at ${main.single.epochs.length} epochs.`;
  const reasons = main.reasons.length ? ` No answer in places: ${main.reasons.join("; ")}.` : "";
  return `${kept}${single}${reasons}`.trim();
}

function drawnPanels(view) {
  const panels = make("div", { className: "panels" });
  const who = view.mode === "mean" ? `mean of ${plural(view.planes[0].runs.length, "run")}` : view.mode === "runs" ? `${plural(view.planes[0].runs.length, "run")} at epoch ${view.epoch}` : `run ${view.planes[0].runs[view.run ?? view.planes[0].median] ?? ""}`;
  panels.append(figureOf({ title: `Plane: ${view.planes[0].estimator}, ${who}`, keys: planeKeys(view), note: planeNote(view), draw: (figure) => drawPlane(figure, view) }, `${view.setting.name}-plane`));
  const several = view.planes[0].runs.length > 1;
  const spread = !several ? "" : view.mode === "run" ? "Thin: mean of runs; bands: one standard deviation over runs." : "Bands: one standard deviation over runs.";
  const side = make("div", { className: "side" });
  side.append(figureOf({ title: "I(X;T) against the epoch", note: spread, draw: (figure) => drawCurves(figure, view, 0) }, `${view.setting.name}-ix`));
  side.append(figureOf({ title: "I(T;Y) against the epoch", note: `${spread}${view.nulls && view.planes[0].null ? " Dotted: the null." : ""}`.trim(), draw: (figure) => drawCurves(figure, view, 1) }, `${view.setting.name}-iy`));
  panels.append(side);
  return panels;
}

// Everything in numbers at the epoch of the slider, for who reads tables.
function valuesTable(view) {
  const [main, ...others] = view.planes;
  const { epochs, tracks } = tracksOf(main, { ...view, mode: view.mode === "runs" ? "mean" : view.mode });
  const place = upTo(epochs, view.epoch);
  const heads = ["layer", `I(X;T) (${view.unitName})`, "sd over runs", `I(T;Y) (${view.unitName})`, "sd over runs", ...(main.null ? ["null of I(T;Y)"] : []), ...others.flatMap((each) => [`I(X;T), ${each.estimator}`, `I(T;Y), ${each.estimator}`])];
  const body = make("tbody");
  for (const track of tracks) {
    const meanAt = upTo(main.epochs, epochs[place]);
    const sd = (which) => (main.runs.length > 1 ? at(main.sd[which]) : NaN);
    const at = (array) => array.values[track.layer * main.epochs.length + meanAt] * view.unit;
    const second = others.flatMap((each) => {
      const found = tracksOf(each, { ...view, mode: view.mode === "runs" ? "mean" : view.mode });
      const i = upTo(found.epochs, epochs[place]);
      const same = found.tracks.find(({ layer }) => layer === track.layer);
      return same ? [same.x[i] * view.unit, same.y[i] * view.unit] : [NaN, NaN];
    });
    const cells = [track.x[place] * view.unit, sd(0), track.y[place] * view.unit, sd(1), ...(main.null ? [at(main.null)] : []), ...second];
    const name = make("th", { scope: "row", textContent: layerName(track.layer) });
    body.append(make("tr", {}, name, ...cells.map((value) => make("td", { textContent: number(value) }))));
  }
  const row = make("tr", {}, ...heads.map((text) => make("th", { scope: "col", textContent: text })));
  const table = make("table", {}, make("caption", { textContent: `Values at epoch ${epochs[place]}` }), make("thead", {}, row), body);
  return make("div", { className: "scroll values", tabIndex: 0, role: "group", ariaLabel: "Values, scrolls sideways" }, table);
}

function select(name, text, options, value) {
  const control = make("select", { name });
  for (const [key, label] of options) control.append(make("option", { value: key, textContent: label, selected: key === value }));
  return make("label", {}, text, control);
}

const tick = (name, text, value) => make("label", {}, make("input", { type: "checkbox", name, checked: value }), text);

function controlsOf(view) {
  const main = view.planes[0];
  const estimators = setting.planes.map((plane) => [plane.estimator, plane.estimator]);
  const form = make("form", { className: "controls" });
  form.append(select("estimator", "Estimator", estimators, main.estimator));
  if (estimators.length > 1) form.append(select("over", "and", [["", "none"], ...estimators.filter(([name]) => name !== main.estimator)], view.planes[1]?.estimator ?? ""));
  form.append(select("mode", "Show", Object.entries(MODES), state.mode));
  if (state.mode === "run") {
    const runs = main.runs.map((run, i) => [String(i), i === main.median ? `${run} (the median run)` : String(run)]);
    form.append(select("run", "Run", runs, String(state.run ?? main.median)));
  }
  if (state.mode === "runs") form.append(tick("trails", "trails", state.trails));
  else form.append(select("colour", "Colour by", [["epoch", "epoch"], ["layer", "layer"]], state.colour));
  form.append(select("unit", "Unit", [["bits", "bits"], ["nats", "nats"]], state.unit));
  if (main.null) form.append(tick("nulls", "null", state.nulls));
  form.append(tick("zoom", "fit axes", state.zoom));
  const play = make("button", { type: "button", className: "play" });
  const slider = make("input", { type: "range", name: "place", min: 0, max: view.epochs.length - 1, value: view.place, ariaLabel: "Epoch" });
  const output = make("output");
  form.append(make("label", { className: "time" }, play, slider, output));
  play.addEventListener("click", () => (playing ? stop() : start()));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    const place = Number(slider.value); // before the player stops, which puts the slider where it was
    stop();
    if (target === slider) return moveTo(place);
    state[target.name] = target.type === "checkbox" ? target.checked : target.name === "run" ? Number(target.value) : target.value;
    if (state.over === state.estimator) state.over = "";
    toAddress();
    show(true);
    holder.querySelector(`.controls [name="${target.name}"]`)?.focus();
  });
  return form;
}

function sayTime(view) {
  const form = holder.querySelector(".controls");
  if (!form) return;
  form.querySelector("output").textContent = `epoch ${view.epoch}`;
  form.querySelector("[name=place]").value = view.place;
  form.querySelector("[name=place]").setAttribute("aria-valuetext", `epoch ${view.epoch}`);
  form.querySelector(".play").textContent = playing ? "\u275a\u275a Pause" : "\u25b6 Play";
}

function moveTo(place) {
  const epochs = viewOf().epochs;
  state.epoch = place >= epochs.length - 1 ? null : epochs[place];
  redraw();
  if (!playing) toAddress();
}

function start() {
  const view = viewOf();
  let place = view.place >= view.epochs.length - 1 ? 0 : view.place;
  const step = Math.max(1, Math.round(view.epochs.length / 150));
  playing = setInterval(() => {
    moveTo(place);
    if (place >= view.epochs.length - 1) return stop();
    place = Math.min(place + step, view.epochs.length - 1);
  }, FRAME);
}

function stop() {
  clearInterval(playing);
  playing = 0;
  if (setting?.planes.length) {
    toAddress();
    sayTime(viewOf());
  }
}

// What the slider moves: the plane, the curves' cursor, the values.
function redraw() {
  const view = viewOf();
  holder.querySelector(".panels").replaceWith(drawnPanels(view));
  holder.querySelector(".values").replaceWith(valuesTable(view));
  sayTime(view);
}

function headOf() {
  const head = make("header");
  head.append(make("h3", { textContent: setting.name }), make("p", { className: "source" }, setting.title, make("br"), make("span", { className: "muted", textContent: setting.source ?? "" })));
  const facts = [];
  const planned = setting.runs;
  const ran = setting.planes[0]?.runs.length;
  if (ran) facts.push(plural(ran, "run"));
  const last = setting.measures?.epochs.at(-1) ?? setting.planes[0]?.epochs.at(-1);
  if (last) facts.push(`${last} epochs`);
  if (setting.widths) facts.push(setting.widths.join("-"));
  if (setting.activation) facts.push(setting.activation);
  if (setting.prefit) facts.push(`first ${setting.prefit} epochs on shuffled labels`);
  if (setting.variant_of) facts.push(`varies ${setting.variant_of}`);
  if (planned && ran && planned !== ran) facts.push(`${plural(planned, "run")} planned`);
  head.append(make("ul", { className: "chips" }, ...facts.map((text) => make("li", { textContent: text }))));
  const claims = given.claims[setting.name] ?? [];
  if (claims.length) {
    const list = make("ul", { className: "chips", ariaLabel: "Claims that this setting helps to decide" });
    for (const { id, title, verdict, word, here } of claims) {
      const link = make("a", { href: `#claim=${encodeURIComponent(id)}`, className: verdict, title: [`${title}. Here:`, ...here].join("\n"), textContent: `${id} ${word}` });
      link.addEventListener("click", (event) => {
        event.preventDefault(); // the address stays that of the setting
        showClaim(id);
      });
      list.append(make("li", {}, link));
    }
    head.append(list);
  }
  return head;
}

// All of the setting; `keep` leaves the head as it is.
function show(keep = false) {
  const view = viewOf();
  const parts = [keep ? holder.querySelector("header") : headOf()];
  if (view.planes.length) parts.push(controlsOf(view), drawnPanels(view), valuesTable(view));
  const small = make("div", { className: "small" });
  if (view.planes.length && view.planes[0].runs.length > 1) {
    const main = view.planes[0];
    const own = { ...view, mode: "run", run: main.median, planes: [main], epoch: main.epochs.at(-1), curve: view.curve };
    const part = { title: `Plane of the median run, ${main.runs[main.median]}`, note: "Runs are sorted by their squared distance from the mean trajectory; this is the one in the middle.", draw: (figure) => drawPlane(figure, own, { width: 420, height: 330, title: "Plane of the median run" }) };
    small.append(figureOf(part, `${setting.name}-median`));
  }
  for (const [i, part] of [...measuresOf(view), ...chartsOf(view)].entries()) small.append(figureOf(part, `${setting.name}-${i}`));
  if (small.children.length) parts.push(small);
  if (parts.length === 1) parts.push(make("p", { textContent: given.failed.includes(setting.name) ? "Nothing of this setting can be drawn: what failed is listed below." : "Nothing of this setting has been computed yet." }));
  holder.replaceChildren(...parts);
  sayTime(view);
}

async function open(wanted, focus) {
  setting = null; // first: what stops must not write the old setting's address
  stop();
  state = wanted;
  holder.setAttribute("aria-busy", "true");
  const found = await load(wanted.setting);
  if (state !== wanted) return; // another was asked for meanwhile
  setting = found;
  for (const link of links) {
    if (link.dataset.setting === setting.name) {
      link.setAttribute("aria-current", "true");
      link.closest("details")?.setAttribute("open", "");
    } else link.removeAttribute("aria-current");
  }
  show();
  holder.removeAttribute("aria-busy");
  if (focus) document.getElementById("planes").scrollIntoView();
}

function follow() {
  const asked = fromAddress();
  if (asked) open(asked, true);
}

function searchSettings(words) {
  const asked = words.toLowerCase().split(/\s+/).filter(Boolean);
  for (const link of links) link.parentElement.dataset.fits = asked.every((word) => link.textContent.toLowerCase().includes(word)) ? "yes" : "";
  for (const item of document.querySelectorAll("#setting-list li")) {
    const inner = [...item.querySelectorAll("li")].some((each) => each.dataset.fits);
    item.hidden = !item.dataset.fits && !inner;
    if (asked.length && inner) item.querySelector("details").open = true;
  }
  for (const list of document.querySelectorAll("#setting-list > ul")) {
    list.hidden = ![...list.children].some((item) => !item.hidden);
    list.previousElementSibling.hidden = list.hidden;
  }
  document.getElementById("setting-none").hidden = links.some((link) => !link.parentElement.hidden);
}

document.getElementById("setting-search").addEventListener("input", ({ target }) => searchSettings(target.value));
window.addEventListener("hashchange", follow);
isDark.addEventListener("change", () => setting && show(true));
const first = fromAddress();
if (first) open(first, true);
else if (given.settings.length) open(usual(given.settings[0]), false);
