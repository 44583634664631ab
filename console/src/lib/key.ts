/** An Idempotency-Key of one's own. `crypto.randomUUID` is there over TLS alone, this everywhere. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
