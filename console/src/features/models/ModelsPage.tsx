import { Alert, Stack } from "@mui/material";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { ModelVersion } from "../../api-client/schema";
import type { Column } from "../../components/DataTable";
import { Empty } from "../../components/Empty";
import { Fetched } from "../../components/Fetched";
import { Hint } from "../../components/Hint";
import { TextLink } from "../../components/LinkButton";
import { Page } from "../../components/Page";
import { PagedTable } from "../../components/PagedTable";
import { Panel } from "../../components/Panel";
import { Status } from "../../components/Status";
import { format } from "../../lib/i18n";
import { AnsweringPanel } from "./AnsweringPanel";
import { statusQuery, versionsQuery } from "./api";
import { useFigure } from "./useFigure";

/** What answers for each task, and every version that was ever made. */
export function ModelsPage() {
  const { t } = useTranslation("models");
  const status = useQuery(statusQuery);
  const versions = useInfiniteQuery(versionsQuery);
  return (
    <Page title={t("title")} lead={t("lead")}>
      <Fetched query={status}>
        {({ tasks }) =>
          tasks.length === 0 ? (
            <Alert severity="info">{t("noneActive")}</Alert>
          ) : (
            <Stack spacing={2}>
              {tasks.map((answering) => (
                <AnsweringPanel key={answering.task} answering={answering} />
              ))}
            </Stack>
          )
        }
      </Fetched>
      <Panel title={t("versions")} hint={t("versionsHint")}>
        <PagedTable
          label={t("versions")}
          columns={useColumns()}
          id={(version) => version.id}
          query={versions}
          empty={<Empty title={t("empty.title")}>{t("empty.text")}</Empty>}
        />
      </Panel>
    </Page>
  );
}

function useColumns(): Column<ModelVersion>[] {
  const { t } = useTranslation("models");
  const { moment } = format();
  const figure = useFigure(null);
  const column = (key: "auc" | "accuracy" | "r2"): Column<ModelVersion> => ({
    key,
    name: <Hint text={figure.means(key)}>{figure.name(key)}</Hint>,
    cell: (version) => figure.write(key, version[key]),
    numeric: true,
  });
  return [
    {
      key: "version",
      name: t("version"),
      cell: (version) => (
        <TextLink to="/models/$version" params={{ version: String(version.id) }}>
          {version.version}
        </TextLink>
      ),
    },
    { key: "task", name: t("task"), cell: (version) => version.task },
    { key: "state", name: t("state"), cell: (version) => version.is_active && <Status label={t("active")} tone="success" /> },
    column("auc"),
    column("accuracy"),
    column("r2"),
    { key: "trained", name: t("trained"), cell: (version) => moment(version.trained_at) },
  ];
}
