/** Where things stand in the small drawings. */

/** A scale's ends: round numbers around all values. */
export function endsOf(values: readonly number[], least: number | null): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const step = 10 ** Math.floor(Math.log10(Math.max(high - low, Math.abs(high), 1e-9)));
  const from = Math.floor((low - step / 10) / step) * step;
  const to = Math.ceil((high + step / 10) / step) * step;
  return [least === null ? from : Math.max(least, from), to];
}

/** A value's place between two ends, in percent. */
export function placeOf(value: number, [from, to]: readonly [number, number]): number {
  return to > from ? Math.min(100, Math.max(0, ((value - from) / (to - from)) * 100)) : 50;
}

/** A window of grey levels, 0 to 255, as the line that makes its lower end black and its upper end white. */
export function lineOf(window: number, level: number): { slope: number; intercept: number } {
  const slope = 255 / Math.max(1, window);
  return { slope, intercept: 0.5 - (slope * level) / 255 };
}

/** The heat map's pixels: one red, the more opaque the more a place speaks for the finding. */
export function heatPixels(values: readonly (readonly number[])[]): Uint8ClampedArray<ArrayBuffer> {
  const strengths = values.flat();
  const pixels = new Uint8ClampedArray(strengths.length * 4);
  strengths.forEach((strength, at) => pixels.set([...RED, Math.round(255 * strength)], at * 4));
  return pixels;
}

const RED = [220, 30, 30] as const;
