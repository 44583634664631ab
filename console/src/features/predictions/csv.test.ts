import { expect, test } from "vitest";

import type { BatchAnswer } from "../../api-client/schema";
import { answeredRows, answeredSheet, columnsOf, readSheet, recordsOf } from "./csv";
import type { Field } from "./record";

const AGE: Field = {
  kind: "number", name: "age", unit: "years", required: true, minimum: 0, maximum: 130, low: 18, high: 64, integer: false, typical: 39,
};
const SMOKER: Field = { kind: "category", name: "smoker", required: false, categories: ["no", "yes"], rare: [], typical: "no" };
const ANSWER: BatchAnswer = {
  task: "insurance-cost", model_versions: ["one", "two"], answered_by: [0, 1], unit: "dollars", about: null, rows: 2, predicted: 1,
  values: [8213.4, null], lows: [5000, null], highs: [11000, null], labels: null, not_sure: [],
  notes: [{ row: 0, reasons: ["age is high"], warnings: ["age is high", "smoker is missing"] }],
  refused: [{ row: 1, problems: [{ field: "age", problem: "it is missing" }] }], ids: null,
};

test.each([
  ["commas", 'name,age\n"Doe, Ann",44\n'],
  ["semicolons and Windows' line ends", "name;age\r\nDoe, Ann;44\r\n"],
  ["tabs, a byte order mark and no last line end", "\uFEFFname\tage\nDoe, Ann\t44"],
])("a file with %s is read", (_, text) => {
  expect(readSheet(text)).toEqual({ header: ["name", "age"], rows: [["Doe, Ann", "44"]], broken: [] });
});

test("quotes inside a cell, line ends inside a cell, short lines and empty ones", () => {
  const sheet = readSheet('a,b\n"say ""so""\nthere",1\n\n2\n');
  expect(sheet.rows).toEqual([['say "so"\nthere', "1"], ["2", ""]]);
});

test("a line with more cells than the header is named by its place", () => {
  expect(readSheet("a,b\n1,2\n1,2,3\n").broken).toEqual([3]);
});

test("columns are found whatever their case; the others are named and not sent", () => {
  const sheet = readSheet("Name,AGE,smoker\nAda,44,\n");
  expect(columnsOf(sheet.header, [AGE, SMOKER])).toMatchObject({ missing: [], ignored: ["Name"] });
  expect(recordsOf(sheet, [AGE, SMOKER])).toEqual([{ age: 44, smoker: null }]);
  expect(columnsOf(["smoker"], [AGE, SMOKER]).missing).toEqual(["age"]);
});

test("what is no plain number goes to the server as it stands, which says what is wrong with it", () => {
  expect(recordsOf(readSheet("age;smoker\n44,5;no\n"), [AGE, SMOKER])).toEqual([{ age: "44,5", smoker: "no" }]);
});

test("answers are told row by row, each with its version and every remark once", () => {
  const [first, second] = answeredRows(ANSWER);
  expect(first).toMatchObject({ value: 8213.4, version: "one", outside: true, remarks: ["age is high", "smoker is missing"] });
  expect(second).toMatchObject({ value: null, version: "two", remarks: ["age: it is missing"] });
});

test("the answers' file holds the sheet as it came, and no cell that a spreadsheet would run", () => {
  const sheet = readSheet("name,age\n=1+1,44\n-5,\n");
  const lines = answeredSheet(sheet, answeredRows(ANSWER)).split("\r\n");
  expect(lines[0]).toBe("name,age,prediction,low,high,unit,probability,not_sure,remarks,model_version");
  expect(lines[1]).toBe(`'=1+1,44,8213.4,5000,11000,dollars,,no,"age is high; smoker is missing",one`);
  expect(lines[2]).toBe("-5,,,,,dollars,,,age: it is missing,two");
});
