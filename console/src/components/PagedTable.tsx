import { Button, Stack } from "@mui/material";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { DataTable, type Column } from "./DataTable";
import { Fetched } from "./Fetched";

interface Props<T> {
  label: string;
  columns: readonly Column<T>[];
  id: (row: T) => string | number;
  query: UseInfiniteQueryResult<InfiniteData<{ items: T[] }>>;
  /** Shown where there is no row. */
  empty: ReactNode;
}

/** A table that is read page by page. */
export function PagedTable<T>({ label, columns, id, query, empty }: Props<T>) {
  const { t } = useTranslation();
  return (
    <Fetched query={query}>
      {(data) => {
        const rows = data.pages.flatMap((page) => page.items);
        if (rows.length === 0) return empty;
        return (
          <Stack spacing={1}>
            <DataTable label={label} columns={columns} rows={rows} id={id} />
            {query.hasNextPage && (
              <Button sx={{ alignSelf: "flex-start" }} loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t("more")}
              </Button>
            )}
          </Stack>
        );
      }}
    </Fetched>
  );
}
