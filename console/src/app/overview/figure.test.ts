import { expect, it } from "vitest";

import { formatFor } from "../../lib/format";
import { figureOf } from "./figure";

const english = formatFor("en-GB");

it("tells the figure that decides, with its unit", () => {
  expect(figureOf({ loss: 0.4, r2: 0.8234 }, english)).toEqual({ name: "r2", value: "0.823" });
  expect(figureOf({ accuracy: 0.953, auc: 0.99 }, english)).toEqual({ name: "auc", value: "0.99" });
  expect(figureOf({ accuracy: 0.953, auc: null }, english)).toEqual({ name: "accuracy", value: "95.3%" });
});

it("tells none where nobody judged", () => {
  expect(figureOf({ train_loss: 0.4 }, english)).toBeNull();
});
