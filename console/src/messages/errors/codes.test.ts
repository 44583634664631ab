import { expect, it } from "vitest";

import { CODES } from "../../api-client/codes";
import de from "./de.json";
import en from "./en.json";

it.each([
  ["English", en],
  ["German", de],
])("there is a sentence in %s for every error that the gateway documents", (_, messages) => {
  expect(CODES.filter((code) => !(code in messages))).toEqual([]);
});
