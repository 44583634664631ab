import { Chip, Stack } from "@mui/material";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { Departure } from "../../api-client/schema";
import type { Column } from "../../components/DataTable";
import { Empty } from "../../components/Empty";
import { Hint } from "../../components/Hint";
import { TextLink } from "../../components/LinkButton";
import { PagedTable } from "../../components/PagedTable";
import { Panel } from "../../components/Panel";
import { format } from "../../lib/i18n";
import { departuresQuery } from "./api";
import { useKindWords } from "./useKindWords";

/** Every message that left this hospital: how much of what, for which run, and who had approved it. */
export function Departures() {
  const { t } = useTranslation("hospital");
  const navigate = useNavigate();
  const { run } = useSearch({ from: "/inside/hospital" });
  const departures = useInfiniteQuery({ ...departuresQuery(run), refetchInterval: 15_000 });
  return (
    <Panel title={t("left.title")} hint={t("left.hint")}>
      <Stack spacing={2}>
        {run && (
          <Chip
            sx={{ alignSelf: "flex-start" }}
            label={t("left.only", { run: run.slice(-8) })}
            onDelete={() => void navigate({ to: "/hospital" })}
          />
        )}
        <PagedTable
          label={t("left.title")}
          columns={useColumns()}
          id={(departure) => departure.id}
          query={departures}
          empty={<Empty title={t("left.empty.title")}>{t("left.empty.text")}</Empty>}
        />
      </Stack>
    </Panel>
  );
}

function useColumns(): Column<Departure>[] {
  const { t } = useTranslation("hospital");
  const { moment, bytes, number } = format();
  const kind = useKindWords();
  return [
    { key: "at", name: t("left.at"), cell: (departure) => moment(departure.at) },
    { key: "kind", name: t("left.what"), cell: (departure) => kind(departure.kind) },
    { key: "run", name: t("left.run"), cell: (departure) => <RunName run={departure.run} /> },
    { key: "round", name: t("left.round"), cell: (departure) => departure.round ?? "", numeric: true },
    { key: "bytes", name: t("left.size"), cell: (departure) => bytes(departure.bytes), numeric: true },
    {
      key: "epsilon",
      name: <Hint text={t("left.epsilonMeans")}>{t("left.epsilon")}</Hint>,
      cell: (departure) => (departure.epsilon === null ? "–" : number(departure.epsilon, 3)),
      numeric: true,
    },
    { key: "by", name: t("left.approvedBy"), cell: (departure) => departure.approved_by ?? "" },
    {
      key: "hash",
      name: <Hint text={t("left.hashMeans")}>{t("left.hash")}</Hint>,
      cell: (departure) => <code title={departure.hash}>{departure.hash.slice(0, 12)}</code>,
    },
  ];
}

/** Of a run that the gateway knows, which has a page; a node may have answered others. */
const KNOWN = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

function RunName({ run }: { run: string }) {
  if (!KNOWN.test(run)) return run;
  return (
    <TextLink to="/training/$run" params={{ run }}>
      <code>{run.slice(-8)}</code>
    </TextLink>
  );
}
