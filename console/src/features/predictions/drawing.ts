/** Where things stand in the small drawings. */

const RED = [220, 30, 30] as const;

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

/** Grey values as the server sends them: 16 bits each, little-endian, in base64. */
export function stepsOf(base64: string): Uint16Array {
  return new Uint16Array(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);
}

/** What each step stands for, and whether the lowest is white. */
export interface Tones {
  low: number;
  step: number;
  inverted: boolean;
}

/** The pixels of grey values seen through a window: what is at its lower end or below is black, unless inverted. */
export function greyPixels(steps: Uint16Array, { low, step, inverted }: Tones, window: number, level: number): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(steps.length * 4);
  steps.forEach((each, at) => {
    const share = Math.min(1, Math.max(0, (low + step * each - level) / window + 0.5));
    const grey = 255 * (inverted ? 1 - share : share);
    pixels[4 * at] = pixels[4 * at + 1] = pixels[4 * at + 2] = grey;
    pixels[4 * at + 3] = 255;
  });
  return pixels;
}
