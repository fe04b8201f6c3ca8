// The list of runs and studies: lines that hold all the words.
const indexForm = document.getElementById("index-filter");
const indexLines = [...document.querySelectorAll("#index-table tbody tr")];

function filterIndex() {
  const words = new FormData(indexForm).get("words").toLowerCase().split(/\s+/).filter(Boolean);
  for (const line of indexLines) line.hidden = !words.every((word) => line.textContent.toLowerCase().includes(word));
  document.getElementById("index-count").textContent = `${indexLines.filter((line) => !line.hidden).length} of ${plural(indexLines.length, "line")}`;
}

if (indexForm) {
  indexForm.hidden = false;
  indexForm.addEventListener("input", filterIndex);
  indexForm.addEventListener("submit", (event) => event.preventDefault());
  filterIndex();
}
