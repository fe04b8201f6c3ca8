// Every figure is saved as a file: as it is, with the colours of white paper, which its own variables fall back to.
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
