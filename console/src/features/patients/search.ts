/** What of a listing stands in the address: filters, order and page, and never what was searched for. */
export const SORTS = ["name", "age", "cost", "updated"] as const;
export const SIZES = [25, 50, 100, 200] as const;
export const SEXES = ["female", "male"] as const;
export const SMOKERS = ["no", "yes"] as const;
export const LIMITS = {
  age_min: [0, 130],
  age_max: [0, 130],
  cost_min: [0, 100_000_000_000],
  cost_max: [0, 100_000_000_000],
} as const;

const FILTERS = ["sex", "smoker", "region", "age_min", "age_max", "cost_min", "cost_max"] as const;

export type Sort = (typeof SORTS)[number];
export type Bound = keyof typeof LIMITS;

export interface Filters {
  sex?: (typeof SEXES)[number];
  smoker?: (typeof SMOKERS)[number];
  region?: string;
  age_min?: number;
  age_max?: number;
  cost_min?: number;
  cost_max?: number;
}

export interface Listing extends Filters {
  sort?: Sort;
  order?: "desc";
  limit?: (typeof SIZES)[number];
  /** Where the page begins: sealed by the gateway, so that it says nothing of a patient. */
  cursor?: string;
}

/** What an address says, without what makes no sense there. */
export function listingOf(raw: Record<string, unknown>): Listing {
  const found: Listing = {
    sort: one(SORTS, raw.sort),
    order: raw.order === "desc" ? "desc" : undefined,
    limit: one(SIZES, raw.limit),
    cursor: words(raw.cursor, 3000),
    sex: one(SEXES, raw.sex),
    smoker: one(SMOKERS, raw.smoker),
    region: words(raw.region, 100),
    age_min: whole("age_min", raw.age_min),
    age_max: whole("age_max", raw.age_max),
    cost_min: within("cost_min", raw.cost_min),
    cost_max: within("cost_max", raw.cost_max),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** The filters of a listing alone. */
export function filtersOf(listing: Listing): Filters {
  return Object.fromEntries(FILTERS.flatMap((name) => (listing[name] === undefined ? [] : [[name, listing[name]]])));
}

/** A number in the range of a bound; undefined for anything else. */
export function within(bound: Bound, value: unknown): number | undefined {
  const [least, most] = LIMITS[bound];
  return typeof value === "number" && value >= least && value <= most ? value : undefined;
}

function whole(bound: Bound, value: unknown): number | undefined {
  return Number.isInteger(value) ? within(bound, value) : undefined;
}

function one<T>(known: readonly T[], value: unknown): T | undefined {
  return known.find((each) => each === value);
}

function words(value: unknown, most: number): string | undefined {
  // The router reads "7" in an address as a number.
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && text !== "" && text.length <= most ? text : undefined;
}
