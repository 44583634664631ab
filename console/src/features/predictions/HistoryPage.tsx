import { Button, Stack } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { PastPrediction } from "../../api-client/schema";
import { Empty } from "../../components/Empty";
import { Fetched } from "../../components/Fetched";
import { LinkButton } from "../../components/LinkButton";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { useKept } from "../../lib/drafts";
import { useMe } from "../../lib/session";
import { historyQuery } from "./api";
import { HistoryFilters } from "./HistoryFilters";
import { HistoryTable } from "./HistoryTable";
import { PastDialog } from "./PastDialog";
import { isFiltered, momentsOf } from "./search";

/** What the model was asked before, what it said, and what turned out to be true. */
export function HistoryPage() {
  const { t } = useTranslation("predictions");
  const { task, patient, since, until, mine, cursor } = useSearch({ from: "/inside/history" });
  const navigate = useNavigate({ from: "/history" });
  const me = useMe();
  const [open, setOpen] = useKept<PastPrediction | null>("past", null);
  const page = useQuery(
    historyQuery({
      ...(task ? { task } : {}),
      ...(patient ? { patient_id: patient } : {}),
      ...(mine ? { worker_id: me.id } : {}),
      ...(cursor ? { cursor } : {}),
      ...momentsOf({ since, until }),
    }),
  );
  const filtered = isFiltered({ task, patient, since, until, mine });
  const turn = (to: string | undefined) => void navigate({ search: (before) => ({ ...before, cursor: to }) });
  return (
    <Page title={t("history.title")} lead={t("history.lead")}>
      <HistoryFilters />
      <Fetched query={page}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty
              title={t(filtered ? "history.noneLike" : "history.none")}
              action={
                <LinkButton to="/predict" search={{}} variant="contained">
                  {t("history.predict")}
                </LinkButton>
              }
            >
              {t(filtered ? "history.noneLikeText" : "history.noneText")}
            </Empty>
          ) : (
            <Panel>
              <HistoryTable items={data.items} me={me.id} onOpen={setOpen} />
              <Stack direction="row" sx={{ gap: 1, mt: 2, justifyContent: "flex-end" }}>
                <Button disabled={!cursor} onClick={() => turn(undefined)}>
                  {t("history.latest")}
                </Button>
                <Button disabled={!data.next} onClick={() => turn(data.next ?? undefined)}>
                  {t("history.older")}
                </Button>
              </Stack>
            </Panel>
          )
        }
      </Fetched>
      {open && <PastDialog past={open} onChange={setOpen} onClose={() => setOpen(null)} />}
    </Page>
  );
}
