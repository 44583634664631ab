/** What the addresses of these pages may hold: no value of a patient's, only an id that means nothing elsewhere. */
type Given = Record<string, unknown>;

export interface PredictSearch {
  task?: string | undefined;
  patient?: string | undefined;
  /** Many records from a file instead of one. */
  by?: "file" | undefined;
}

export interface HistorySearch {
  task?: string | undefined;
  patient?: string | undefined;
  /** Days, as in 2026-11-22; both ends are counted in. */
  since?: string | undefined;
  until?: string | undefined;
  mine?: true | undefined;
  cursor?: string | undefined;
}

export function predictSearch(given: Given): PredictSearch {
  return { ...subject(given), ...(given.by === "file" ? { by: "file" } : {}) };
}

export function historySearch(given: Given): HistorySearch {
  return {
    ...subject(given),
    ...fitting(given, "since", DAY),
    ...fitting(given, "until", DAY),
    ...(given.mine === true ? { mine: true } : {}),
    ...fitting(given, "cursor", /^.{1,400}$/),
  };
}

/** Whether an address leaves any prediction out; on which page of them one is does not. */
export function isFiltered({ task, patient, since, until, mine }: HistorySearch): boolean {
  return [task, patient, since, until, mine].some((each) => each !== undefined);
}

/** The moments between which predictions of these days were made, in the reader's own time zone. */
export function momentsOf({ since, until }: Pick<HistorySearch, "since" | "until">): { since?: string; until?: string } {
  const midnight = (day: string, later: number) => {
    const moment = new Date(`${day}T00:00`);
    moment.setDate(moment.getDate() + later);
    return moment.toISOString();
  };
  return { ...(since ? { since: midnight(since, 0) } : {}), ...(until ? { until: midnight(until, 1) } : {}) };
}

const DAY = /^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function subject(given: Given) {
  return { ...fitting(given, "task", /^[a-z0-9][a-z0-9-]{0,62}$/), ...fitting(given, "patient", UUID) };
}

function fitting<Name extends string>(given: Given, name: Name, form: RegExp): Partial<Record<Name, string>> {
  const value = given[name];
  return typeof value === "string" && form.test(value) ? ({ [name]: value } as Record<Name, string>) : {};
}
