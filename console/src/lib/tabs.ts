/** What the tabs of a browser tell each other: they share one session's cookies. */
export type Word = "signed in" | "signed out";

const channel = new BroadcastChannel("fedcare.session");

/** Tell every other tab. */
export function tellTabs(word: Word): void {
  channel.postMessage(word);
}

/** Hear what other tabs tell, until the returned function is called. */
export function hearTabs(heard: (word: Word) => void): () => void {
  const listener = ({ data }: MessageEvent<Word>) => heard(data);
  channel.addEventListener("message", listener);
  return () => channel.removeEventListener("message", listener);
}
