/** What a training plan says, as sentences that a hospital's administrator can judge. */
import { valueAt } from "../../lib/differences";
import type { Format } from "../../lib/format";
import type { Said } from "../../lib/sentences";

export const PARTS = ["learns", "runs", "leaves", "protects", "after"] as const;
export type Part = (typeof PARTS)[number];

export interface Sentence {
  part: Part;
  /** Its text under `says` in the messages. */
  key: string;
  values: Record<string, string | number>;
  /** Whether it is a protection that is there, or one that is missing. */
  tone?: "good" | "missing";
}

/** Strategies that an institution which errs or lies cannot simply pull along. */
const ROBUST = new Set(["trimmed-mean", "median", "krum", "multikrum", "bulyan"]);

/** The sentences of a plan, part by part; what this page does not know of is passed over. */
export function sentences(plan: unknown, format: Format, say: Said = (text) => text): Sentence[] {
  const read = new Reader(plan);
  return [...learns(read, say), ...runs(read, format), ...leaves(read, format), ...protects(read, format), ...after(read, format)];
}

class Reader {
  readonly #plan: unknown;

  constructor(plan: unknown) {
    this.#plan = plan;
  }

  number(path: string): number | null {
    const value = valueAt(this.#plan, path);
    return typeof value === "number" ? value : null;
  }

  text(path: string): string {
    const value = valueAt(this.#plan, path);
    return typeof value === "string" ? value : "";
  }

  is(path: string): boolean {
    return valueAt(this.#plan, path) === true;
  }

  /** The names of a list of features. */
  names(path: string): string[] {
    const value = valueAt(this.#plan, path);
    if (!Array.isArray(value)) return [];
    return value.map((each: unknown) => valueAt(each, "name")).filter((name) => typeof name === "string");
  }
}

function learns(read: Reader, say: Said): Sentence[] {
  const target = say(read.text("task.records.target.name"));
  const goal: Sentence = { part: "learns", key: "goal", values: { title: say(read.text("task.title")), target } };
  if (read.text("task.records.kind") === "image") {
    const size = read.number("task.records.image_size") ?? 0;
    return [goal, { part: "learns", key: "fromImages", values: { size } }];
  }
  const names = [...read.names("task.records.numeric"), ...read.names("task.records.categorical")];
  return [goal, { part: "learns", key: "fromTable", values: { count: names.length, names: names.map(say).join(", ") } }];
}

function runs(read: Reader, format: Format): Sentence[] {
  const share = read.number("rounds.fraction_train") ?? 1;
  const least = read.number("rounds.min_per_round") ?? 2;
  const strategy = read.text("strategy.name");
  return [
    { part: "runs", key: "rounds", values: { count: read.number("rounds.rounds") ?? 0 } },
    share < 1
      ? { part: "runs", key: "someTrain", values: { share: format.percent(share), least } }
      : { part: "runs", key: "allTrain", values: { least } },
    { part: "runs", key: "epochs", values: { count: read.number("local.epochs") ?? 1 } },
    { part: "runs", key: ROBUST.has(strategy) ? "joinedRobustly" : "joined", values: { strategy } },
    { part: "runs", key: "deadline", values: { time: format.seconds(read.number("rounds.deadline") ?? 0) } },
  ];
}

function leaves(read: Reader, format: Format): Sentence[] {
  const secret = read.is("privacy.dp.enabled");
  const masked = read.is("privacy.secure.enabled");
  const said: Sentence[] = [
    { part: "leaves", key: "neverRecords", values: {}, tone: "good" },
    { part: "leaves", key: secret ? "noisyCount" : "statistics", values: {} },
    masked
      ? { part: "leaves", key: "maskedUpdate", values: { least: read.number("privacy.secure.least") ?? 2 } }
      : { part: "leaves", key: "update", values: {} },
  ];
  const method = read.text("compression.method");
  if (method === "int8") said.push({ part: "leaves", key: "int8", values: {} });
  if (method === "topk") {
    said.push({ part: "leaves", key: "topk", values: { share: format.percent(read.number("compression.keep") ?? 0, 1) } });
  }
  if (!secret) said.push({ part: "leaves", key: masked ? "maskedFigures" : "figures", values: {} });
  else said.push({ part: "leaves", key: read.text("privacy.dp.evaluation") === "none" ? "noFigures" : "lastFigures", values: {} });
  return [...said, { part: "leaves", key: "logged", values: {} }];
}

function protects(read: Reader, format: Format): Sentence[] {
  const said = [privacy(read, format)];
  if (read.is("privacy.dp.seeded_noise")) said.push({ part: "protects", key: "seededNoise", values: {}, tone: "missing" });
  if (read.is("privacy.secure.enabled")) {
    const key = read.text("privacy.secure.method") === "ckks" ? "encrypted" : "masked";
    said.push({ part: "protects", key, values: {}, tone: "good" });
  } else said.push({ part: "protects", key: "notMasked", values: {}, tone: "missing" });
  return [...said, ...robust(read, format)];
}

function privacy(read: Reader, format: Format): Sentence {
  if (!read.is("privacy.dp.enabled")) return { part: "protects", key: "notPrivate", values: {}, tone: "missing" };
  const delta = format.number(read.number("privacy.dp.delta") ?? 0, 10);
  const epsilon = read.number("privacy.dp.epsilon");
  if (epsilon !== null) {
    return { part: "protects", key: "private", values: { epsilon: format.number(epsilon, 3), delta }, tone: "good" };
  }
  const noise = format.number(read.number("privacy.dp.noise_multiplier") ?? 0, 3);
  return { part: "protects", key: "noisy", values: { noise, delta }, tone: "good" };
}

function robust(read: Reader, format: Format): Sentence[] {
  const said: Sentence[] = [];
  const bound = read.number("defence.norm_bound");
  const acceptance = read.number("defence.acceptance");
  const strategy = read.text("strategy.name");
  if (ROBUST.has(strategy)) said.push({ part: "protects", key: "robust", values: { strategy }, tone: "good" });
  if (bound !== null) said.push({ part: "protects", key: "bound", values: { bound: format.number(bound) }, tone: "good" });
  if (acceptance !== null) {
    said.push({ part: "protects", key: "acceptance", values: { loss: format.number(acceptance, 4) }, tone: "good" });
  }
  return said.length > 0 ? said : [{ part: "protects", key: "notRobust", values: {}, tone: "missing" }];
}

function after(read: Reader, format: Format): Sentence[] {
  const metric = read.text("selection.metric") || read.text("task.metric");
  const tolerance = format.number(read.number("gate.tolerance") ?? 0, 4);
  // Between private rounds nobody is asked, so there is no best one.
  const round = read.is("privacy.dp.enabled") ? "lastRound" : metric ? "bestRoundBy" : "bestRound";
  return [
    { part: "after", key: round, values: { metric } },
    { part: "after", key: "gate", values: { tolerance } },
  ];
}
