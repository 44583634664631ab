import { useEffect, useState } from "react";

const PAUSE_MS = 250;

/** The value once it has stayed the same for a moment; a value that is equal by its JSON is the same. */
export function useDebounced<T>(value: T, pause = PAUSE_MS): T {
  const [settled, setSettled] = useState(value);
  const key = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(JSON.parse(key) as T), pause);
    return () => clearTimeout(timer);
  }, [key, pause]);
  return settled;
}
