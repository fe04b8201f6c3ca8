// Sorting of tables marked "sortable". Without this script they are plain tables.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const original = new Map([...body.rows].map((row, place) => [row, place]));
  const text = new Intl.Collator("en", { numeric: true });
  const read = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();

  function sort(column) {
    const head = heads[column];
    const first = head.dataset.first || "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const direction = head.getAttribute("aria-sort") === first ? other : first;
    const sign = direction === "ascending" ? 1 : -1;
    const numeric = head.dataset.kind !== "text";
    const rows = [...body.rows].sort((a, b) => {
      const [left, right] = [read(a, column), read(b, column)];
      if (left === "" || right === "") {
        return (left === "") - (right === "") || original.get(a) - original.get(b);
      }
      const order = numeric ? Number(left) - Number(right) : text.compare(left, right);
      return sign * order || original.get(a) - original.get(b);
    });
    body.append(...rows);
    for (const each of heads) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction);
  }

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column));
    head.append(button);
  });
}
