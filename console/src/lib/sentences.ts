/**
 * What the server says in English sentences, in the reader's language.
 *
 * A reason comes from far: from a node, over the coordinator, out of a stored row, inside of another sentence. The
 * sentence itself is therefore what tells which one it is. `messages/sentences/en.json` has each under a code, with
 * names where it has values; whoever reads another language gets the sentence of the same code with the same values.
 * What is not there is left in the server's words.
 */
export type Said = (text: string) => string;
export type Sentences = { readonly [code: string]: string | Sentences };

export interface Template {
  code: string;
  names: readonly string[];
  pattern: RegExp;
  head: string;
  tail: string;
  /** How many letters are its own: of two that fit, the one that says more is meant. */
  weight: number;
}

const NUMBER = String.raw`-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?`;
const QUANTITY = new RegExp(`^(${NUMBER}%?)(?: (to) (${NUMBER}%?))?(?: (.+))?$`);

/** The sentences of a message file, those first that are the most particular. */
export function templatesOf(english: Sentences, before = ""): Template[] {
  return Object.entries(english)
    .flatMap(([code, text]) => (typeof text === "string" ? template(before + code, text) : templatesOf(text, `${before}${code}.`)))
    .sort((one, other) => other.weight - one.weight);
}

function template(code: string, text: string): Template {
  // Between the values at even places, the names of the values at odd ones.
  const parts = text.split(/{{(\w+)}}/);
  const own = parts.filter((_, place) => place % 2 === 0);
  return {
    code,
    names: parts.filter((_, place) => place % 2 === 1),
    pattern: new RegExp(`^${own.map(escaped).join("(.+?)")}$`, "s"),
    head: own[0] ?? "",
    tail: own.at(-1) ?? "",
    weight: own.join("").length,
  };
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);

/** `say` has the sentence of a code, `number` and `percent` write a number and a share; all in the reader's language. */
export function sayer(
  templates: readonly Template[],
  say: (code: string, values: Record<string, string>) => string,
  number: (value: number) => string,
  percent: (share: number) => string = (share) => `${number(100 * share)}%`,
): Said {
  function known(text: string): string | undefined {
    for (const { code, names, pattern, head, tail } of templates) {
      const found = text.startsWith(head) && text.endsWith(tail) ? pattern.exec(text) : null;
      if (found) return say(code, Object.fromEntries(names.map((name, place) => [name, said(found[place + 1] ?? "")])));
    }
    return undefined;
  }

  /** Several sentences in a row, or names. */
  function listed(text: string): string | undefined {
    const parts = text.split("; ");
    if (parts.length > 1 && parts.some((part) => (known(part) ?? about(part)) !== undefined)) return parts.map(said).join("; ");
    const names = text.split(", ");
    return names.length > 1 && names.every((name) => known(name) !== undefined) ? names.map(said).join(", ") : undefined;
  }

  /** `Hospital A: ` and what there is to say of it. */
  function about(text: string): string | undefined {
    const [, who = "", rest = ""] = /^(.+?): (.+)$/s.exec(text) ?? [];
    const told = rest && known(rest);
    return told ? `${said(who)}: ${told}` : undefined;
  }

  function quantity(text: string): string | undefined {
    const [, first, to, last, unit] = QUANTITY.exec(text) ?? [];
    const written = (value: string) => {
      const found = Number(value.replaceAll(/[,%]/g, ""));
      return value.endsWith("%") ? percent(found / 100) : number(found);
    };
    if (first === undefined) return undefined;
    return [written(first), to && said(to), last && written(last), unit && said(unit)].filter(Boolean).join(" ");
  }

  const said: Said = (text) => known(text) ?? listed(text) ?? about(text) ?? quantity(text) ?? text;
  return said;
}
