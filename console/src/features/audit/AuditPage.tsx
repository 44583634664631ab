import { Alert, Box, Button } from "@mui/material";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Entry, Verification } from "../../api-client/schema";
import type { Column } from "../../components/DataTable";
import { Empty } from "../../components/Empty";
import { Failure } from "../../components/Failure";
import { Page } from "../../components/Page";
import { PagedTable } from "../../components/PagedTable";
import { Panel } from "../../components/Panel";
import { Status } from "../../components/Status";
import { useSaid } from "../../components/useSaid";
import { format } from "../../lib/i18n";
import { entriesQuery, verificationQuery } from "./api";

/** Who did what, newest first, and whether anybody has touched the log. */
export function AuditPage() {
  const { t } = useTranslation("audit");
  const entries = useInfiniteQuery(entriesQuery);
  const verification = useQuery(verificationQuery);
  const verify = (
    <Button variant="contained" loading={verification.isFetching} onClick={() => void verification.refetch()}>
      {t("verify")}
    </Button>
  );
  return (
    <Page title={t("title")} lead={t("lead")} actions={verify}>
      {verification.error && <Failure error={verification.error} />}
      {verification.data && <Verdict found={verification.data} />}
      <Panel>
        <PagedTable
          label={t("title")}
          columns={useColumns()}
          id={(entry) => entry.seq}
          query={entries}
          empty={<Empty title={t("empty.title")}>{t("empty.text")}</Empty>}
        />
      </Panel>
    </Page>
  );
}

function Verdict({ found }: { found: Verification }) {
  const { t } = useTranslation("audit");
  const say = useSaid();
  if (found.intact) return <Alert severity="success">{t("intact", { count: found.rows })}</Alert>;
  return (
    <Alert severity="error">
      {t("broken", { count: found.faults.length })}
      <ul>
        {found.faults.map((fault) => (
          <li key={fault.seq}>
            {t("fault", { seq: fault.seq })} {say(fault.reason)}
          </li>
        ))}
      </ul>
    </Alert>
  );
}

const LONG = 12;

/** What was acted on; of a long id only the end is shown, which tells records apart. */
function Subject({ entry: { subject_type, subject_id } }: { entry: Entry }) {
  const { t } = useTranslation("audit");
  if (!subject_type) return null;
  const id = subject_id ?? "";
  return (
    <Box component="span" title={id} sx={{ whiteSpace: "nowrap" }}>
      {t(`subjects.${subject_type}`, { defaultValue: subject_type })} <code>{id.length > LONG ? `…${id.slice(-8)}` : id}</code>
    </Box>
  );
}

function useColumns(): Column<Entry>[] {
  const { t } = useTranslation("audit");
  const { moment } = format();
  return [
    { key: "seq", name: t("number"), cell: (entry) => entry.seq, numeric: true },
    { key: "at", name: t("at"), cell: (entry) => moment(entry.at) },
    { key: "who", name: t("who"), cell: (entry) => entry.actor_name ?? entry.actor ?? t("nobody") },
    { key: "what", name: t("what"), cell: ({ action }) => <span title={action}>{t(`actions.${action}`, { defaultValue: action })}</span> },
    {
      key: "which",
      name: t("which"),
      cell: (entry) => <Subject entry={entry} />,
    },
    {
      key: "outcome",
      name: t("outcome"),
      cell: ({ outcome }) => <Status label={t(`outcomes.${outcome}`, { defaultValue: outcome })} tone={outcome !== "ok" ? "warning" : "default"} />,
    },
    { key: "from", name: t("from"), cell: (entry) => entry.source ?? "" },
  ];
}
