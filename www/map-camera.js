/** Where one looks: at the whole map, along with a route, or wherever one has zoomed and moved to. */
import { between, clamped, moved, projection, zoomedAt } from './map-view.js';

const glideTime = 260;
/** A view that has not changed for so long is drawn with all care. */
const stillTime = 140;

/**
 * `stage()` gives `{ whole, route, size }` as of now: two views, and the canvas in CSS pixels. `onMove` asks for a picture,
 * `onKind` tells the kind of view, `'whole'`, `'route'` or `'free'`.
 */
export function createCamera(stage, { onMove, onKind }) {
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)');
  let kind = 'whole';
  let free = null;
  let glide = null;
  let movedAt = -Infinity;
  let still;

  /** Where a glide will end. */
  function aim() {
    const { whole, route, size } = stage();
    return { whole, route, free: free && clamped(free, whole, size) }[kind];
  }

  function now() {
    const target = aim();
    if (!glide) return target;
    const share = (performance.now() - glide.startedAt) / glideTime;
    if (share >= 1) glide = null;
    return glide ? between(glide.from, target, share * (2 - share)) : target;
  }

  function change(next, { gently, view = free }) {
    const from = now();
    free = view;
    glide = gently && !calm.matches ? { from, startedAt: performance.now() } : null;
    if (kind !== next) onKind(next);
    kind = next;
    movedAt = performance.now();
    clearTimeout(still);
    still = setTimeout(onMove, stillTime + (glide ? glideTime : 0) + 20);
    onMove();
  }

  /** Says whether that changed anything, so that a page can scroll where it did not. */
  function set(view, { gently = false } = {}) {
    const { whole, size } = stage();
    const before = aim();
    const next = clamped(view, whole, size);
    const isSame = Math.abs(next.scale / before.scale - 1) < 1e-9 && next.centre.every((at, axis) => Math.abs(at - before.centre[axis]) * next.scale < 0.01);
    if (isSame) return false;
    // Having come back to where everything is seen is as good as not having left.
    change(next.scale <= whole.scale * (1 + 1e-9) ? 'whole' : 'free', { gently, view: next });
    return true;
  }

  /** A key pressed again goes on from where the one before is going; a wheel or a finger from what is seen. */
  const start = (options) => (options?.gently ? aim() : now());

  return {
    now,
    isMoving: () => glide !== null || performance.now() - movedAt < stillTime,
    isGliding: () => glide !== null,
    isWhole: () => kind === 'whole',
    look: (next) => change(next, { gently: true }),
    zoomAt(factor, at, options) {
      const { whole, size } = stage();
      return set(zoomedAt(start(options), factor, at ?? [size.width / 2, size.height / 2], size, whole), options);
    },
    moveBy(dx, dy, options) {
      const { whole, size } = stage();
      return set(moved(start(options), dx, dy, size, whole), options);
    },
    /** Brings a place into the middle, near enough to tell it from its neighbours. */
    centreOn(place, factor) {
      const { whole } = stage();
      return set({ centre: place, scale: Math.max(now().scale, whole.scale * factor) }, { gently: true });
    },
    project: () => projection(now(), stage().size),
  };
}
