// Views, the slider through the stages, keys.
const VIEWS = { graph: () => showGraph(), passes: showPasses, memory: showMemory, table: showTable, gradients: showGradients };

function showView(name) {
  state.view = name;
  for (const tab of document.querySelectorAll("[role=tab]")) tab.setAttribute("aria-selected", String(tab.dataset.view === name));
  for (const view of document.querySelectorAll(".view")) view.hidden = view.id !== `view-${name}`;
  $("stagebar").hidden = name === "memory" || name === "gradients";
  VIEWS[name]();
}

function showStage(number) {
  state.stage = Math.max(0, Math.min(DATA.stages.length - 1, number));
  const stage = DATA.stages[state.stage], before = DATA.stages[Math.max(0, state.stage - 1)];
  $("stage").value = state.stage;
  const change = stage.nodes.length - before.nodes.length;
  const told = state.stage === 0 ? "" : change ? ` (${change > 0 ? "+" : "−"}${Math.abs(change)})` : "";
  $("stagename").replaceChildren(stage.name, make("small", {}, `  ${stage.nodes.length} operations${told}`));
  showView(state.view);
}

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  showView(state.view);
}

function keys(event) {
  if (event.target.matches("input:not([type=range]), select")) {
    if (event.key === "Escape") event.target.blur();
    if (event.key === "Enter" && event.target.id === "search") nextMatch();
    return;
  }
  const step = 60;
  const actions = {
    "/": () => { $("search").focus(); event.preventDefault(); }, "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: fit,
    ArrowLeft: () => { graphView.x += step; move(); }, ArrowRight: () => { graphView.x -= step; move(); },
    ArrowUp: () => { graphView.y += step; move(); }, ArrowDown: () => { graphView.y -= step; move(); },
    Enter: () => { const found = graphView.items.find((i) => i.item.key === state.selected); if (found && !found.item.isLeaf) toggle(found.item); },
    "[": () => showStage(state.stage - 1), "]": () => showStage(state.stage + 1),
  };
  if (state.view === "graph" || event.key === "[" || event.key === "]") actions[event.key]?.();
}

function dragging() {
  const svg = $("canvas");
  let from = null;
  svg.addEventListener("pointerdown", (e) => { from = [e.clientX - graphView.x, e.clientY - graphView.y]; svg.classList.add("moving"); });
  window.addEventListener("pointermove", (e) => { if (from) { graphView.x = e.clientX - from[0]; graphView.y = e.clientY - from[1]; move(); } });
  window.addEventListener("pointerup", () => { from = null; svg.classList.remove("moving"); });
  svg.addEventListener("wheel", (e) => {
    e.preventDefault();
    const box = svg.getBoundingClientRect();
    zoom(Math.exp(-e.deltaY * 0.0015), [e.clientX - box.left, e.clientY - box.top]);
  }, { passive: false });
}

// Opens modules level by level, as long as no more than `most` boxes are shown.
function openFew(root, most) {
  let level = [root], shown = root.children.length;
  while (level.length) {
    const next = level.flatMap((item) => item.children.filter((child) => !child.isLeaf));
    shown += next.reduce((sum, item) => sum + item.children.length - 1, 0);
    if (shown > most) return;
    for (const item of next) graphView.open.add(item.key);
    level = next;
  }
}

function openAll(most) {
  const walk = (item) => { for (const child of item.children) if (!child.isLeaf) { graphView.open.add(child.key); walk(child); } };
  if (graphView.tree.all.length > most && !confirm(`Show all ${graphView.tree.all.length} operations at once? That takes a while.`)) return;
  walk(graphView.tree.root);
  showGraph();
}

function start() {
  const total = Object.values(DATA.steps).reduce((a, b) => a + b, 0);
  $("facts").textContent = `${DATA.backend}: ${time(total)} a run · arena ${bytes(DATA.plan.arena)} · ${DATA.stages[DATA.stages.length - 1].nodes.length} operations planned`;
  for (const [key, [name]] of Object.entries(COLOURS)) $("colour").append(make("option", { value: key }, name));
  $("stage").max = DATA.stages.length - 1;
  $("stage").addEventListener("input", (e) => showStage(Number(e.target.value)));
  $("colour").addEventListener("change", (e) => { state.colour = e.target.value; showGraph(true); });
  $("search").addEventListener("input", (e) => search(e.target.value));
  $("filter").addEventListener("input", showTable);
  $("expand").addEventListener("click", () => openAll(1500));
  $("collapse").addEventListener("click", () => { graphView.open.clear(); showGraph(); });
  $("fit").addEventListener("click", fit);
  $("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme !== "dark"));
  $("memory").addEventListener("pointermove", hoverMemory);
  $("memory").addEventListener("pointerleave", () => { $("memorytip").hidden = true; });
  for (const tab of document.querySelectorAll("[role=tab]")) tab.addEventListener("click", () => showView(tab.dataset.view));
  document.addEventListener("keydown", keys);
  window.addEventListener("resize", () => showView(state.view));
  dragging();
  openFew(stageOf(state.stage).tree.root, 40);
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  $("details").append(make("p", { class: "hint" }, "Click a box to see what it computes, its line of source, and its time."));
  showStage(state.stage);
}
start();
