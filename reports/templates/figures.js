// Every figure is saved as a file.
// A file that stands on its own: on white, of its own size, with the colours for white in place of the page's variables.
function standalone(svg) {
  const xmlns = "http://www.w3.org/2000/svg";
  const copy = svg.cloneNode(true);
  const [x, y, width, height] = copy.getAttribute("viewBox").split(/[\s,]+/).map(Number);
  const paper = document.createElementNS(xmlns, "rect");
  for (const [name, value] of Object.entries({ x, y, width, height, fill: "#ffffff" })) paper.setAttribute(name, value);
  copy.insertBefore(paper, copy.querySelector("desc").nextSibling);
  copy.setAttribute("width", `${width}pt`);
  copy.setAttribute("height", `${height}pt`);
  for (const each of copy.querySelectorAll("[style]")) {
    each.setAttribute("style", each.getAttribute("style").replace(/var\(--[\w-]+,\s*([^()]*)\)/g, "$1"));
  }
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

function saveSvg(figure) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([standalone(figure.querySelector("svg"))], { type: "image/svg+xml" }));
  link.download = `${figure.dataset.name}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

for (const figure of document.querySelectorAll("figure[data-name]")) {
  const title = figure.querySelector("h3, code").textContent;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "download" });
  button.append("Download SVG", Object.assign(document.createElement("span"), { className: "unseen", textContent: ` of ${title}` }));
  button.addEventListener("click", () => saveSvg(figure));
  figure.querySelector("figcaption").append(document.createElement("br"), button);
}
