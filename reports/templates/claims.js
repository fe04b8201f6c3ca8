// The table of verdicts: filters, and lines that a link into the page opens.
const claimLines = [...document.querySelectorAll(".claim")];
const claimForm = document.getElementById("claim-filters");

function filterClaims() {
  const asked = new FormData(claimForm);
  const verdicts = asked.getAll("verdict");
  const words = asked.get("words").toLowerCase().split(/\s+/).filter(Boolean);
  for (const line of claimLines) {
    const text = line.querySelector("summary").textContent.toLowerCase();
    const fits = verdicts.includes(line.dataset.verdict) && (!asked.get("paper") || line.dataset.paper === asked.get("paper"));
    line.hidden = !fits || !words.every((word) => text.includes(word));
  }
  const shown = claimLines.filter((line) => !line.hidden).length;
  document.getElementById("claim-count").textContent = `${shown} of ${plural(claimLines.length, "claim")}`;
}

// Open a claim and go to it, though a filter hides it.
function showClaim(id) {
  const line = claimLines.find((each) => each.dataset.id === id);
  if (!line) return;
  line.hidden = false;
  line.open = true;
  line.scrollIntoView({ block: "start" });
  line.querySelector("summary").focus({ preventScroll: true });
}

const followClaim = () => showClaim(new URLSearchParams(location.hash.slice(1)).get("claim"));

if (claimForm) {
  claimForm.hidden = false;
  claimForm.addEventListener("input", filterClaims);
  claimForm.addEventListener("submit", (event) => event.preventDefault());
  const all = document.getElementById("claim-open");
  all.addEventListener("click", () => {
    const open = all.textContent === "Open all";
    for (const line of claimLines) line.open = open;
    all.textContent = open ? "Close all" : "Open all";
  });
  filterClaims();
  window.addEventListener("hashchange", followClaim);
  followClaim();
}
