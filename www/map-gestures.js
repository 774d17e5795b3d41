/** Wheel, drag, pinch, double-click and keys on a canvas, told as zooming and moving. */

/** A press that moves less, in CSS pixels, is still a click. */
const clickPlay = 4;
const keyStep = 70;
const keyZoom = 1.5;

/** `zoomAt(factor, at, options)` and `moveBy(dx, dy, options)` say whether they changed anything; `at` is in CSS pixels. */
export function followGestures(canvas, { zoomAt, moveBy, showAll }) {
  const pressed = new Map();
  /** Whether the press, or the one that has just ended, was a drag and so is no click. */
  let dragged = false;

  const position = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  function wheel(event) {
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
    // Two fingers on a trackpad arrive as a wheel with Ctrl, in much smaller steps.
    const speed = event.ctrlKey ? 0.012 : 0.0018;
    const delta = Math.max(-400, Math.min(400, event.deltaY * lines));
    const changed = zoomAt(Math.exp(-delta * speed), position(event));
    // Where nothing is left to zoom out to, the page scrolls; a trackpad's pinch never zooms the page.
    if (changed || event.ctrlKey) event.preventDefault();
  }

  function press(event) {
    if (event.button > 0) return;
    if (pressed.size === 0) dragged = false;
    pressed.set(event.pointerId, { at: position(event), from: position(event) });
    canvas.setPointerCapture(event.pointerId);
  }

  function move(event) {
    const pointer = pressed.get(event.pointerId);
    if (!pointer) return;
    const before = middle(pressed);
    pointer.at = position(event);
    const after = middle(pressed);
    if (distance(pointer.at, pointer.from) > clickPlay || pressed.size > 1) dragged = true;
    if (!dragged) return;
    canvas.classList.add('dragging');
    if (pressed.size > 1 && before.spread > 0) zoomAt(after.spread / before.spread, after.at);
    moveBy(after.at[0] - before.at[0], after.at[1] - before.at[1]);
  }

  function release(event) {
    pressed.delete(event.pointerId);
    if (pressed.size === 0) canvas.classList.remove('dragging');
  }

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowLeft: [keyStep, 0], ArrowRight: [-keyStep, 0], ArrowUp: [0, keyStep], ArrowDown: [0, -keyStep] };
    const gently = { gently: true };
    if (steps[event.key]) moveBy(...steps[event.key], gently);
    else if (event.key === '+' || event.key === '=') zoomAt(keyZoom, undefined, gently);
    else if (event.key === '-') zoomAt(1 / keyZoom, undefined, gently);
    else if (event.key === '0') showAll();
    else return;
    event.preventDefault();
  }

  canvas.addEventListener('wheel', wheel, { passive: false });
  canvas.addEventListener('pointerdown', press);
  canvas.addEventListener('pointermove', move);
  canvas.addEventListener('pointerup', release);
  canvas.addEventListener('pointercancel', release);
  canvas.addEventListener('dblclick', (event) => zoomAt(event.shiftKey ? 0.5 : 2, position(event), { gently: true }));
  canvas.addEventListener('keydown', key);
  canvas.addEventListener('click', (event) => dragged && event.stopImmediatePropagation(), { capture: true });

  return { isDragging: () => dragged && pressed.size > 0 };
}

/** The middle of all pointers, and how far the first two are apart. */
function middle(pressed) {
  const points = [...pressed.values()].map(({ at }) => at);
  const mean = (axis) => points.reduce((sum, at) => sum + at[axis], 0) / points.length;
  return { at: [mean(0), mean(1)], spread: points.length > 1 ? distance(points[0], points[1]) : 0 };
}

const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
