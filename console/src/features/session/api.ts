import type { AcceptInvitation } from "../../api-client/schema";
import { api, taken } from "../../lib/api";

export interface Credentials {
  email: string;
  password: string;
  institution_id: number | null;
}

export function signIn(credentials: Credentials) {
  return taken(api.POST("/api/auth/login", { body: { ...credentials, cookies: true } }));
}

/** Ends this session, or every one of the person's, on other machines too. */
export async function signOut(everywhere = false): Promise<void> {
  await api.POST("/api/auth/logout", { body: { everywhere } });
}

export async function accept(invitation: AcceptInvitation): Promise<void> {
  await api.POST("/api/auth/invitation", { body: invitation });
}
