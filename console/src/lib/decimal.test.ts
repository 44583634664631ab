import { expect, test } from "vitest";

import { numberOf, textOf, type Sign } from "./decimal";

test.each<[string, Sign, number | null]>([
  ["27,5", ",", 27.5],
  ["27.5", ",", 27.5],
  ["27,5", ".", 27.5],
  ["27.125", ".", 27.125],
  ["27,125", ",", 27.125],
  [" -3 ", ".", -3],
  ["1e-5", ",", 1e-5],
  ["1,5e-5", ",", 1.5e-5],
  ["1.234", ",", null],
  ["1,234", ".", null],
  ["1.234,5", ",", null],
  ["27,", ",", null],
  ["abc", ".", null],
  ["", ".", null],
  ["1e999", ".", null],
  ["Infinity", ".", null],
])("%s with %s before decimals is %s", (text, sign, value) => {
  expect(numberOf(text, sign)).toBe(value);
});

test("a field of whole numbers or cents takes neither more decimals nor an exponent", () => {
  expect([numberOf("1.5", ".", 0), numberOf("1e3", ".", 0), numberOf("8.125", ".", 2)]).toEqual([null, null, null]);
  expect([numberOf("42", ".", 0), numberOf("8240,59", ".", 2)]).toEqual([42, 8240.59]);
});

test("what is written is read again, digit for digit", () => {
  for (const sign of [".", ","] as const)
    for (const value of [43.08, 27.123, 1e-7, -0.5, 12345.678]) expect(numberOf(textOf(value, sign), sign)).toBe(value);
  expect(textOf(43.08, ",")).toBe("43,08");
});
