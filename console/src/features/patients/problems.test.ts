import { expect, test } from "vitest";

import { problemsAsCsv } from "./problems";

test("a report's problems become a file that a spreadsheet runs nothing of", () => {
  const csv = problemsAsCsv([
    { line: 3, column: "age", reason: '"x" is no number' },
    { line: 4, column: "=1+1", reason: "the value is missing" },
  ], (reason) => reason);
  expect(csv).toBe('line,column,reason\r\n3,"age","""x"" is no number"\r\n4,"\'=1+1","the value is missing"\r\n');
});
