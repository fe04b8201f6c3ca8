// DataTables on every small table, and what all tables share: missing numbers last whatever the direction, dark paper.
const DataTable = globalThis.DataTable;
const amount = (value) => (value === "" || value === null ? NaN : Number(value));

DataTable.type("missing-last", {
  order: {
    pre: amount,
    asc: (a, b) => Number.isNaN(a) - Number.isNaN(b) || a - b || 0,
    desc: (a, b) => Number.isNaN(a) - Number.isNaN(b) || b - a || 0,
  },
});

function followScheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => document.documentElement.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", paint);
  paint();
}

function sortable(table) {
  const cells = [...(table.tBodies[0].rows[0]?.cells ?? [])];
  const kinds = [...table.tHead.rows[0].cells].map((_, i) => (cells[i]?.matches("th, .text") ?? true ? "text" : "number"));
  const long = table.tBodies[0].rows.length > 50;
  new DataTable(table, {
    paging: long,
    pageLength: 50,
    lengthChange: false,
    searching: long,
    info: long,
    order: [],
    autoWidth: false,
    columns: kinds.map((kind) => ({ type: kind === "text" ? "string" : "missing-last", className: kind })),
    layout: {
      topStart: null,
      topEnd: long ? "search" : null,
      bottomStart: long ? "info" : null,
      bottomEnd: long ? "paging" : null,
    },
    language: { search: "Search lines", info: "_START_ to _END_ of _TOTAL_ lines", infoFiltered: "(of _MAX_)" },
  });
}

followScheme();
for (const table of document.querySelectorAll("table.sortable")) sortable(table);
