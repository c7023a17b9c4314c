// Zoom and pan of a picture in its frame. Pure numbers: `k` is the scale, `x` and `y` move its middle, px.

export type View = { k: number; x: number; y: number };
export type Size = { w: number; h: number };

export const WHOLE: View = { k: 1, x: 0, y: 0 };
export const MOST = 8;

/** The largest size of a shape that fits a frame. */
export function fit(shape: Size, frame: Size): Size {
  const scale = Math.min(frame.w / shape.w, frame.h / shape.h);
  return { w: shape.w * scale, h: shape.h * scale };
}

/** Keeps the picture over the frame: an edge never comes further in than the frame's. */
export function clamp(view: View, picture: Size, frame: Size): View {
  const k = Math.min(MOST, Math.max(1, view.k));
  const slackX = Math.max(0, (picture.w * k - frame.w) / 2);
  const slackY = Math.max(0, (picture.h * k - frame.h) / 2);
  const within = (value: number, slack: number) => Math.min(slack, Math.max(-slack, value)) || 0;
  return { k, x: within(view.x, slackX), y: within(view.y, slackY) };
}

/** Scales by `factor` so that the point (`px`, `py`), from the middle of the frame, stays where it is. */
export function zoomAt(view: View, factor: number, px: number, py: number, picture: Size, frame: Size): View {
  const k = Math.min(MOST, Math.max(1, view.k * factor));
  const ratio = k / view.k;
  return clamp({ k, x: px - (px - view.x) * ratio, y: py - (py - view.y) * ratio }, picture, frame);
}
