import { describe, expect, it } from "vitest";

import { formatFor } from "./format";

const english = formatFor("en-US");
const german = formatFor("de-DE");

describe("numbers are written as the reader writes them", () => {
  it("money without cents, other units behind the number", () => {
    expect(english.quantity(12_345.6, "USD")).toBe("$12,346");
    expect(german.quantity(12_345.6, "USD")).toBe("12.346\u00a0$");
    expect(german.quantity(27.35, "kg/m2")).toBe("27,35 kg/m2");
    expect(english.quantity(3, null)).toBe("3");
  });

  it("bytes in steps of a thousand, from none on", () => {
    expect(english.bytes(0)).toBe("0 byte");
    expect(english.bytes(999)).toBe("999 byte");
    expect(english.bytes(45_200_000)).toBe("45.2 MB");
    expect(english.bytes(3e15)).toContain("GB");
  });

  it("a time as how long ago, or how soon", () => {
    const now = Date.parse("2026-11-22T12:00:00Z");
    expect(english.ago("2026-11-22T11:58:00Z", now)).toBe("2 minutes ago");
    expect(english.ago("2026-11-22T12:00:00Z", now)).toBe("now");
    expect(german.ago("2026-11-24T12:00:00Z", now)).toBe("übermorgen");
  });
});

it("writes a task's dollars as money, by whichever of their names", () => {
  for (const unit of ["dollars", "Dollar"]) expect(formatFor("de-DE").quantity(8048.53, unit)).toBe("8.049\u00a0$");
  expect(formatFor("en-US").money(8240.5)).toBe("$8,240.50");
});
