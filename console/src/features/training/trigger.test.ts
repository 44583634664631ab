import { describe, expect, it } from "vitest";

import type { Schedule } from "../../api-client/schema";
import { draftOf, triggerOf, WEEKLY } from "./trigger";

const SCHEDULE = { cron: null, new_records: null, runs_left: null, is_enabled: true } as unknown as Schedule;

describe("a schedule's trigger", () => {
  it("is either a time or a number of records", () => {
    const weekly = { cron: "0 3 * * 0", new_records: null, runs_left: null, is_enabled: true };
    expect(triggerOf(WEEKLY)).toEqual(weekly);
    const records = triggerOf({ ...WEEKLY, rhythm: "records", records: "200", runs: "3" });
    expect(records).toEqual({ cron: null, new_records: 200, runs_left: 3, is_enabled: true });
  });

  it("comes back from the form as it went in", () => {
    for (const given of [
      { ...SCHEDULE, cron: "0 3 * * *" },
      { ...SCHEDULE, cron: "15 4 * * 2", runs_left: 0 },
      { ...SCHEDULE, new_records: 50 },
    ]) {
      const { cron, new_records, runs_left } = given;
      expect(triggerOf(draftOf(given))).toEqual({ cron, new_records, runs_left, is_enabled: true });
    }
  });
});
