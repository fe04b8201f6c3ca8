// The part of the page that shows one setting at a time: what is asked for stands in the address, #setting=NAME&estimator=...
const holder = document.getElementById("setting");
const links = [...document.querySelectorAll("#setting-list a[data-setting]")];
const MODES = { mean: "mean of runs", run: "one run", runs: "all runs at an epoch" };
const UNITS = ["bits", "nats"];
const COLOURS = { epoch: "epoch", loss: "change of the loss", layer: "layer" };
const FRAME = 70; // milliseconds between steps of the player
let state = null;
let setting = null;
let playing = 0;

const usual = (name) => ({ setting: name, estimator: "", over: "", unit: given.unit, mode: "mean", run: null, epoch: null, colour: null, nulls: true, trust: true, trails: false, zoom: false });

function fromAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (!given.settings.includes(asked.get("setting"))) return null;
  const found = usual(asked.get("setting"));
  for (const key of ["estimator", "over"]) found[key] = asked.get(key) ?? "";
  if (UNITS.includes(asked.get("unit"))) found.unit = asked.get("unit");
  if (asked.get("mode") in MODES) found.mode = asked.get("mode");
  if (asked.get("colour") in COLOURS) found.colour = asked.get("colour");
  for (const key of ["run", "epoch"]) if (/^\d+$/.test(asked.get(key) ?? "")) found[key] = Number(asked.get(key));
  for (const key of ["trails", "zoom"]) found[key] = asked.get(key) === "on";
  for (const key of ["nulls", "trust"]) found[key] = asked.get(key) !== "off";
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
  if (view.colour === null || (view.colour === "loss" && !main?.change)) view.colour = main?.change ? "loss" : "epoch";
  view.curve = given.curve && setting.tags?.includes("szt") ? given.curve : null;
  if (main) {
    view.epochs = tracksOf(main, view).epochs;
    view.place = state.epoch === null ? view.epochs.length - 1 : upTo(view.epochs, state.epoch);
    view.epoch = view.epochs[view.place];
  } else view.epoch = state.epoch ?? setting.measures?.epochs.at(-1) ?? 0;
  return view;
}

// Colours and what they say, then a sentence.
function keysOf(keys, said = "") {
  const found = make("p", { className: "keys" });
  for (const [colour, text, kind, gradient] of keys) {
    const swatch = make("i", { className: kind ?? "" });
    swatch.style.borderColor = colour;
    if (gradient) swatch.style.background = gradient;
    found.append(make("span", {}, swatch, text));
  }
  if (said) found.append(make("span", { textContent: said }));
  return found;
}

function figureOf(part, name) {
  const figure = make("figure", { className: "drawn" });
  figure.dataset.name = name;
  figure.append(make("h4", { textContent: part.title }));
  part.draw(figure);
  figure.append(keysOf(part.keys ?? []));
  const caption = make("figcaption", {}, part.note ? `${part.note} ` : "");
  const save = make("button", { type: "button", className: "download", textContent: "SVG" });
  save.append(make("span", { className: "unseen", textContent: ` of ${part.title}` }));
  save.addEventListener("click", () => saveSvg(figure));
  caption.append(save);
  figure.append(caption);
  return figure;
}

// What colours along a path say.
function shadeKeys(view) {
  const main = view.planes[0];
  const gradient = (colour) => `linear-gradient(to right,${[0, 0.25, 0.5, 0.75, 1].map(colour).join(",")})`;
  if (view.colour === "epoch") return [["", `epoch 0 to ${main.epochs.at(-1)}, in equal ratios`, "ramp", gradient(ramp)]];
  if (view.colour === "layer") return [];
  const changes = main.change.values.filter(Number.isFinite);
  const [low, high] = [Math.min(...changes, 0), Math.max(...changes, 0)];
  const colour = (share) => diverging((low + share * (high - low)) / mostChange(main));
  return [["", `training loss changes by ${digits(low)} to ${digits(high)} in an epoch; grey: by 0, or not known`, "ramp", gradient(colour)]];
}

function planeKeys(view) {
  const main = view.planes[0];
  const keys = [...Array(main.layers).keys()].map((layer) => [series(layer), layerName(layer)]);
  if (view.mode !== "runs") keys.push(...shadeKeys(view));
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
  const truths = view.trust && view.planes[0].trust ? `${view.mode === "run" ? "Thin: mean of runs. " : ""}Bands: what the truth may be, by the control.` : spread;
  side.append(figureOf({ title: `${I_X} against the epoch`, note: truths, draw: (figure) => drawCurves(figure, view, 0) }, `${view.setting.name}-ix`));
  side.append(figureOf({ title: `${I_Y} against the epoch`, note: `${spread}${view.nulls && view.planes[0].null ? " Dotted: the null." : ""}`.trim(), draw: (figure) => drawCurves(figure, view, 1) }, `${view.setting.name}-iy`));
  panels.append(side);
  return panels;
}

// What the slider moves, in the order of the page: each layer as published, the plane and its curves, the values.
const moving = (view) => [...(isRaw(view) ? [layerPanels(view)] : []), drawnPanels(view), valuesTable(view)];

// Everything in numbers at the epoch of the slider, for who reads tables.
function valuesTable(view) {
  const [main, ...others] = view.planes;
  const { epochs, tracks } = tracksOf(main, { ...view, mode: view.mode === "runs" ? "mean" : view.mode });
  const place = upTo(epochs, view.epoch);
  const known = [["null", `null of ${I_Y}`], ["lossBound", "lost by compression, at most"]].filter(([key]) => main[key]);
  const heads = ["layer", `${I_X} (${view.unitName})`, "sd over runs", `${I_Y} (${view.unitName})`, "sd over runs", ...known.map(([, text]) => text), ...(tracks[0].trust ? [`${I_X} in truth, by the control`] : []), ...others.flatMap((each) => [`${I_X}, ${each.estimator}`, `${I_Y}, ${each.estimator}`])];
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
    const cells = [track.x[place] * view.unit, sd(0), track.y[place] * view.unit, sd(1), ...known.map(([key]) => at(main[key])), ...second];
    const name = make("th", { scope: "row", textContent: layerName(track.layer) });
    const numbers = cells.map((value) => make("td", { textContent: number(value) }));
    if (track.trust) numbers.splice(4 + known.length, 0, make("td", { textContent: truthOf(track, place, view) }));
    body.append(make("tr", {}, name, ...numbers));
  }
  const row = make("tr", {}, ...heads.map((text) => make("th", { scope: "col", textContent: text })));
  const table = make("table", {}, make("caption", { textContent: `Values at epoch ${epochs[place]}` }), make("thead", {}, row), body);
  return make("div", { className: "values scroll", tabIndex: 0, role: "group", ariaLabel: "Values, scrolls sideways" }, table);
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
  if (setting.restarted) facts.push(`${plural(setting.restarted, "run")} begun again`);
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
  if (view.planes.length) parts.push(controlsOf(view), ...moving(view));
  if (setting.gallery) parts.push(galleryOf(view));
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
