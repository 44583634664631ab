import { Outlet, useLocation } from "@tanstack/react-router";

import { lazyPart } from "../components/lazyPart";
import { useMay } from "../lib/session";
import { PLACES } from "./places";

const Refused = lazyPart(() => import("./Refused"));

/** The page of an address, or a word on why this person does not get it: the menu never leads there. */
export function Guarded() {
  const may = useMay();
  const path = useLocation({ select: (location) => location.pathname });
  const place = PLACES.find(({ to }) => to !== "/" && (path === to || path.startsWith(`${to}/`)));
  return !place || may(place.needs) ? <Outlet /> : <Refused place={place.key} />;
}
