import { useCallback, useEffect, useRef } from "react";

/** Does the last of several things asked for in quick succession, once nothing came for that long. */
export function useLater(milliseconds: number): (act: () => void) => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(
    (act) => {
      clearTimeout(timer.current);
      timer.current = setTimeout(act, milliseconds);
    },
    [milliseconds],
  );
}
