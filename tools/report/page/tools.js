// Small helpers that all views use.
const DATA = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function draw(parent, tag, attributes = {}, text = null) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== null) element.textContent = text;
  parent.append(element);
  return element;
}

function scaled(count, units, step = 1000) {
  let i = 0;
  while (count >= 999.95 && i < units.length - 1) { count /= step; i += 1; }
  return `${i === 0 ? Math.round(count) : count.toFixed(1)} ${units[i]}`.trim();
}
const bytes = (n) => scaled(n, ["B", "KB", "MB", "GB"]);
const flops = (n) => scaled(n, ["", "k", "M", "G", "T"]);
const time = (ns) => scaled(ns, ["ns", "µs", "ms", "s"]);
const shorten = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const OPEN = []; // what is called when the chosen stage changes, and when a view is shown
const state = { view: "graph", stage: DATA.stages.length - 1, selected: null, colour: "time" };

function nanoseconds(node) {
  return node.out.length ? DATA.steps[node.out[0][0]] : undefined;
}
