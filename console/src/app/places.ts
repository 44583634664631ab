import type { Operation } from "../api-client/roles";

/** Of the menu and of the bar above, in pixels. */
export const MENU_WIDTH = 224;
export const BAR_HEIGHT = 60;

/**
 * The menu: what is there, and the right without which it is not shown. Each has a name and a sentence in the common
 * messages under `places`.
 */
export const PLACES = [
  { to: "/", key: "overview", needs: "getMe" },
  { to: "/patients", key: "patients", needs: "listPatients" },
  { to: "/predict", key: "predict", needs: "predict" },
  { to: "/history", key: "history", needs: "listPredictions" },
  { to: "/training", key: "training", needs: "listRuns" },
  { to: "/plans", key: "plans", needs: "listPlans" },
  { to: "/models", key: "models", needs: "listModels" },
  { to: "/hospital", key: "hospital", needs: "listEgress" },
  { to: "/consortium", key: "consortium", needs: "createInstitution" },
  { to: "/audit", key: "audit", needs: "listAudit" },
] as const satisfies readonly { to: string; key: string; needs: Operation }[];
