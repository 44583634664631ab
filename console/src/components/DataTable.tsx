import { Table, TableBody, TableCell, TableContainer, TableHead, TableRow } from "@mui/material";
import type { ReactNode } from "react";

export interface Column<T> {
  key: string;
  name: ReactNode;
  /** The cell of a row. */
  cell: (row: T) => ReactNode;
  numeric?: boolean;
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
    <TableContainer tabIndex={0} role="region" aria-label={label}>
      <Table size="small" aria-label={label}>
        <TableHead>
          <TableRow>
            {columns.map((column) => (
              <TableCell key={column.key} align={column.numeric ? "right" : "left"} sx={{ whiteSpace: "nowrap" }}>
                {column.name}
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {rows.map((row) => (
            <TableRow key={id(row)} hover>
              {columns.map((column) => (
                <TableCell key={column.key} align={column.numeric ? "right" : "left"}>
                  {column.cell(row)}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  );
}
