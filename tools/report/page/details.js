// What is known of the box that was clicked.
function showDetails(item) {
  const box = $("details");
  box.replaceChildren();
  if (!item.isLeaf) return moduleDetails(box, item);
  const node = item.leaf;
  if (node.kind) {
    box.append(make("h2", {}, `${node.kind} ${node.kind === "input" ? item.name : node.in[0]}`), make("p", {}, node.type));
    return;
  }
  box.append(make("h2", {}, node.op));
  const spent = nanoseconds(node);
  facts(box, [
    ["module", node.module], ["phase", node.phase], ["result", node.out.map(([n, t]) => `${n}: ${t}`).join(", ")],
    ["reads", node.in.join(", ")], ["state", node.params.join(", ")],
    ["time", spent === undefined ? "" : `${time(spent)} (${share(spent)})`],
    ["FLOPs", node.flops ? flops(node.flops) : ""], ["bytes", node.bytes ? bytes(node.bytes) : ""],
    ["rate", spent && node.flops ? `${(node.flops / spent).toFixed(1)} GFLOP/s` : ""], ["made by", node.made],
  ]);
  box.append(make("h3", {}, "IR"), make("pre", { class: "wrap" }, node.text));
  for (const place of new Set(node.from.map((p) => p.join(":")))) sourceLines(box, place);
  generatedCode(box, node);
}

function moduleDetails(box, item) {
  box.append(make("h2", {}, item.name), make("p", {}, "Double-click opens it."));
  const spent = item.sum((n) => nanoseconds(n));
  facts(box, [
    ["holds", summary(item)], ["time", spent ? `${time(spent)} (${share(spent)})` : ""],
    ["FLOPs", flops(item.sum((n) => n.flops))], ["bytes", bytes(item.sum((n) => n.bytes))],
  ]);
}

function share(spent) {
  const total = Object.values(DATA.steps).reduce((a, b) => a + b, 0);
  return `${(100 * spent / total).toFixed(1)} % of a run`;
}

function facts(box, pairs) {
  const list = make("dl");
  for (const [name, value] of pairs) if (value) list.append(make("dt", {}, name), make("dd", {}, value));
  box.append(list);
}

function sourceLines(box, place) {
  const at = place.lastIndexOf(":"), file = place.slice(0, at), line = Number(place.slice(at + 1));
  const lines = DATA.sources[file];
  if (!lines) return;
  const pre = make("pre");
  for (const [number, text] of Object.entries(lines)) {
    if (Math.abs(number - line) > 4) continue;
    const row = make("span", Number(number) === line ? { class: "here" } : {});
    row.append(make("span", { class: "number" }, `${number.padStart(5)}  `), `${text}\n`);
    pre.append(row);
  }
  box.append(make("h3", {}, `${file}:${line}`), pre);
}

function generatedCode(box, node) {
  const names = node.out.length ? DATA.generated.steps[node.out[0][0]] || [] : [];
  for (const name of new Set(names))
    if (DATA.generated.functions[name])
      box.append(make("h3", {}, `generated C: ${name}`), make("pre", {}, DATA.generated.functions[name]));
}
