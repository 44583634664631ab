import { Box, Stack, Typography } from "@mui/material";
import Grid from "@mui/material/Grid";
import { useTranslation } from "react-i18next";

import type { PlanDetails } from "../../api-client/schema";
import { Panel } from "../../components/Panel";
import { useSaid } from "../../components/useSaid";
import { format } from "../../lib/i18n";
import { PARTS, sentences, type Sentence } from "./sentences";

const SIGNS = { good: "✓", missing: "!" } as const;
const COLOURS = { good: "success.main", missing: "warning.main" } as const;

/** A plan in sentences: what is learned, how, what leaves the hospital, what protects it, and what comes after. */
export function PlainPlan({ plan }: Pick<PlanDetails, "plan">) {
  const { t } = useTranslation("plans");
  const said = sentences(plan, format(), useSaid());
  return (
    <Grid container spacing={3}>
      {PARTS.map((part) => (
        <Grid key={part} size={{ xs: 12, md: part === "after" ? 12 : 6 }}>
          <Panel title={t(`parts.${part}`)}>
            <Stack component="ul" spacing={1} sx={{ m: 0, p: 0, listStyle: "none" }}>
              {said
                .filter((each) => each.part === part)
                .map((each) => (
                  <Line key={each.key} sentence={each} />
                ))}
            </Stack>
          </Panel>
        </Grid>
      ))}
    </Grid>
  );
}

function Line({ sentence: { key, values, tone } }: { sentence: Sentence }) {
  const { t } = useTranslation("plans");
  return (
    <Stack component="li" direction="row" spacing={1}>
      <Box component="span" aria-hidden sx={{ color: tone ? COLOURS[tone] : "text.secondary", fontWeight: 700, width: 14, flexShrink: 0 }}>
        {tone ? SIGNS[tone] : "·"}
      </Box>
      <Typography>{t(`says.${key}`, values)}</Typography>
    </Stack>
  );
}
