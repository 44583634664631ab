import { Box, Stack, Typography } from "@mui/material";
import { useTranslation } from "react-i18next";

import { format } from "../../lib/i18n";

interface Props {
  /** Epsilon that all runs together may cost. */
  budget: number;
  spent: number;
  /** What one more run would add. */
  added?: number;
}

/** A privacy budget as a bar: what is spent, what a run would add, and what is left; the same in words below. */
export function BudgetBar({ budget, spent, added = 0 }: Props) {
  const { t } = useTranslation("budget");
  const { number } = format();
  const whole = Math.max(budget, spent + added) || 1;
  const share = (part: number) => `${(100 * part) / whole}%`;
  const left = budget - spent - added;
  return (
    <Stack spacing={0.5}>
      <Box aria-hidden sx={{ display: "flex", height: 14, borderRadius: 7, overflow: "hidden", bgcolor: "action.selected" }}>
        <Box sx={{ width: share(spent), bgcolor: spent > budget ? "error.main" : "primary.main" }} />
        <Box sx={{ width: share(added), bgcolor: left < 0 ? "error.main" : "warning.main" }} />
      </Box>
      <Typography variant="body2" sx={{ color: "text.secondary" }}>
        {t(added > 0 ? "withRun" : "stands", {
          spent: number(spent, 3),
          added: number(added, 3),
          left: number(Math.max(0, left), 3),
          budget: number(budget, 3),
        })}
      </Typography>
    </Stack>
  );
}
