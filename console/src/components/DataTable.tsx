import { Table, TableCell, TableContainer, TableHead, TableRow, TableSortLabel } from "@mui/material";
import type { ReactNode } from "react";

export interface Column<T> {
  key: string;
  name: ReactNode;
  /** The cell of a row. */
  cell: (row: T) => ReactNode;
  numeric?: boolean;
  /** Left out where the window is narrow: the page of the row has it. */
  wideOnly?: boolean;
  /** Where the rows can be ordered by this column: how they are, and how to order them by it or turn them round. */
  sort?: { direction: "asc" | "desc" | false; change: () => void };
}

interface Props<T> {
  /** What the table holds, for who cannot see it. */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  id: (row: T) => string | number;
}

/** A plain table that scrolls sideways on a narrow screen. */
export function DataTable<T>({ label, columns, rows, id }: Props<T>) {
  return (
    <TableContainer tabIndex={0} role="group" aria-label={label}>
      <Table size="small" aria-label={label} sx={LOOKS}>
        <TableHead>
          <TableRow>
            {columns.map((column) => (
              <TableCell
                key={column.key}
                align={column.numeric ? "right" : "left"}
                sortDirection={column.sort?.direction}
                className={column.wideOnly ? "wide" : undefined}
              >
                {column.sort ? <SortedBy {...column.sort}>{column.name}</SortedBy> : column.name}
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <tbody>
          {rows.map((row) => (
            <tr key={id(row)}>
              {columns.map((column) => (
                <td key={column.key} className={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </Table>
    </TableContainer>
  );
}

function classOf({ numeric, wideOnly }: Column<never>): string | undefined {
  return [numeric && "numeric", wideOnly && "wide"].filter(Boolean).join(" ") || undefined;
}

function SortedBy({ direction, change, children }: NonNullable<Column<unknown>["sort"]> & { children: ReactNode }) {
  return (
    <TableSortLabel active={direction !== false} direction={direction || "asc"} onClick={change}>
      {children}
    </TableSortLabel>
  );
}

// The body's cells are plain ones, styled from here: hundreds of styled components would each work out their own.
const LOOKS = {
  // Where there is no room the table scrolls, rather than break a date into four lines.
  width: { xs: "max-content", md: "100%" },
  minWidth: "100%",
  "& th, & td": { px: { xs: 1.5, xl: 2 }, "&:first-of-type": { pl: { xs: 1, sm: 2 } } },
  "& th": { whiteSpace: { xs: "nowrap", md: "normal" } },
  "& td": { maxWidth: { xs: "34ch", md: "none" }, py: 0.75, borderBottom: 1, borderColor: "divider", typography: "body2" },
  "& td.numeric": { textAlign: "right", whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" },
  "& .wide": { display: { xs: "none", lg: "table-cell" } },
  "& tbody tr:hover": { bgcolor: "action.hover" },
} as const;
