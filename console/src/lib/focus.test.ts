import { afterEach, beforeEach, expect, it } from "vitest";

import { keepFocus } from "./focus";

const row = (name: string) => `<tr id="${name}"><td>${name}</td><td><button id="drop-${name}">drop</button></td></tr>`;
const find = (id: string) => document.getElementById(id) as HTMLElement;
const settled = () => new Promise((done) => setTimeout(done));

let stop: () => void;
beforeEach(() => {
  document.body.innerHTML = `
    <main><h1>page</h1><button id="approve">approve</button>
      <section><h2 id="name">rows</h2><table><tbody>${["a", "b", "c"].map(row).join("")}</tbody></table></section>
    </main>`;
  stop = keepFocus(document.querySelector("main") as HTMLElement);
});
afterEach(() => stop());

async function drop(name: string): Promise<void> {
  find(`drop-${name}`).focus();
  find(name).remove();
  await settled();
}

it("goes to the row that follows one that was deleted, and to the last before the end", async () => {
  await drop("b");
  expect(document.activeElement?.id).toBe("drop-c");
  await drop("c");
  expect(document.activeElement?.id).toBe("drop-a");
});

it("goes to the name of a list that is gone", async () => {
  find("drop-a").focus();
  document.querySelector("table")?.remove();
  await settled();
  expect(document.activeElement?.id).toBe("name");
});

it("goes to the page's name when a button has done its work", async () => {
  find("approve").focus();
  (find("approve") as HTMLButtonElement).disabled = true;
  await settled();
  expect(document.activeElement?.tagName).toBe("H1");
});

it("comes back to a button that waited for its answer", async () => {
  const button = find("approve") as HTMLButtonElement;
  button.focus();
  button.className = "MuiButton-loading";
  button.disabled = true;
  await settled();
  expect(document.activeElement?.tagName).not.toBe("H1");
  button.disabled = false;
  await settled();
  expect(document.activeElement).toBe(button);
});

it("goes back to where it was when a notice is gone", async () => {
  find("drop-b").focus();
  document.body.insertAdjacentHTML("beforeend", '<div id="notice"><button id="undo">undo</button></div>');
  find("undo").focus();
  find("notice").remove();
  await settled();
  expect(document.activeElement?.id).toBe("drop-b");
});

it("stays nowhere for whoever clicked beside everything", async () => {
  find("drop-b").focus();
  find("drop-b").blur();
  await settled();
  find("c").remove();
  await settled();
  expect(document.activeElement).toBe(document.body);
});
