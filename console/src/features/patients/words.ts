/**
 * What is searched for: most often a name, so it is kept in this tab's memory and never in the address. Going to a
 * patient and back keeps it; the end of the session forgets it with everything else that was fetched.
 */
import { queryOptions, skipToken, useQuery, useQueryClient } from "@tanstack/react-query";

const kept = queryOptions<string>({
  queryKey: ["patients' search"],
  queryFn: skipToken,
  staleTime: Infinity,
  gcTime: Infinity,
});

export function useWords(): [string, (words: string) => void] {
  const client = useQueryClient();
  return [useQuery(kept).data ?? "", (words) => client.setQueryData(kept.queryKey, words)];
}
