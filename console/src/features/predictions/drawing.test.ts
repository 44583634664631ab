import { expect, test } from "vitest";

import { endsOf, greyPixels, heatPixels, lineOf, placeOf, stepsOf } from "./drawing";

test("a scale has round ends around all values, and none below what there can be", () => {
  expect(endsOf([8213, 5120, 11305], 0)).toEqual([0, 20000]);
  expect(endsOf([-3, 7], null)).toEqual([-10, 10]);
  const [from, to] = endsOf([5, 5], null);
  expect(from).toBeLessThan(5);
  expect(to).toBeGreaterThan(5);
});

test("places are percent of the scale and never leave it", () => {
  expect([placeOf(5, [0, 20]), placeOf(-1, [0, 20]), placeOf(30, [0, 20]), placeOf(1, [2, 2])]).toEqual([25, 0, 100, 50]);
});

test("the full window changes nothing; a window's ends become black and white", () => {
  expect(lineOf(255, 127.5)).toEqual({ slope: 1, intercept: 0 });
  const { slope, intercept } = lineOf(100, 150);
  expect(slope * (100 / 255) + intercept).toBeCloseTo(0);
  expect(slope * (200 / 255) + intercept).toBeCloseTo(1);
});

test("the heat map hides nothing where nothing speaks, and most where most does", () => {
  expect([...heatPixels([[0, 1]])]).toEqual([220, 30, 30, 0, 220, 30, 30, 255]);
});

test("grey values are drawn through a window of their own units, the lowest white where the file says so", () => {
  const steps = stepsOf("AADoA9AH"); // 0, 1000, 2000
  const hounsfield = { low: -1000, step: 1, inverted: false };
  const greys = (pixels: Uint8ClampedArray) => [0, 4, 8].map((at) => pixels[at]);
  expect(greys(greyPixels(steps, hounsfield, 400, 0))).toEqual([0, 128, 255]);
  expect(greys(greyPixels(steps, hounsfield, 2000, 0))).toEqual([0, 128, 255]);
  expect(greys(greyPixels(steps, hounsfield, 4000, 1000))).toEqual([0, 64, 128]);
  expect(greys(greyPixels(steps, { ...hounsfield, inverted: true }, 400, 0))).toEqual([255, 128, 0]);
});
