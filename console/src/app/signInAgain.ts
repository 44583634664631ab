import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

import { queries } from "../lib/query";
import { onSessionEnd } from "../lib/renewal";
import { meQuery, useMe } from "../lib/session";
import { hearTabs } from "../lib/tabs";

/** Where the session has ended, here or in another tab, sign in again and come back to this very place. */
export function useSignInAgain(): void {
  const navigate = useNavigate();
  const me = useMe().id;
  useEffect(() => {
    function leave(): void {
      // Several requests may notice it one after the other.
      if (location.pathname === "/sign-in") return;
      queries.clear();
      void navigate({ to: "/sign-in", search: { to: location.pathname + location.search, ended: true } });
    }
    /** All tabs have the cookies of whoever signed in last: nobody acts in another's name, nor sees what they saw. */
    async function lookWho(): Promise<void> {
      const now = await queries.query({ ...meQuery, staleTime: 0 });
      if (now?.id !== me) location.assign("/");
    }
    const stops = [
      onSessionEnd(leave),
      hearTabs((word) => {
        if (word === "signed out") leave();
        else lookWho().catch(() => location.reload());
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [navigate, me]);
}
