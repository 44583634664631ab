/**
 * Renewing the session. A refresh token counts once, so of several tabs and several requests that notice at the same
 * time that the access token has run out, one renews and the others use what it got.
 */
import { cookie } from "./cookie";

const RENEWED = "fedcare.renewed";
const FRESH_MS = 5_000;

let underWay: Promise<boolean> | null = null;
const listeners = new Set<() => void>();

/** Whether there is a session again. */
export function renewSession(): Promise<boolean> {
  underWay ??= locked(renewOnce).finally(() => (underWay = null));
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

async function renewOnce(): Promise<boolean> {
  // Another tab may have renewed it while this one waited for the lock. A time is no patient's data.
  if (Date.now() - Number(localStorage.getItem(RENEWED) ?? 0) < FRESH_MS) return true;
  const response = await fetch("/api/auth/refresh", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": cookie("fedcare_csrf") },
    body: "{}",
  });
  if (response.ok) localStorage.setItem(RENEWED, String(Date.now()));
  return response.ok;
}

async function locked(act: () => Promise<boolean>): Promise<boolean> {
  // Browsers have it over TLS and on this machine only; without it the gateway's own grace has to do.
  const locks = navigator.locks as LockManager | null | undefined;
  try {
    return locks ? await locks.request("fedcare.renewal", act) : await act();
  } catch {
    return false;
  }
}
