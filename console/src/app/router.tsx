import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import type { QueryClient } from "@tanstack/react-query";

import { consortiumSearch } from "../features/consortium/search";
import { hospitalSearch } from "../features/hospital/search";
import { listingOf } from "../features/patients/search";
import { planFilterOf } from "../features/plans/search";
import { historySearch, predictSearch } from "../features/predictions/search";
import { comparedOf, runFilterOf } from "../features/training/search";
import { lazyPage } from "../lib/lazyPage";
import { queries } from "../lib/query";
import { meQuery } from "../lib/session";
import { Crash, Missing } from "./Dead";

interface Context {
  queries: QueryClient;
}

interface SignInSearch {
  to?: string;
  ended?: boolean;
  ready?: boolean;
}

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: Missing });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): SignInSearch => ({
    ...(typeof search.to === "string" && search.to.startsWith("/") && !search.to.startsWith("//") ? { to: search.to } : {}),
    ...(search.ended === true ? { ended: true } : {}),
    ...(search.ready === true ? { ready: true } : {}),
  }),
  component: lazyPage(() => import("./SignInRoute"), "SignInRoute"),
});

const welcome = createRoute({
  getParentRoute: () => root,
  path: "/welcome",
  component: lazyPage(() => import("./SignInRoute"), "WelcomeRoute"),
});

/** Everything else: who is not signed in signs in first, and comes back to where they wanted to go. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ context, location }) => {
    const me = await context.queries.query({ ...meQuery, staleTime: "static" });
    if (!me) throw redirect({ to: "/sign-in", search: location.href === "/" ? {} : { to: location.href } });
  },
  component: lazyPage(() => import("./Shell"), "Shell"),
});

// Each page comes with its feature's own file: `component: lazyPage(() => import("../features/x"), "XPage")`.
const pages = [
  createRoute({
    getParentRoute: () => inside,
    path: "/",
    validateSearch: (search: Record<string, unknown>): { tour?: true } => (search.tour === true ? { tour: true } : {}),
    component: lazyPage(() => import("./overview/OverviewPage"), "OverviewPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/patients",
    validateSearch: listingOf,
    component: lazyPage(() => import("../features/patients"), "PatientsPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/patients/new",
    component: lazyPage(() => import("../features/patients"), "AddPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/patients/import",
    component: lazyPage(() => import("../features/patients"), "ImportPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/patients/$patientId",
    component: lazyPage(() => import("../features/patients"), "PatientPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/patients/$patientId/edit",
    component: lazyPage(() => import("../features/patients"), "EditPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/predict",
    validateSearch: predictSearch,
    component: lazyPage(() => import("../features/predictions"), "PredictPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/history",
    validateSearch: historySearch,
    component: lazyPage(() => import("../features/predictions"), "HistoryPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/training",
    validateSearch: runFilterOf,
    component: lazyPage(() => import("../features/training"), "TrainingPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/training/compare",
    validateSearch: comparedOf,
    component: lazyPage(() => import("../features/training"), "ComparePage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/training/$run",
    component: lazyPage(() => import("../features/training"), "RunPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/plans",
    validateSearch: planFilterOf,
    component: lazyPage(() => import("../features/plans"), "PlansPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/plans/$hash",
    component: lazyPage(() => import("../features/plans"), "PlanPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/models",
    component: lazyPage(() => import("../features/models"), "ModelsPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/models/$version",
    component: lazyPage(() => import("../features/models"), "ModelPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/hospital",
    validateSearch: hospitalSearch,
    component: lazyPage(() => import("../features/hospital"), "HospitalPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/consortium",
    validateSearch: consortiumSearch,
    component: lazyPage(() => import("../features/consortium"), "ConsortiumPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/audit",
    component: lazyPage(() => import("../features/audit"), "AuditPage"),
  }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([signIn, welcome, inside.addChildren(pages)]),
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
