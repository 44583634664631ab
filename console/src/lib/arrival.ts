import { useRouterState } from "@tanstack/react-router";
import { useEffect, type RefObject } from "react";

let last: string | undefined;

/**
 * Whoever came here from another page goes on at this one's heading: the keyboard's focus does not stay in what is
 * gone, and a screen reader says the page's name. The first page of a visit is read from its beginning.
 */
export function useArrival(heading?: RefObject<HTMLElement | null>): void {
  // Where the router has come to rest; the page that is left is gone by then.
  const path = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname });
  useEffect(() => {
    if (path === undefined) return;
    if (last !== undefined && last !== path) heading?.current?.focus({ preventScroll: true });
    last = path;
  }, [path, heading]);
}
