/** Who is signed in. */
import { queryOptions, useQuery, useSuspenseQuery } from "@tanstack/react-query";

import type { Operation } from "../api-client/roles";
import type { Me } from "../api-client/schema";
import { api, Problem, taken } from "./api";
import { may } from "./may";

/** Null for somebody who is not signed in. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async (): Promise<Me | null> => {
    try {
      return await taken(api.GET("/api/auth/me"));
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

/** The person at the page: pages that need a session are not shown without one. */
export function useMe(): Me {
  const { data } = useSuspenseQuery(meQuery);
  if (!data) throw new Problem(401, { code: "not_signed_in", message: "", details: {} });
  return data;
}

/** Whether this person may ask for something. */
export function useMay(): (operation: Operation) => boolean {
  const { data } = useQuery(meQuery);
  return (operation) => (data ? may(data, operation) : false);
}
