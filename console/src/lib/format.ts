/** Numbers, money, dates and sizes as the reader's language writes them. */
export interface Format {
  /** With at most this many digits behind the point. */
  number: (value: number, digits?: number) => string;
  percent: (share: number, digits?: number) => string;
  /** US dollars to the cent, as a bill has them. */
  money: (dollars: number) => string;
  /** A value in a task's unit; dollars become money, without the cents that nobody can predict. */
  quantity: (value: number, unit: string | null | undefined) => string;
  bytes: (count: number) => string;
  seconds: (count: number) => string;
  date: (iso: string) => string;
  moment: (iso: string) => string;
  /** The time of day, to the second. */
  time: (iso: string) => string;
  /** How long ago, or how soon. */
  ago: (iso: string, now?: number) => string;
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
const DOLLARS = new Set(["$", "USD", "dollars", "US dollars", "Dollar"]);
const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

const known = new Map<string, Format>();

/** Made once for a locale: what formats a number takes longer to make than a row of a table. */
export function formatFor(locale: string): Format {
  const found = known.get(locale) ?? make(locale);
  known.set(locale, found);
  return found;
}

function make(locale: string): Format {
  const numbers = new Map<number, Intl.NumberFormat>();
  const number = (value: number, digits = 2) => {
    const format = numbers.get(digits) ?? new Intl.NumberFormat(locale, { maximumFractionDigits: digits });
    numbers.set(digits, format);
    return format.format(value);
  };
  const money = { style: "currency", currency: "USD" } as const;
  const bill = new Intl.NumberFormat(locale, money);
  const whole = new Intl.NumberFormat(locale, { ...money, maximumFractionDigits: 0 });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  return {
    number,
    percent: (share, digits = 0) =>
      new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: digits }).format(share),
    money: (dollars) => bill.format(dollars),
    quantity: (value, unit) => {
      if (!unit) return number(value);
      return DOLLARS.has(unit) ? whole.format(value) : `${number(value)} ${unit}`;
    },
    bytes: (count) => {
      const step = Math.min(SIZES.length - 1, count < 1 ? 0 : Math.floor(Math.log10(count) / 3));
      const unit = SIZES[step] ?? "byte";
      const style = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 } as const;
      return new Intl.NumberFormat(locale, style).format(count / 1000 ** step);
    },
    seconds: (count) => {
      const [unit, size] = count >= 90 ? (["minute", 60] as const) : (["second", 1] as const);
      const style = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 } as const;
      return new Intl.NumberFormat(locale, style).format(count / size);
    },
    date: (iso) => day.format(new Date(iso)),
    moment: (iso) => moment.format(new Date(iso)),
    time: (iso) => clock.format(new Date(iso)),
    ago: (iso, now = Date.now()) => {
      const seconds = (new Date(iso).getTime() - now) / 1000;
      const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
      return relative.format(Math.round(seconds / size), unit);
    },
  };
}
