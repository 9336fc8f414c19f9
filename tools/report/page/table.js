// All operations of the stage, in a table that sorts.
const tableView = { by: "time", down: true };
const COLUMNS = [
  ["op", "operation", (n) => n.op, (v) => v], ["module", "module", (n) => n.module, (v) => v],
  ["time", "time", (n) => nanoseconds(n) || 0, (v) => (v ? time(v) : ""), true],
  ["flops", "FLOPs", (n) => n.flops, (v) => (v ? flops(v) : ""), true],
  ["bytes", "bytes", (n) => n.bytes, (v) => (v ? bytes(v) : ""), true],
  ["rate", "GFLOP/s", (n) => (nanoseconds(n) ? n.flops / nanoseconds(n) : 0), (v) => (v ? v.toFixed(1) : ""), true],
  ["text", "line", (n) => n.text, (v) => shorten(v.split("\n")[0], 150)],
];
const MOST_ROWS = 400;

function showTable() {
  const table = $("table"), wanted = $("filter").value.trim().toLowerCase();
  const [, , value] = COLUMNS.find(([key]) => key === tableView.by);
  let rows = DATA.stages[state.stage].nodes.map((n) => DATA.nodes[n]);
  if (wanted) rows = rows.filter((n) => n.text.toLowerCase().includes(wanted) || n.module.toLowerCase().includes(wanted));
  rows = rows.map((n, i) => [n, value(n), i]);
  rows.sort((a, b) => (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : a[2] - b[2]) * (tableView.down ? -1 : 1));
  const head = make("tr");
  for (const [key, name, , , numeric] of COLUMNS) {
    const mark = key === tableView.by ? (tableView.down ? " ↓" : " ↑") : "";
    const cell = make("th", { class: numeric ? "number" : "", tabindex: 0, "data-key": key, "aria-sort": mark ? (tableView.down ? "descending" : "ascending") : "none" }, name + mark);
    const turn = () => { tableView.down = tableView.by === key ? !tableView.down : Boolean(numeric); tableView.by = key; showTable(); };
    cell.addEventListener("click", turn);
    cell.addEventListener("keydown", (e) => { if (e.key === "Enter") turn(); });
    head.append(cell);
  }
  const body = make("tbody");
  for (const [node] of rows.slice(0, MOST_ROWS)) {
    const row = make("tr");
    for (const [key, , of, spell, numeric] of COLUMNS) {
      const shown = spell(of(node));
      row.append(make("td", numeric ? { class: "number" } : {}, key === "text" ? make("code", {}, shown) : shown));
    }
    row.addEventListener("dblclick", () => { showView("graph"); const item = graphView.tree.producers.get((node.out[0] || [""])[0]); if (item) reveal(item); });
    body.append(row);
  }
  table.replaceChildren(make("thead", {}, head), body);
  $("rows").textContent = `${Math.min(rows.length, MOST_ROWS)} of ${rows.length} shown; double-click a row to see it in the graph`;
}

function showGradients() {
  const box = $("view-gradients");
  box.replaceChildren(make("p", {}, "What loss.backward() goes through, from the result back, under PyTorch's names of grad_fn."));
  const list = make("ol", { class: "chain" });
  for (const [name, line] of DATA.grad_fn) list.append(make("li", {}, make("b", {}, name), " ", make("code", {}, line)));
  box.append(list);
}
