// Numbers as people read them, as mibench.reports.words writes them.
const NONE = "\u2013";

function digits(value) {
  if (Number.isNaN(value)) return NONE;
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "\u2212inf";
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(2).split("e")[1]);
  const [mantissa, power] = value.toExponential(1).split("e");
  const padded = power && `${mantissa}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  const text = exponent >= 5 || exponent < -4 ? padded : value.toFixed(Math.max(0, Math.min(4, 2 - exponent)));
  return text.replaceAll("-", "\u2212");
}

function percent(share) {
  if (Number.isNaN(share)) return NONE;
  if (!Number.isFinite(share)) return digits(share);
  const rounded = Math.round(100 * share);
  if (rounded === 100 && share < 1) return "> 99 %";
  if (rounded === 0 && share > 0) return "< 1 %";
  return `${rounded} %`;
}

function plural(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

// A cell of a table of values must not become a formula of a spreadsheet.
function harmless(text) {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}
