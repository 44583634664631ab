import { useNavigate, useSearch } from "@tanstack/react-router";

import { SignInPage } from "../features/session/SignInPage";
import { WelcomePage } from "../features/session/WelcomePage";
import { queries } from "../lib/query";

export function SignInRoute() {
  const { to, ended } = useSearch({ from: "/sign-in" });
  const navigate = useNavigate();
  async function enter(): Promise<void> {
    // What somebody else saw before in this tab is nobody's business now.
    queries.clear();
    await navigate({ href: to ?? "/" });
  }
  return <SignInPage ended={ended ?? false} onSignedIn={() => void enter()} />;
}

export function WelcomeRoute() {
  const navigate = useNavigate();
  return <WelcomePage onDone={() => void navigate({ to: "/sign-in", search: {} })} />;
}
