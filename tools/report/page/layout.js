// A layered layout, module by module from the inside out: ranks by longest path, order by barycentres, long edges
// through points of their own in the ranks between. An open module is laid out alone and is then one box in its parent.
const GAP_X = 18, GAP_Y = 40, HEAD = 24, PAD = 14;

function boxSize(item) {
  const label = Math.max(Math.min(30, item.name.length + 2) * 7.2, Math.min(38, summary(item).length + 12) * 5.6);
  return [Math.max(84, label + 16), item.leaf && item.leaf.kind ? 34 : 44];
}

function summary(item) {
  if (item.leaf) return item.leaf.kind ? item.leaf.type : (item.leaf.out[0] || ["", ""])[1];
  let count = 0;
  for (const _ of item.leaves()) count += 1;
  return `${count} operations`;
}

// The child of `item` that holds `leaf`; null when it lies outside.
function childHolding(item, leaf) {
  let at = leaf;
  while (at && at.parent !== item) at = at.parent;
  return at;
}

function layoutTree(tree, isOpen) {
  const inside = new Map(); // open item -> its edges: those with an end in it
  const openOf = (leaf) => { const found = []; for (let p = leaf.parent; p; p = p.parent) found.push(p); return found; };
  const relevant = new Map();
  for (const edge of tree.edges)
    for (const p of new Set([...openOf(edge.from), ...openOf(edge.to)])) {
      if (!relevant.has(p)) relevant.set(p, []);
      relevant.get(p).push(edge);
    }
  const open = (item) => {
    for (const child of item.children) {
      if (!child.isLeaf && isOpen(child)) open(child);
      else [child.w, child.h] = boxSize(child);
    }
    place(item, relevant.get(item) || [], isOpen);
    inside.set(item, item.lines);
  };
  open(tree.root);
  return tree.root;
}

function place(item, edges, isOpen) {
  const cells = new Map(); // child or port -> cell
  const cell = (key, w, h, first) => {
    if (!cells.has(key)) cells.set(key, { key, w, h, first, rank: 0, up: [], down: [], x: 0, y: 0 });
    return cells.get(key);
  };
  for (const child of item.children) cell(child, child.w, child.h, child.first);
  const links = new Map();
  item.inPorts = new Map(); item.outPorts = new Map();
  for (const edge of edges) {
    const a = childHolding(item, edge.from), b = childHolding(item, edge.to);
    if (a && a === b) continue;
    if (!a && !b) continue;
    const from = a ? cells.get(a) : cell(`in:${edge.from.number}`, 6, 0, -1);
    const to = b ? cells.get(b) : cell(`out:${edge.from.number}`, 6, 0, 1e9);
    if (!a) item.inPorts.set(edge.from.number, from);
    if (!b) item.outPorts.set(edge.from.number, to);
    const detailed = (a && !a.isLeaf && isOpen(a)) || (b && !b.isLeaf && isOpen(b)) || !a || !b;
    const key = `${a ? a.key : from.key}>${b ? b.key : to.key}>${detailed ? edge.from.number : ""}`;
    if (!links.has(key)) links.set(key, { from, to, edge, names: [], back: a && b && b.first < a.first });
    links.get(key).names.push(`${edge.name}: ${edge.type}`);
  }
  rank(cells, links);
  const ranks = chains(cells, links);
  order(ranks);
  coordinates(item, ranks);
  item.lines = [...links.values()];
}

function rank(cells, links) {
  for (const link of links.values()) if (!link.back) { link.from.down.push(link.to); link.to.up.push(link.from); }
  const sorted = [...cells.values()].sort((a, b) => a.first - b.first);
  const waiting = new Map(sorted.map((c) => [c, c.up.length]));
  const ready = sorted.filter((c) => !waiting.get(c));
  const done = new Set();
  while (done.size < sorted.length) {
    let next = ready.shift();
    if (!next) next = sorted.find((c) => !done.has(c)); // a module that waits for itself
    if (done.has(next)) continue;
    done.add(next);
    for (const below of next.down) {
      if (done.has(below)) continue;
      below.rank = Math.max(below.rank, next.rank + 1);
      waiting.set(below, waiting.get(below) - 1);
      if (waiting.get(below) === 0) ready.push(below);
    }
  }
  const last = Math.max(0, ...sorted.map((c) => c.rank));
  for (const c of sorted) if (c.first === 1e9) c.rank = Math.max(c.rank, last);
}

// Ranks with points for the edges that pass through them.
function chains(cells, links) {
  const ranks = [];
  const put = (c) => { (ranks[c.rank] = ranks[c.rank] || []).push(c); };
  for (const c of [...cells.values()].sort((a, b) => a.first - b.first)) { c.up = []; c.down = []; put(c); }
  for (const link of links.values()) {
    link.through = [];
    if (link.to.rank <= link.from.rank) { link.back = true; continue; }
    let above = link.from;
    for (let r = link.from.rank + 1; r < link.to.rank; r += 1) {
      const point = { w: 6, h: 0, first: link.from.first, rank: r, up: [above], down: [], x: 0, y: 0 };
      above.down.push(point);
      link.through.push(point);
      put(point);
      above = point;
    }
    above.down.push(link.to);
    link.to.up.push(above);
  }
  for (let r = 0; r < ranks.length; r += 1) ranks[r] = ranks[r] || [];
  return ranks;
}

function order(ranks) {
  const number = () => ranks.forEach((row) => row.forEach((c, i) => { c.at = i; }));
  const sweep = (row, side) => {
    for (const c of row) c.want = c[side].length ? c[side].reduce((s, o) => s + o.at, 0) / c[side].length : c.at;
    row.sort((a, b) => a.want - b.want || a.first - b.first);
  };
  number();
  for (let turn = 0; turn < 4; turn += 1) {
    for (let r = 1; r < ranks.length; r += 1) { sweep(ranks[r], "up"); ranks[r].forEach((c, i) => { c.at = i; }); }
    for (let r = ranks.length - 2; r >= 0; r -= 1) { sweep(ranks[r], "down"); ranks[r].forEach((c, i) => { c.at = i; }); }
  }
}

function coordinates(item, ranks) {
  for (const row of ranks) {
    let x = 0;
    for (const c of row) { c.x = x + c.w / 2; x += c.w + GAP_X; }
    for (const c of row) c.x -= (x - GAP_X) / 2;
  }
  for (let turn = 0; turn < 8; turn += 1) {
    const rows = turn % 2 ? [...ranks].reverse() : ranks;
    for (const row of rows) settle(row, turn % 2 ? "down" : "up");
  }
  const every = ranks.flat();
  const left = Math.min(0, ...every.map((c) => c.x - c.w / 2));
  const right = Math.max(0, ...every.map((c) => c.x + c.w / 2));
  let y = HEAD;
  for (const row of ranks) {
    const height = Math.max(0, ...row.map((c) => c.h));
    for (const c of row) { c.x += PAD - left; c.y = y + height / 2; }
    y += height + (height ? GAP_Y : 8);
  }
  for (const c of every) if (c.key instanceof Item) { c.key.x = c.x - c.w / 2; c.key.y = c.y - c.h / 2; }
  item.w = Math.max(right - left + 2 * PAD, item.name.length * 7.5 + 2 * PAD + 30);
  const last = ranks.length && ranks[ranks.length - 1].every((c) => !c.h) ? 8 : GAP_Y - PAD;
  item.h = y - last;
}

// Each cell as near as can be to the middle of those that it is linked to, none over another.
function settle(row, side) {
  for (const c of row) {
    const near = c[side].length ? c[side] : [];
    c.want = near.length ? near.reduce((s, o) => s + o.x, 0) / near.length : c.x;
  }
  const at = row.map((c) => c.want);
  for (let i = 1; i < row.length; i += 1) at[i] = Math.max(at[i], at[i - 1] + (row[i - 1].w + row[i].w) / 2 + GAP_X);
  const right = [...at];
  const back = row.map((c) => c.want);
  for (let i = row.length - 2; i >= 0; i -= 1) back[i] = Math.min(back[i], back[i + 1] - (row[i + 1].w + row[i].w) / 2 - GAP_X);
  row.forEach((c, i) => { c.x = (right[i] + back[i]) / 2; });
  for (let i = 1; i < row.length; i += 1)
    row[i].x = Math.max(row[i].x, row[i - 1].x + (row[i - 1].w + row[i].w) / 2 + GAP_X);
}
