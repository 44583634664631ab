import { Box, Stack } from "@mui/material";
import type { UseInfiniteQueryResult, UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { Failure } from "./Failure";

interface Props<T> {
  query: Pick<UseQueryResult<T> | UseInfiniteQueryResult<T>, "data" | "error" | "refetch">;
  children: (data: T) => ReactNode;
  /** Lines of the placeholder. */
  lines?: number;
}

/** What was asked for, once it is there; until then its place, or why it did not come. What came before stays. */
export function Fetched<T>({ query, children, lines = 4 }: Props<T>) {
  const retry = () => void query.refetch();
  if (query.data === undefined) {
    if (query.error) return <Failure error={query.error} retry={retry} />;
    return (
      <Stack spacing={1} aria-busy="true">
        {Array.from({ length: lines }, (_, line) => (
          <Box key={line} sx={{ height: 32, borderRadius: 1, bgcolor: "action.hover" }} />
        ))}
      </Stack>
    );
  }
  return (
    <>
      {query.error && <Failure error={query.error} retry={retry} />}
      {children(query.data)}
    </>
  );
}
