import { useEffect } from "react";

/** Ask before the tab is closed or loaded anew: what was typed is in its memory alone. */
export function useWarning(typed: boolean): void {
  useEffect(() => {
    if (!typed) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [typed]);
}
