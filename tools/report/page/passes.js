// What each pass changed: the lines before and after it, side by side.
const CONTEXT = 2; // unchanged lines shown around a change
const MOST_LINES = 1500;
const FUSED = /^(fused|packed|.*_relu$)/;

function showPasses() {
  const box = $("view-passes"), number = state.stage, stage = DATA.stages[number];
  box.replaceChildren();
  const before = number ? DATA.stages[number - 1] : null;
  const head = make("div", { class: "passhead" }, make("h2", {}, stage.name), make("span", {}, stage.what));
  box.append(head);
  if (!before) {
    box.append(make("p", {}, "The graph as it was traced: nothing stands before it. The slider above goes through the passes."));
    box.append(listing(stage.nodes.map((n) => ["same", DATA.nodes[n].text])));
    return;
  }
  const old = new Set(before.nodes), now = new Set(stage.nodes);
  const added = stage.nodes.filter((n) => !old.has(n)), removed = before.nodes.filter((n) => !now.has(n));
  const fused = added.filter((n) => FUSED.test(DATA.nodes[n].op)).length;
  const told = [`${before.nodes.length} → ${stage.nodes.length} operations`, `${added.length} added`, `${removed.length} removed`];
  if (fused) told.push(`${fused} fused or packed`);
  if (stage.ms !== null) told.push(`${stage.ms.toFixed(2)} ms`);
  head.append(make("b", {}, told.join(" · ")));
  if (!added.length && !removed.length) { box.append(make("p", {}, "It changed nothing here.")); return; }
  const columns = make("div", { class: "columns" });
  columns.append(
    make("div", {}, make("h3", {}, "before (− removed)"), listing(marked(before.nodes, now, "removed"))),
    make("div", {}, make("h3", {}, "after (+ added, ⊕ fused)"), listing(marked(stage.nodes, old, "added"))));
  box.append(columns);
}

// Lines with their marks; long stretches without a change are left out.
function marked(nodes, other, mark) {
  const kinds = nodes.map((n) => (other.has(n) ? "same" : mark === "added" && FUSED.test(DATA.nodes[n].op) ? "fused" : mark));
  const near = kinds.map((_, i) => kinds.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some((k) => k !== "same"));
  const lines = [];
  let skipped = 0;
  nodes.forEach((n, i) => {
    if (!near[i]) { skipped += 1; return; }
    if (skipped) lines.push(["skip", `${skipped} unchanged`]);
    skipped = 0;
    lines.push([kinds[i], DATA.nodes[n].text]);
  });
  if (skipped) lines.push(["skip", `${skipped} unchanged`]);
  return lines;
}

function listing(lines) {
  const code = make("div", { class: "code" });
  const sign = { added: "+ ", fused: "⊕ ", removed: "− ", same: "  ", skip: "" };
  for (const [kind, text] of lines.slice(0, MOST_LINES))
    code.append(make("div", { class: kind }, sign[kind] + text.split("\n")[0]));
  if (lines.length > MOST_LINES) code.append(make("div", { class: "skip" }, `${lines.length - MOST_LINES} more`));
  return code;
}
