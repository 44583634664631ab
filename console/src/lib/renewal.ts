/**
 * Renewing the session. A refresh token counts once, so of several tabs and several requests that notice at the same
 * time that the access token has run out, one renews and the others use what it got.
 */
import { cookie } from "./cookie";

const RENEWED = "fedcare.renewed";

let underWay: Promise<number> | null = null;
const listeners = new Set<() => void>();

/**
 * The status of the gateway's answer: 200 where there is a session again, 0 where the gateway was not reached. Nothing is
 * asked where the session was renewed after the request was ``sent`` that it had run out for.
 */
export function renewSession(sent: number): Promise<number> {
  underWay ??= locked(() => renewOnce(sent)).finally(() => (underWay = null));
  return underWay;
}

/** Be told when the session has ended, here or in another tab. */
export function onSessionEnd(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function endSession(): void {
  for (const listener of listeners) listener();
}

async function renewOnce(sent: number): Promise<number> {
  // Another tab may have renewed it meanwhile. A time is no patient's data.
  if (Number(localStorage.getItem(RENEWED) ?? 0) >= sent) return 200;
  const response = await fetch("/api/auth/refresh", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": cookie("fedcare_csrf") },
    body: "{}",
  });
  if (response.ok) localStorage.setItem(RENEWED, String(Date.now()));
  return response.status;
}

async function locked(act: () => Promise<number>): Promise<number> {
  // Browsers have it over TLS and on this machine only; without it the gateway's own grace has to do.
  const locks = navigator.locks as LockManager | null | undefined;
  try {
    return locks ? await locks.request("fedcare.renewal", act) : await act();
  } catch {
    return 0;
  }
}
