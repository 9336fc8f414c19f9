// The arena: time along, offset up, a rectangle for each buffer, the peak marked.
const memoryView = { drawn: false };
const LEFT = 70, BOTTOM = 34, TOP = 18, RIGHT = 14;

function showMemory() {
  const plan = DATA.plan;
  $("memoryfacts").textContent = `Arena ${bytes(plan.arena)}; lower bound ${bytes(plan.bound)}; without reuse ${bytes(plan.sum)}. ` +
    `Peak at step ${plan.peak} of ${plan.order.length} (dashed line). Point at a buffer for its value and line.`;
  const canvas = $("memory"), box = $("memorybox").getBoundingClientRect(), dense = window.devicePixelRatio || 1;
  canvas.width = box.width * dense; canvas.height = box.height * dense;
  const g = canvas.getContext("2d");
  g.scale(dense, dense);
  const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(name).trim();
  const width = box.width - LEFT - RIGHT, height = box.height - TOP - BOTTOM;
  const X = memoryView.X = (step) => LEFT + width * step / Math.max(1, plan.order.length);
  const Y = memoryView.Y = (offset) => TOP + height * (1 - offset / Math.max(1, plan.arena));
  g.clearRect(0, 0, box.width, box.height);
  g.font = "12px system-ui, sans-serif";
  plan.buffers.forEach(([name, offset, size, start, stop], i) => {
    const x = X(start), w = Math.max(1, X(stop) - x), y = Y(offset + size), h = Math.max(1, Y(offset) - y);
    g.fillStyle = name.startsWith("scratch") ? colour("--frame") : `hsl(${(i * 47) % 360} 45% ${document.documentElement.dataset.theme === "dark" ? 34 : 78}%)`;
    g.fillRect(x, y, w, h);
    g.strokeStyle = i === memoryView.hover ? colour("--accent") : colour("--line");
    g.lineWidth = i === memoryView.hover ? 2.5 : 0.6;
    g.strokeRect(x, y, w, h);
    if (w > 60 && h > 14) { g.fillStyle = colour("--text"); g.fillText(shorten(name, Math.floor(w / 8)), x + 4, y + Math.min(h / 2 + 4, 14 + h / 3)); }
  });
  g.strokeStyle = colour("--removed"); g.lineWidth = 1.5; g.setLineDash([5, 4]);
  g.beginPath(); g.moveTo(X(plan.peak + .5), TOP); g.lineTo(X(plan.peak + .5), TOP + height); g.stroke();
  if (plan.barrier !== null) { g.strokeStyle = colour("--soft"); g.beginPath(); g.moveTo(X(plan.barrier), TOP); g.lineTo(X(plan.barrier), TOP + height); g.stroke(); }
  g.setLineDash([]);
  g.fillStyle = colour("--removed"); g.fillText("peak", Math.min(X(plan.peak + .5) + 4, box.width - 40), TOP - 5);
  g.fillStyle = colour("--soft"); g.strokeStyle = colour("--line"); g.lineWidth = 1;
  for (let i = 0; i <= 4; i += 1) {
    const at = plan.arena * i / 4;
    g.textAlign = "right"; g.fillText(bytes(at), LEFT - 6, Y(at) + 4);
    const step = Math.round(plan.order.length * i / 4);
    g.textAlign = "center"; g.fillText(String(step), X(step), box.height - 18);
  }
  g.fillText("step of the plan", LEFT + width / 2, box.height - 3);
  g.textAlign = "left";
}

function hoverMemory(event) {
  const box = $("memorybox").getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  const { X, Y } = memoryView;
  if (!X) return;
  const hit = DATA.plan.buffers.findIndex(([, offset, size, start, stop]) =>
    x >= X(start) && x <= Math.max(X(stop), X(start) + 1) && y <= Y(offset) && y >= Math.min(Y(offset + size), Y(offset) - 1));
  const tip = $("memorytip");
  tip.hidden = hit < 0;
  if (hit >= 0) {
    const [name, offset, size, start, stop, line] = DATA.plan.buffers[hit];
    tip.replaceChildren(make("b", {}, name), ` ${bytes(size)} at ${bytes(offset)}, steps ${start} to ${stop - 1}`, make("br"), make("code", {}, line));
    tip.style.left = `${Math.min(x + 14, box.width - 360)}px`;
    tip.style.top = `${Math.min(y + 14, box.height - 60)}px`;
  }
  if (hit !== memoryView.hover) { memoryView.hover = hit; showMemory(); }
}
