import { beforeEach, describe, expect, it, vi } from "vitest";

import { isReplaced, reloadOnce } from "./version";

const script = (name: string) => `<script type="not run here" src="/assets/${name}.js"></script>`;

describe("the version that is served", () => {
  beforeEach(() => {
    document.head.innerHTML = script("first-a");
    sessionStorage.clear();
    vi.restoreAllMocks();
  });

  async function whereServed(answer: () => Promise<Response>): Promise<boolean> {
    vi.spyOn(globalThis, "fetch").mockImplementation(answer);
    return isReplaced();
  }

  it("is another one only where the gateway shows another one", async () => {
    expect(await whereServed(() => Promise.resolve(new Response(script("first-a"))))).toBe(false);
    expect(await whereServed(() => Promise.resolve(new Response(script("first-b"))))).toBe(true);
    expect(await whereServed(() => Promise.resolve(new Response("<h1>Away</h1>", { status: 503 })))).toBe(false);
    expect(await whereServed(() => Promise.reject(new TypeError("no network")))).toBe(false);
  });

  it("is loaded once by itself", () => {
    const reload = vi.spyOn(location, "reload").mockImplementation(() => undefined);
    reloadOnce();
    reloadOnce();
    expect(reload).toHaveBeenCalledTimes(1);
  });
});
