import { queryOptions } from "@tanstack/react-query";

import { api, taken } from "../../lib/api";

/** One's own hospital's privacy budget: nobody but its administrator may ask. */
export const budgetQuery = queryOptions({
  queryKey: ["privacy", "budget"],
  queryFn: ({ signal }) => taken(api.GET("/api/privacy/budget", { signal })),
});
