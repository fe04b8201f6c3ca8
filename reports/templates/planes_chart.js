// A drawing of axes, lines and points as an <svg>, whose colours follow the page and whose values a pointer tells.
const XMLNS = "http://www.w3.org/2000/svg";
const FALLBACKS = ["#426fcf", "#c47c08", "#25a683", "#b93322", "#924e8a", "#003f67", "#392a1f"];
const INK = "var(--ink,#1b1e23)";
const MUTED = "var(--muted,#5d6572)";
const RULE = "var(--rule,#dadde2)";
const PAPER = "var(--paper,#ffffff)";
const series = (i) => `var(--series-${i % 7},${FALLBACKS[i % 7]})`;
// Viridis, without its ends that vanish on white or on black.
const RAMP = [[68, 1, 84], [70, 50, 126], [54, 92, 141], [39, 127, 142], [31, 161, 135], [74, 193, 109], [160, 218, 57], [253, 231, 37]];
const isDark = window.matchMedia("(prefers-color-scheme: dark)");

function ramp(share) {
  const [from, to] = isDark.matches ? [0.22, 1] : [0, 0.86];
  const at = Math.min(Math.max(from + (to - from) * share, 0), 0.9999) * (RAMP.length - 1);
  const [a, b] = [RAMP[Math.floor(at)], RAMP[Math.floor(at) + 1]];
  return `rgb(${a.map((value, i) => Math.round(value + (b[i] - value) * (at % 1))).join(",")})`;
}

// How a number that may fall or rise is coloured, -1 to 1: blue where it falls, orange where it rises, grey at 0.
const FALLS = [[150, 155, 163], [60, 120, 205], [14, 30, 110]];
const RISES = [[150, 155, 163], [226, 120, 30], [150, 55, 0]];

function diverging(share) {
  if (!Number.isFinite(share)) return MUTED;
  const at = Math.min(Math.abs(share), 0.9999) * 2;
  const [a, b] = (share < 0 ? FALLS : RISES).slice(Math.floor(at));
  const mixed = a.map((value, i) => value + (b[i] - value) * (at % 1));
  const paper = isDark.matches ? 0.45 * Math.abs(share) : 0; // dark ends would vanish on dark paper
  return `rgb(${mixed.map((value) => Math.round(value + (255 - value) * paper)).join(",")})`;
}

function draw(parent, name, attributes, style = {}) {
  const element = document.createElementNS(XMLNS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  const said = Object.entries(style).map(([key, value]) => `${key}:${value}`).join(";");
  if (said) element.setAttribute("style", said);
  parent.append(element);
  return element;
}

function nice(span, count) {
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((each) => each * power >= rough * 0.999);
}

// Epochs from 0 and other numbers from above 0 on an axis of equal ratios.
const stretched = (axis) => (axis.log ? (axis.zero ? Math.log1p : Math.log) : (value) => value);

function ticks(axis) {
  if (!axis.log) {
    const step = nice(axis.high - axis.low || 1, axis.count ?? 8);
    const first = Math.ceil(axis.low / step - 1e-9);
    const found = [];
    for (let i = first; i * step <= axis.high + step * 1e-9; i++) found.push(Number((i * step).toPrecision(12)));
    return found;
  }
  const found = axis.zero && axis.low <= 0 ? [0] : [];
  const begin = Math.ceil(Math.log10(axis.zero ? Math.max(axis.low, 1) : axis.low) - 1e-9);
  for (let power = begin; 10 ** power <= axis.high * 1.0001; power++) found.push(10 ** power);
  if (found.length > 2) return found;
  for (let power = begin - 1; 10 ** power <= axis.high; power++) {
    for (const each of [2 * 10 ** power, 5 * 10 ** power]) if (each >= axis.low && each <= axis.high) found.push(Number(each.toPrecision(3)));
  }
  return found;
}

function tickText(value) {
  if (value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3)) return value.toExponential(0).replace("+", "").replace("-", "\u2212");
  return String(value).replace("-", "\u2212");
}

let drawings = 0;

// A figure with axes; `shape`: width, height, x and y ({low, high, label, log, zero}), title and what it says to who cannot see it.
function frame(figure, shape) {
  const { width, height, x, y } = shape;
  const [left, right, top, bottom] = [54, 20, 10, 38];
  const id = `drawing-${drawings++}`;
  const svg = draw(figure, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-desc` });
  draw(svg, "title", { id: `${id}-title` }).textContent = shape.title;
  draw(svg, "desc", { id: `${id}-desc` }).textContent = shape.says ?? shape.title;
  const scale = (axis, from, to) => {
    const of = stretched(axis);
    const [low, high] = [of(axis.low), of(axis.high)];
    return (value) => from + ((to - from) * (of(value) - low)) / (high - low || 1);
  };
  const at = { x: scale(x, left, width - right), y: scale(y, height - bottom, top) };
  const text = { "font-size": "11px", fill: MUTED };
  for (const value of ticks(x)) {
    draw(svg, "line", { x1: at.x(value), x2: at.x(value), y1: top, y2: height - bottom }, { stroke: RULE, "stroke-width": 0.7 });
    draw(svg, "text", { x: at.x(value), y: height - bottom + 14, "text-anchor": "middle" }, text).textContent = tickText(value);
  }
  for (const value of ticks(y)) {
    draw(svg, "line", { x1: left, x2: width - right, y1: at.y(value), y2: at.y(value) }, { stroke: RULE, "stroke-width": 0.7 });
    draw(svg, "text", { x: left - 6, y: at.y(value) + 4, "text-anchor": "end" }, text).textContent = tickText(value);
  }
  const label = { "font-size": "12px", fill: INK };
  draw(svg, "text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, label).textContent = x.label;
  draw(svg, "text", { x: 0, y: 0, "text-anchor": "middle", transform: `translate(11 ${(top + height - bottom) / 2}) rotate(-90)` }, label).textContent = y.label;
  const clip = draw(svg, "clipPath", { id: `${id}-clip` });
  draw(clip, "rect", { x: left - 5, y: top - 5, width: width - left - right + 10, height: height - top - bottom + 10 });
  const layer = draw(svg, "g", { "clip-path": `url(#${id}-clip)` });
  return { svg, layer, at, figure, points: [], box: { left, top, right: width - right, bottom: height - bottom }, width, height };
}

// "M" and "L" through the points that are there; a gap where one is missing.
function path(chart, xs, ys, until = xs.length - 1) {
  let text = "";
  let pen = "M";
  for (let i = 0; i <= until; i++) {
    const [x, y] = [chart.at.x(xs[i]), chart.at.y(ys[i])];
    if (Number.isFinite(x) && Number.isFinite(y)) {
      text += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
      pen = "L";
    } else pen = "M";
  }
  return text;
}

function line(chart, xs, ys, style, until) {
  const d = path(chart, xs, ys, until);
  if (!d) return null;
  return draw(chart.layer, "path", { d }, { fill: "none", "stroke-width": 1.8, "stroke-linejoin": "round", ...style });
}

function band(chart, xs, low, high, colour) {
  const places = [...xs.keys()].filter((i) => Number.isFinite(low[i]) && Number.isFinite(high[i]));
  if (places.length < 2) return;
  const point = (i, values) => `${chart.at.x(xs[i]).toFixed(1)} ${chart.at.y(values[i]).toFixed(1)}`;
  const d = `M${places.map((i) => point(i, high)).join("L")}L${places.reverse().map((i) => point(i, low)).join("L")}Z`;
  draw(chart.layer, "path", { d }, { fill: colour, opacity: 0.16, stroke: "none" });
}

function mark(chart, x, y, radius, style, name = "") {
  const [cx, cy] = [chart.at.x(x), chart.at.y(y)];
  if (!Number.isFinite(cx) || !Number.isFinite(cy)) return;
  draw(chart.layer, "circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: radius, ...(name && { class: name }) }, style);
}

// Tell `text()` when the pointer is near; only a few of the points are asked for it.
function tell(chart, x, y, text) {
  const at = { x: chart.at.x(x), y: chart.at.y(y), text };
  if (Number.isFinite(at.x) && Number.isFinite(at.y)) chart.points.push(at);
}

// The values of the nearest point beside the pointer.
function hover(chart) {
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  chart.figure.append(tip);
  const ring = draw(chart.svg, "circle", { r: 6, visibility: "hidden" }, { fill: "none", stroke: INK, "stroke-width": 1.5 });
  const hide = () => {
    tip.hidden = true;
    ring.setAttribute("visibility", "hidden");
  };
  chart.svg.addEventListener("pointermove", (event) => {
    const box = chart.svg.getBoundingClientRect();
    const zoom = chart.width / box.width;
    const [x, y] = [(event.clientX - box.left) * zoom, (event.clientY - box.top) * zoom];
    let [best, least] = [null, (28 * zoom) ** 2];
    for (const point of chart.points) {
      const far = (point.x - x) ** 2 + (point.y - y) ** 2;
      if (far < least) [best, least] = [point, far];
    }
    if (!best) return hide();
    tip.textContent = best.text();
    tip.hidden = false;
    ring.setAttribute("cx", best.x);
    ring.setAttribute("cy", best.y);
    ring.setAttribute("visibility", "visible");
    const outer = chart.figure.getBoundingClientRect();
    const [px, py] = [box.left - outer.left + best.x / zoom, box.top - outer.top + best.y / zoom];
    tip.style.left = `${Math.max(0, px + 14 + tip.offsetWidth > outer.width ? px - 14 - tip.offsetWidth : px + 14)}px`;
    tip.style.top = `${Math.max(0, py - tip.offsetHeight / 2)}px`;
  });
  chart.svg.addEventListener("pointerleave", hide);
}

// Room around what is shown: from 0, or in whole steps.
function limits(values, { zero = false, count = 6 } = {}) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return { low: 0, high: 1 };
  if (zero && low >= 0) return { low: 0, high: 1.03 * high || 1 };
  const step = nice(high - low || Math.abs(high) || 1, count * 2);
  low = Math.floor(low / step + 1e-9) * step;
  high = Math.ceil(high / step - 1e-9) * step;
  return low === high ? { low: low - step, high: high + step } : { low, high };
}
