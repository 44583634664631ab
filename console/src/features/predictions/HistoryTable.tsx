import { Button, Stack } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { PastPrediction } from "../../api-client/schema";
import { DataTable, type Column } from "../../components/DataTable";
import { TextLink } from "../../components/LinkButton";
import { Status } from "../../components/Status";
import { useSaid } from "../../components/useSaid";
import { format } from "../../lib/i18n";
import { statusQuery } from "./api";
import { useWords, type Words } from "./words";

interface Props {
  items: PastPrediction[];
  /** The reader's own id. */
  me: string;
  onOpen: (past: PastPrediction) => void;
}

export function HistoryTable({ items, me, onOpen }: Props) {
  const { t } = useTranslation("predictions");
  const words = useWords();
  const say = useSaid();
  const status = useQuery(statusQuery);
  const titles = new Map(status.data?.tasks.map((each) => [each.task, each.title]));
  const columns: Column<PastPrediction>[] = [
    { key: "when", name: t("history.when"), cell: ({ created_at }) => <span style={{ whiteSpace: "nowrap" }}>{format().moment(created_at)}</span> },
    { key: "task", name: t("predict.task"), cell: ({ task }) => say(titles.get(task) ?? task) },
    { key: "said", name: t("history.said"), cell: (past) => <Saying past={past} words={words} /> },
    { key: "patient", name: t("history.patient"), cell: ({ patient_id }) => <OfPatient id={patient_id} /> },
    { key: "by", name: t("history.by"), cell: ({ worker_id }) => t(worker_id === me ? "history.you" : "history.colleague") },
    { key: "outcome", name: t("history.outcome"), cell: (past) => outcomeOf(past, words) ?? "–" },
    {
      key: "open",
      name: t("history.details"),
      cell: (past) => (
        <Button size="small" onClick={() => onOpen(past)} aria-label={t("history.openLabel", { when: format().moment(past.created_at) })}>
          {t("history.open")}
        </Button>
      ),
    },
  ];
  return <DataTable label={t("history.title")} columns={columns} rows={items} id={({ id }) => id} />;
}

function Saying({ past, words }: { past: PastPrediction; words: Words }) {
  const { t } = useTranslation("predictions");
  const said = past.label === null ? format().quantity(past.value, words.unit(past.unit)) : t("answer.chance", { label: words.category(past.about ?? past.label), value: format().percent(past.value, 1) });
  return (
    <Stack direction="row" sx={{ gap: 1, alignItems: "center", flexWrap: "wrap" }}>
      <span>{said}</span>
      {past.not_sure && <Status tone="warning" label={t("answer.notSure")} />}
      {past.outside && !past.not_sure && <Status tone="warning" label={t("history.outside")} />}
    </Stack>
  );
}

function OfPatient({ id }: { id: string | null }) {
  const { t } = useTranslation("predictions");
  if (id === null) return <>{t("history.nobody")}</>;
  return (
    <TextLink sx={{ whiteSpace: "nowrap" }} to="/patients/$patientId" params={{ patientId: id }}>
      {t("history.ofPatient")}
    </TextLink>
  );
}

/** What turned out to be true, as people read it; null while nobody has said. */
export function outcomeOf({ outcome, unit }: Pick<PastPrediction, "outcome" | "unit">, words: Words): string | null {
  if (outcome === null) return null;
  return typeof outcome === "number" ? format().quantity(outcome, words.unit(unit)) : words.category(outcome);
}
