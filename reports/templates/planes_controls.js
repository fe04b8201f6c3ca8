// What asks for a view: choices, the slider and its player.
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
  else form.append(select("colour", "Colour by", Object.entries(COLOURS).filter(([key]) => key !== "loss" || main.change), view.colour));
  form.append(select("unit", "Unit", UNITS.map((name) => [name, name]), state.unit));
  if (main.null) form.append(tick("nulls", "null", state.nulls));
  if (main.trust) form.append(tick("trust", "what the truth may be", state.trust));
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

// What the slider moves.
function redraw() {
  const view = viewOf();
  for (const part of moving(view)) holder.querySelector(`:scope > .${part.classList[0]}`).replaceWith(part);
  if (setting.gallery) moveGallery(view);
  sayTime(view);
}
