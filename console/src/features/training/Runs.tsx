import { Box, Checkbox, Typography } from "@mui/material";
import { useTranslation } from "react-i18next";

import type { Run } from "../../api-client/schema";
import { DataTable } from "../../components/DataTable";
import { TextLink } from "../../components/LinkButton";
import { format } from "../../lib/i18n";
import { RunStatus } from "./RunStatus";

interface Props {
  runs: readonly Run[];
  chosen: readonly string[];
  choose: (id: string, on: boolean) => void;
}

/** Runs with a box each, to compare some. */
export function Runs({ runs, chosen, choose }: Props) {
  const { t } = useTranslation("training");
  return (
    <DataTable
      label={t("runs.title")}
      rows={runs}
      id={(run) => run.id}
      columns={[
        {
          key: "chosen",
          name: t("runs.choose"),
          cell: (run) => (
            <Checkbox
              size="small"
              checked={chosen.includes(run.id)}
              onChange={(_, on) => choose(run.id, on)}
              slotProps={{ input: { "aria-label": t("runs.chooseOne", { task: run.task, id: run.id.slice(-8) }) } }}
            />
          ),
        },
        { key: "run", name: t("runs.run"), cell: (run) => <Name run={run} /> },
        { key: "state", name: t("state"), cell: (run) => <RunStatus status={run.status} /> },
        { key: "rounds", name: t("runs.rounds"), numeric: true, cell: (run) => format().number(run.rounds) },
        { key: "cause", name: t("runs.cause"), cell: (run) => t(`runs.by.${run.cause}`) },
        { key: "at", name: t("runs.at"), cell: (run) => format().moment(run.created_at) },
        { key: "version", name: t("runs.version"), cell: (run) => run.version ?? "–" },
      ]}
    />
  );
}

function Name({ run }: { run: Run }) {
  return (
    <Box component="span" sx={{ whiteSpace: "nowrap" }}>
      <TextLink to="/training/$run" params={{ run: run.id }}>
        {run.task}
      </TextLink>
      <Typography component="span" variant="body2" sx={{ color: "text.secondary", ml: 1, fontFamily: "monospace" }}>
        {run.id.slice(-8)}
      </Typography>
    </Box>
  );
}
