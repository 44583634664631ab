/** Files of records: read as people's programs write them, and the answers written beside them. */
import type { BatchAnswer } from "../../api-client/schema";
import type { Field } from "./record";

export interface Sheet {
  header: string[];
  /** Each as long as the header. */
  rows: string[][];
  /** Lines, from 1, that have more cells than the header. */
  broken: number[];
}

export type Row = Record<string, number | string | null>;

/** Read a file with commas, semicolons or tabs (RFC 4180, with or without a byte order mark). */
export function readSheet(text: string): Sheet {
  const content = text.replace(/^\uFEFF/, "");
  const lines = split(content, delimiterOf(content)).filter((cells) => cells.some((cell) => cell.trim() !== ""));
  const [header = [], ...rest] = lines;
  const names = header.map((name) => name.trim());
  const broken = rest.flatMap((cells, at) => (cells.slice(names.length).some((cell) => cell.trim() !== "") ? [at + 2] : []));
  return { header: names, rows: rest.map((cells) => names.map((_, at) => cells[at] ?? "")), broken };
}

function delimiterOf(content: string): string {
  const first = content.slice(0, content.search(/[\r\n]|$/));
  const count = (mark: string) => first.split(mark).length;
  return [",", ";", "\t"].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}

function split(content: string, delimiter: string): string[][] {
  const lines: string[][] = [];
  let cells: string[] = [];
  let cell = "";
  let quoted = false;
  const endLine = () => {
    lines.push([...cells, cell]);
    cells = [];
    cell = "";
  };
  for (let at = 0; at < content.length; at++) {
    const mark = content.charAt(at);
    if (quoted) {
      if (mark !== '"') cell += mark;
      else if (content[at + 1] === '"') {
        cell += '"';
        at++;
      } else quoted = false;
    } else if (mark === '"' && cell === "") quoted = true;
    else if (mark === delimiter) {
      cells.push(cell);
      cell = "";
    } else if (mark === "\n" || mark === "\r") {
      if (mark === "\r" && content[at + 1] === "\n") at++;
      endLine();
    } else cell += mark;
  }
  if (cell !== "" || cells.length > 0) endLine();
  return lines;
}

/** Where each feature stands in the header, the required ones that are absent, and the columns that are none. */
export function columnsOf(header: readonly string[], fields: readonly Field[]) {
  const plain = header.map((name) => name.toLowerCase());
  const places = new Map(fields.map(({ name }) => [name, plain.indexOf(name.toLowerCase())]));
  const used = new Set(places.values());
  return {
    places,
    missing: fields.filter(({ name, required }) => required && places.get(name) === -1).map(({ name }) => name),
    ignored: header.filter((_, at) => !used.has(at)),
  };
}

/** The records of a sheet; an empty cell is a missing value. What a cell means is the server's to judge. */
export function recordsOf(sheet: Sheet, fields: readonly Field[]): Row[] {
  const { places } = columnsOf(sheet.header, fields);
  return sheet.rows.map((cells) => {
    const row: Row = {};
    for (const { name, kind } of fields) {
      const text = cells[places.get(name) ?? -1]?.trim() ?? "";
      const isNumber = kind === "number" && /^-?\d{1,15}(\.\d+)?$/.test(text);
      row[name] = text === "" ? null : isNumber ? Number(text) : text;
    }
    return row;
  });
}

/** The sheet with what the model says beside each row. */
export function answeredSheet(sheet: Sheet, answers: readonly Answered[]): string {
  const header = [...sheet.header, ...ADDED];
  const lines = sheet.rows.map((cells, at) => [...cells, ...addedTo(answers[at])]);
  return [header, ...lines].map((cells) => cells.map(quote).join(",")).join("\r\n") + "\r\n";
}

const ADDED = ["prediction", "low", "high", "unit", "probability", "not_sure", "remarks", "model_version"];

function addedTo(answer: Answered | undefined): string[] {
  if (!answer) return ADDED.map(() => "");
  const { value, low, high, label, unit, notSure, remarks, version } = answer;
  const said = label ?? shown(value);
  const probability = label === null ? "" : shown(value);
  return [said, shown(low), shown(high), unit ?? "", probability, value === null ? "" : notSure ? "yes" : "no", remarks.join("; "), version];
}

const shown = (value: number | null) => (value === null ? "" : String(value));

/** A cell that no spreadsheet takes for a formula. */
function quote(cell: string): string {
  const safe = /^[=+\-@\t\r]/.test(cell) && !Number.isFinite(Number(cell)) ? `'${cell}` : cell;
  return /[",\r\n;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** What is said of one row; without a value it was refused, for the remarks. */
export interface Answered {
  value: number | null;
  low: number | null;
  high: number | null;
  label: string | null;
  unit: string | null;
  notSure: boolean;
  outside: boolean;
  remarks: string[];
  version: string;
}

/** The columns of an answer row by row. */
export function answeredRows(answer: BatchAnswer): Answered[] {
  const notes = new Map(answer.notes.map((note) => [note.row, note]));
  const refused = new Map(answer.refused.map(({ row, problems }) => [row, problems]));
  const unsure = new Set(answer.not_sure);
  return answer.values.map((value, at) => {
    const note = notes.get(at);
    const problems = refused.get(at)?.map(({ field, problem }) => `${field}: ${problem}`) ?? [];
    return {
      value,
      low: answer.lows?.[at] ?? null,
      high: answer.highs?.[at] ?? null,
      label: answer.labels?.[at] ?? null,
      unit: answer.unit,
      notSure: unsure.has(at),
      outside: (note?.reasons.length ?? 0) > 0,
      remarks: [...problems, ...(note ? [...new Set([...note.reasons, ...note.warnings])] : [])],
      version: answer.model_versions[answer.answered_by?.[at] ?? 0] ?? "",
    };
  });
}
