import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect } from "react";

import { SignInPage } from "../features/session/SignInPage";
import { WelcomePage } from "../features/session/WelcomePage";
import { queries } from "../lib/query";
import { hearTabs, tellTabs } from "../lib/tabs";

export function SignInRoute() {
  const { to, ended, ready } = useSearch({ from: "/sign-in" });
  const navigate = useNavigate();
  const enter = useCallback(async () => {
    // What somebody else saw before in this tab is nobody's business now.
    queries.clear();
    await navigate({ href: to ?? "/" });
  }, [navigate, to]);
  useEffect(() => hearTabs((word) => word === "signed in" && void enter()), [enter]);
  function signedIn(): void {
    tellTabs("signed in");
    void enter();
  }
  return <SignInPage word={ended ? "ended" : ready ? "ready" : null} onSignedIn={signedIn} />;
}

export function WelcomeRoute() {
  const navigate = useNavigate();
  return <WelcomePage onDone={() => void navigate({ to: "/sign-in", search: { ready: true } })} />;
}
