// A stage's nodes as a tree of modules. Leaves are operations, inputs and outputs; each has a number in `leaves`.
const MANY = 120; // children of one module: more are put into groups

class Item {
  constructor(key, name, parent) {
    this.key = key; this.name = name; this.parent = parent;
    this.children = []; this.leaf = null; this.first = Infinity;
  }
  get isLeaf() { return this.leaf !== null; }
  *leaves() {
    if (this.isLeaf) yield this;
    else for (const child of this.children) yield* child.leaves();
  }
  sum(value) {
    let total = 0;
    for (const leaf of this.leaves()) total += value(leaf.leaf) || 0;
    return total;
  }
}

function buildTree(stage) {
  const root = new Item("", DATA.title, null);
  const containers = new Map([["", root]]);
  const producers = new Map();
  const all = [];
  const add = (parent, key, name, leaf) => {
    const item = new Item(key, name, parent);
    item.leaf = leaf; item.first = all.length; item.number = all.length;
    all.push(item);
    parent.children.push(item);
    for (let p = parent; p; p = p.parent) p.first = Math.min(p.first, item.first);
    return item;
  };
  const container = (path) => {
    if (!containers.has(path.join("/"))) {
      const made = new Item(`m:${path.join("/")}`, path[path.length - 1], container(path.slice(0, -1)));
      made.parent.children.push(made);
      containers.set(path.join("/"), made);
    }
    return containers.get(path.join("/"));
  };
  for (const [name, type] of stage.inputs)
    producers.set(name, add(root, `i:${name}`, name, { kind: "input", type, out: [[name, type]], in: [], params: [] }));
  for (const number of stage.nodes) {
    const node = DATA.nodes[number];
    const path = (node.phase ? [node.phase] : []).concat(node.module ? node.module.split(".") : []);
    const item = add(container(path), `n:${node.out.length ? node.out[0][0] : number}`, node.op, node);
    for (const [name] of node.out) producers.set(name, item);
  }
  stage.outputs.forEach((name, i) => {
    const made = producers.get(name);
    if (made) add(root, `o:${i}:${name}`, "output", { kind: "output", type: typeOf(made, name), out: [], in: [name], params: [] });
  });
  const edges = [];
  for (const item of all)
    for (const name of new Set(item.leaf.in)) {
      const from = producers.get(name);
      if (from) edges.push({ from, to: item, name, type: typeOf(from, name) });
    }
  group(root);
  return { root, all, edges, producers };
}

function typeOf(item, name) {
  const found = item.leaf.out.find(([n]) => n === name);
  return found ? found[1] : "";
}

// Modules of one child take its place; too many children are put into groups of neighbours.
function group(item) {
  item.children.sort((a, b) => a.first - b.first);
  for (const child of item.children) if (!child.isLeaf) group(child);
  if (item.children.length <= MANY) return;
  const size = Math.ceil(Math.sqrt(item.children.length));
  const groups = [];
  for (let i = 0; i < item.children.length; i += size) {
    const part = item.children.slice(i, i + size);
    const made = new Item(`g:${item.key}:${i}`, `${i + 1} to ${i + part.length}`, item);
    made.children = part; made.first = part[0].first;
    for (const child of part) child.parent = made;
    groups.push(made);
  }
  item.children = groups;
  if (groups.length > MANY) group(item);
}
