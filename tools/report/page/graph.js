// The graph: open and closed modules, moving and zooming, search, colours.
const graphView = { open: new Set(), tree: null, items: [], scale: 1, x: 20, y: 20, matches: [] };
const COLOURS = {
  time: ["measured time", (n) => nanoseconds(n), time],
  flops: ["FLOPs", (n) => n.flops, flops],
  bytes: ["bytes read and written", (n) => n.bytes, bytes],
  pass: ["pass that made it", (n) => n.made, (v) => v],
  none: ["nothing", () => 0, () => ""],
};

function stageOf(number) {
  const stage = DATA.stages[number];
  if (!stage.tree) {
    const before = new Set(number ? DATA.stages[number - 1].nodes : []);
    for (const n of stage.nodes) if (!before.has(n) && DATA.nodes[n].made === undefined) DATA.nodes[n].made = stage.name;
    stage.tree = buildTree(stage);
  }
  return stage;
}

function showGraph(keep = false) {
  for (let i = 0; i <= state.stage; i += 1) stageOf(i);
  const tree = graphView.tree = stageOf(state.stage).tree;
  const root = layoutTree(tree, (item) => graphView.open.has(item.key));
  const svg = $("canvas");
  svg.replaceChildren();
  const defs = draw(svg, "defs");
  const marker = draw(defs, "marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" });
  draw(marker, "path", { d: "M0,0 L8,4 L0,8 z", fill: "currentColor", opacity: .7 });
  const stage = graphView.layer = draw(svg, "g");
  graphView.items = []; graphView.edges = [];
  const [, value] = COLOURS[state.colour];
  graphView.most = 0;
  if (state.colour !== "pass")
    visible(root, (item) => { item.heat = item.sum(value); graphView.most = Math.max(graphView.most, item.heat); });
  drawItem(root, stage, 0, 0, true);
  if (!keep) fit(); else move();
  legend();
}

function visible(item, visit) {
  for (const child of item.children)
    if (!child.isLeaf && graphView.open.has(child.key)) visible(child, visit);
    else visit(child);
}

function drawItem(item, parent, x, y, isRoot) {
  item.ax = x; item.ay = y;
  const frame = draw(parent, "g", { class: "frame" });
  if (!isRoot) {
    draw(frame, "rect", { x, y, width: item.w, height: item.h });
    const head = draw(frame, "text", { x: x + 10, y: y + 16 }, `− ${item.name}`);
    head.addEventListener("click", () => toggle(item));
    frame.dataset.key = item.key;
  }
  const below = draw(frame, "g");
  for (const child of item.children) {
    if (!child.isLeaf && graphView.open.has(child.key)) drawItem(child, frame, x + child.x, y + child.y, false);
    else drawBox(child, frame, x + child.x, y + child.y);
  }
  const arriving = new Map();
  for (const line of item.lines) arriving.set(line.to, (arriving.get(line.to) || 0) + 1);
  for (const line of item.lines) drawLine(line, below, x, y, item.lines.length < 60 && arriving.get(line.to) === 1);
}

function drawBox(item, parent, x, y) {
  item.ax = x; item.ay = y;
  const kind = item.isLeaf ? (item.leaf.kind ? "value" : "operation") : "container";
  const g = draw(parent, "g", { class: `node ${kind}`, "data-key": item.key, tabindex: -1 });
  draw(g, "rect", { x, y, width: item.w, height: item.h });
  const share = graphView.most ? (item.heat || 0) / graphView.most : 0;
  if (share > 0) {
    g.firstChild.style.fill = `color-mix(in srgb, rgb(var(--hot)) ${Math.round(12 + 48 * share)}%, var(--box))`;
    draw(g, "rect", { class: "heat", x: x + 4, y: y + item.h - 6, width: Math.max(2, (item.w - 8) * share), height: 3 });
  }
  if (state.colour === "pass" && item.isLeaf && item.leaf.made && item.leaf.made !== "traced")
    g.firstChild.style.fill = "color-mix(in srgb, var(--accent) 30%, var(--box))";
  const name = item.isLeaf ? item.name : `+ ${item.name}`;
  draw(g, "text", { x: x + item.w / 2, y: y + 16 }, shorten(name, 30));
  draw(g, "text", { class: "small", x: x + item.w / 2, y: y + 29 }, shorten(boxText(item), 38));
  draw(g, "title", {}, item.isLeaf ? item.leaf.text || `${item.name}: ${item.leaf.type}` : `${item.key.slice(2)}: ${summary(item)}`);
  g.addEventListener("click", (event) => { event.stopPropagation(); select(item); });
  g.addEventListener("dblclick", () => { if (!item.isLeaf) toggle(item); });
  if (state.selected === item.key) g.classList.add("selected");
  graphView.items.push({ item, g });
}

function boxText(item) {
  if (state.colour === "pass") return item.isLeaf ? item.leaf.made || "" : summary(item);
  const [, , spell] = COLOURS[state.colour];
  const shown = item.heat ? ` · ${spell(item.heat)}` : "";
  return `${summary(item)}${shown}`;
}

function drawLine(line, parent, x, y, label) {
  const end = (cell, down) => {
    const item = cell.key instanceof Item ? cell.key : null;
    if (!item) return [x + cell.x, y + cell.y];
    const ports = down ? item.outPorts : item.inPorts;
    const port = !item.isLeaf && graphView.open.has(item.key) && ports ? ports.get(line.edge.from.number) : null;
    const at = port ? item.x + port.x : cell.x;
    return [x + at, y + cell.y + (down ? cell.h / 2 : -cell.h / 2)];
  };
  const points = [end(line.from, true), ...(line.through || []).map((p) => [x + p.x, y + p.y]), end(line.to, false)];
  let path = `M${points[0]}`;
  for (let i = 1; i < points.length; i += 1) {
    const [ax, ay] = points[i - 1], [bx, by] = points[i];
    const bend = line.back ? 60 : (by - ay) / 2;
    path += ` C${ax},${ay + bend} ${bx},${by - bend} ${bx},${by}`;
  }
  const arrow = line.to.key instanceof Item;
  const drawn = draw(parent, "path", { class: `edge${line.back ? " back" : ""}`, d: path, ...(arrow ? { "marker-end": "url(#arrow)" } : {}) });
  draw(drawn, "title", {}, line.names.join("\n"));
  graphView.edges.push({ line, drawn });
  if (label && arrow && line.names.length === 1 && !line.back) {
    const [bx, by] = points[points.length - 1];
    draw(parent, "text", { class: "edgelabel", x: bx + 5, y: by - 9 }, line.edge.type);
  }
}

function toggle(item, scroll = true) {
  if (graphView.open.has(item.key)) graphView.open.delete(item.key); else graphView.open.add(item.key);
  const before = [item.ax * graphView.scale + graphView.x, item.ay * graphView.scale + graphView.y];
  showGraph(true);
  if (scroll) { graphView.x = before[0] - item.ax * graphView.scale; graphView.y = before[1] - item.ay * graphView.scale; move(); }
}

function move() {
  graphView.layer.setAttribute("transform", `translate(${graphView.x},${graphView.y}) scale(${graphView.scale})`);
}

function fit() {
  const { w, h } = graphView.tree.root, box = $("canvas").getBoundingClientRect();
  graphView.scale = Math.max(0.05, Math.min(1.2, (box.width - 30) / w, Math.max(0.7, (box.height - 30) / h)));
  graphView.x = (box.width - w * graphView.scale) / 2;
  graphView.y = 8;
  move();
}

function zoom(factor, at = null) {
  const box = $("canvas").getBoundingClientRect();
  const [px, py] = at || [box.width / 2, box.height / 2];
  const next = Math.max(0.03, Math.min(4, graphView.scale * factor));
  graphView.x = px - (px - graphView.x) * (next / graphView.scale);
  graphView.y = py - (py - graphView.y) * (next / graphView.scale);
  graphView.scale = next;
  move();
}

function centre(item) {
  const box = $("canvas").getBoundingClientRect();
  graphView.x = box.width / 2 - (item.ax + item.w / 2) * graphView.scale;
  graphView.y = box.height / 2 - (item.ay + item.h / 2) * graphView.scale;
  move();
}

function select(item) {
  state.selected = item.key;
  for (const { item: other, g } of graphView.items) g.classList.toggle("selected", other === item);
  for (const { line, drawn } of graphView.edges)
    drawn.classList.toggle("near", line.from.key === item || line.to.key === item);
  showDetails(item);
}

// Opens the modules around an operation, and shows it.
function reveal(item) {
  for (let p = item.parent; p && p.parent; p = p.parent) graphView.open.add(p.key);
  showGraph(true);
  select(item);
  centre(item);
}

function search(text) {
  const wanted = text.trim().toLowerCase();
  graphView.matches = wanted ? graphView.tree.all.filter((i) =>
    [i.name, i.leaf.text, i.leaf.module, ...(i.leaf.params || [])].some((t) => t && t.toLowerCase().includes(wanted))) : [];
  const keys = new Set(graphView.matches.map((i) => i.key));
  for (const { item, g } of graphView.items) {
    const hit = item.isLeaf ? keys.has(item.key) : wanted && [...item.leaves()].some((l) => keys.has(l.key));
    g.classList.toggle("match", Boolean(hit));
  }
  $("found").textContent = wanted ? `${graphView.matches.length} found${graphView.matches.length ? ", Enter: next" : ""}` : "";
}

function nextMatch() {
  if (!graphView.matches.length) return;
  const at = graphView.matches.findIndex((i) => i.key === state.selected);
  const next = graphView.matches[(at + 1) % graphView.matches.length];
  reveal(next);
  search($("search").value);
}

function legend() {
  const [what, , spell] = COLOURS[state.colour];
  const box = $("legend");
  box.replaceChildren();
  if (state.colour !== "none" && state.colour !== "pass")
    box.append(make("span", {}, `${what}: none`, make("i", { style: "background: linear-gradient(90deg, var(--box), rgba(var(--hot), .6))" }), `${spell(graphView.most)}; the bar below a name has that share of it`));
  if (state.colour === "pass") box.append("blue: made by a pass, which stands in the box");
  box.append(make("span", {}, "dashed box: a closed module · round: input or output · dashed arrow: back to an earlier module"));
}
