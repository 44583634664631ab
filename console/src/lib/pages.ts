import { infiniteQueryOptions, type QueryKey } from "@tanstack/react-query";

interface Page<T> {
  items: T[];
  next?: string | null;
}

/** A list that the gateway hands out page by page: each answer says where the next page begins. */
export function pagesQuery<T>(
  queryKey: QueryKey,
  ask: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>,
) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) => ask(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page<T>) => last.next ?? undefined,
  });
}
