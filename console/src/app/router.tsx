import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import type { QueryClient } from "@tanstack/react-query";

import { queries } from "../lib/query";
import { meQuery } from "../lib/session";
import { Crash, Missing } from "./Dead";
import { OverviewPage } from "./OverviewPage";
import { SignInRoute } from "./SignInRoute";
import { Shell } from "./Shell";

interface Context {
  queries: QueryClient;
}

interface SignInSearch {
  to?: string;
  ended?: boolean;
}

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: Missing });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): SignInSearch => ({
    ...(typeof search.to === "string" && search.to.startsWith("/") && !search.to.startsWith("//") ? { to: search.to } : {}),
    ...(search.ended === true ? { ended: true } : {}),
  }),
  component: SignInRoute,
});

/** Everything else: who is not signed in signs in first, and comes back to where they wanted to go. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ context, location }) => {
    const me = await context.queries.query({ ...meQuery, staleTime: "static" });
    if (!me) throw redirect({ to: "/sign-in", search: location.href === "/" ? {} : { to: location.href } });
  },
  component: Shell,
});

// Each page comes with its feature's own file: `component: lazyRouteComponent(() => import("../features/x"), "XPage")`.
const pages = [
  createRoute({ getParentRoute: () => inside, path: "/", component: OverviewPage }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([signIn, inside.addChildren(pages)]),
  context: { queries },
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultErrorComponent: Crash,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
