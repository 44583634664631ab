import { expect, it } from "vitest";

type Messages = { [key: string]: string | Messages };
const files = import.meta.glob<Messages>(["./messages/*/*.json", "./features/*/messages/*.json"], {
  import: "default",
  eager: true,
});

function keys(messages: Messages, before = ""): string[] {
  return Object.entries(messages)
    .flatMap(([key, value]) => (typeof value === "string" ? [before + key] : keys(value, `${before}${key}.`)))
    .sort();
}

const placeholders = (text: string) => (text.match(/{{\w+}}/g) ?? []).sort();

function texts(messages: Messages, before = ""): [string, string][] {
  return Object.entries(messages).flatMap(([key, value]): [string, string][] =>
    typeof value === "string" ? [[before + key, value]] : texts(value, `${before}${key}.`),
  );
}

const english = Object.keys(files).filter((path) => path.endsWith("/en.json"));

it.each(english)("%s says the same in German", (path) => {
  const there = files[path.replace("/en.json", "/de.json")];
  if (!there) throw new Error("there is no German");
  const here = files[path] ?? {};
  expect(keys(there)).toEqual(keys(here));
  const german = new Map(texts(there));
  for (const [key, text] of texts(here)) expect([key, placeholders(german.get(key) ?? "")]).toEqual([key, placeholders(text)]);
});
