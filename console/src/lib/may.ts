import type { Me } from "../api-client/schema";
import { ROLES, type Operation } from "../api-client/roles";

/** Whether a role may ask for something, by the gateway's own table. What is hidden is refused there all the same. */
export function may(me: Pick<Me, "role">, operation: Operation): boolean {
  const roles: readonly string[] = ROLES[operation];
  return roles.includes(me.role);
}
