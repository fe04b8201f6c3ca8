// Where a layer of two units puts images, along training: a drawing at the slider's epoch, and small ones of all epochs.
const classColour = (label) => `var(--class-${label % 10},${given.classes[label % 10]})`;
const chosen = { run: 0, quiet: new Set() }; // a run's place, and the classes that are not drawn

const galleryPlace = (view) => upTo(view.setting.gallery.epochs, view.epoch);
const labelsOf = (gallery) => [...new Set(gallery.labels)].sort((a, b) => a - b);

function galleryTold(gallery, place) {
  const share = gallery.accuracy?.[chosen.run][place];
  return `epoch ${gallery.epochs[place]}${share == null ? "" : `, ${percent(share)} right`}`;
}

// Dots are round ends of lines of no length, a path for each class; in three rounds, so that no class lies on all others.
function dotsOf(chart, gallery, place, size) {
  const [x, y] = [0, 1].map((unit) => along(gallery.values, chosen.run, place, unit));
  for (let round = 0; round < 3; round++) {
    for (const label of labelsOf(gallery)) {
      if (chosen.quiet.has(label)) continue;
      let d = "";
      for (let i = round; i < x.length; i += 3) if (gallery.labels[i] === label) d += `M${chart.at.x(x[i]).toFixed(1)} ${chart.at.y(y[i]).toFixed(1)}h0`;
      if (d) draw(chart.layer, "path", { d, class: "dots" }, { fill: "none", stroke: classColour(label), "stroke-width": size, "stroke-linecap": "round", opacity: 0.8 });
    }
  }
  return [x, y];
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

function drawGallery(figure, view, place) {
  const gallery = view.setting.gallery;
  const name = layerName(gallery.layer);
  const [xs, ys] = [0, 1].map((unit) => along(gallery.values, chosen.run, place, unit));
  const shape = { x: { ...limits(xs), label: `first unit of ${name}` }, y: { ...limits(ys), label: `second unit of ${name}` } };
  const chart = frame(figure, { width: fitting(560), height: 0.82 * fitting(560), ...shape, title: `Values of ${name} of ${view.setting.name}, ${galleryTold(gallery, place)}`, says: `A dot for each of ${gallery.labels.length} images, coloured by its ${given.class}; numbers stand at the middle of each ${given.class}.` });
  dotsOf(chart, gallery, place, 5);
  for (const label of labelsOf(gallery)) {
    if (chosen.quiet.has(label)) continue;
    const own = (values) => median([...values].filter((_, i) => gallery.labels[i] === label));
    const at = { x: chart.at.x(own(xs)), y: chart.at.y(own(ys)) + 5, "text-anchor": "middle", class: "digit" };
    draw(chart.layer, "text", at, { "font-size": "16px", "font-weight": 700, fill: INK, stroke: PAPER, "stroke-width": "4px", "paint-order": "stroke" }).textContent = label;
  }
}

function galleryStrip(view) {
  const gallery = view.setting.gallery;
  const strip = make("div", { className: "strip", role: "group", ariaLabel: "Epochs" });
  gallery.epochs.forEach((epoch, place) => {
    const button = make("button", { type: "button" });
    const [xs, ys] = [0, 1].map((unit) => along(gallery.values, chosen.run, place, unit));
    const svg = draw(button, "svg", { viewBox: "0 0 150 120", "aria-hidden": "true" });
    const scale = (values, from, to) => {
      const { low, high } = limits(values);
      return (value) => from + ((to - from) * (value - low)) / (high - low);
    };
    dotsOf({ layer: svg, at: { x: scale(xs, 6, 144), y: scale(ys, 114, 6) } }, gallery, place, 2.4);
    button.append(make("span", { textContent: galleryTold(gallery, place) }));
    button.addEventListener("click", () => {
      stop();
      moveTo(upTo(viewOf().epochs, epoch));
      holder.querySelectorAll(".strip button")[place]?.focus();
    });
    strip.append(button);
  });
  return strip;
}

function galleryFigure(view) {
  const place = galleryPlace(view);
  const gallery = view.setting.gallery;
  const part = { title: `${layerName(gallery.layer)} at ${galleryTold(gallery, place)}`, draw: (figure) => drawGallery(figure, view, place) };
  return figureOf(part, `${view.setting.name}-gallery-${gallery.epochs[place]}`);
}

function sayPlace(section, view) {
  section.querySelectorAll(".strip button").forEach((button, i) => {
    if (i === galleryPlace(view)) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  });
}

// The player has moved: what is drawn is of the last of its epochs that is not after the slider's.
function moveGallery(view) {
  const section = holder.querySelector(".units");
  const place = String(galleryPlace(view));
  if (section.dataset.place === place) return;
  section.dataset.place = place;
  section.querySelector("figure").replaceWith(galleryFigure(view));
  sayPlace(section, view);
}

function galleryLegend(gallery, redrawn) {
  const legend = make("div", { className: "legend", role: "group", ariaLabel: `Each ${given.class}: shown or not` });
  for (const label of labelsOf(gallery)) {
    const swatch = make("i");
    swatch.style.background = classColour(label);
    const button = make("button", { type: "button" }, swatch, String(label));
    button.setAttribute("aria-pressed", String(!chosen.quiet.has(label)));
    button.addEventListener("click", () => {
      if (!chosen.quiet.delete(label)) chosen.quiet.add(label);
      redrawn(`.legend button:nth-of-type(${1 + labelsOf(gallery).indexOf(label)})`);
    });
    legend.append(button);
  }
  return legend;
}

function galleryOf(view) {
  const gallery = view.setting.gallery;
  chosen.run = Math.min(chosen.run, gallery.runs.length - 1);
  const name = layerName(gallery.layer);
  const rows = gallery.heldOut ? "that were not trained on" : "of the set";
  const section = make("section", { className: "units", ariaLabel: `What ${name} has learnt` });
  const redrawn = (focus) => {
    const now = viewOf();
    section.replaceWith(galleryOf(now));
    holder.querySelector(`.units ${focus}`)?.focus();
  };
  section.append(make("h4", { textContent: `What the two units of ${name} have learnt` }));
  section.append(make("p", { className: "muted", textContent: `Each dot is one of ${gallery.labels.length} images ${rows}, at the two rounded numbers that ${name} makes of it; the exact plane counts such pairs. Axes reach as far as the values of the epoch. The slider above moves it too.` }));
  const bar = make("div", { className: "bar" });
  if (gallery.runs.length > 1) {
    const control = select("gallery-run", "Run", gallery.runs.map((run, i) => [String(i), String(run)]), String(chosen.run));
    control.addEventListener("input", ({ target }) => {
      chosen.run = Number(target.value);
      redrawn("select");
    });
    bar.append(control);
  }
  bar.append(galleryLegend(gallery, redrawn));
  section.append(bar, make("div", { className: "shown" }, galleryFigure(view), galleryStrip(view)));
  section.dataset.place = String(galleryPlace(view));
  sayPlace(section, view);
  return section;
}
