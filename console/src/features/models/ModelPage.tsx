import { Alert, Box, Button, Stack, Typography } from "@mui/material";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { ModelDetails } from "../../api-client/schema";
import { Confirm } from "../../components/Confirm";
import { Failure } from "../../components/Failure";
import { Fetched } from "../../components/Fetched";
import { useNotify } from "../../components/Notices";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Status } from "../../components/Status";
import { useKept } from "../../lib/drafts";
import { useMay } from "../../lib/session";
import { activate, cardQuery, versionQuery } from "./api";
import { CardText } from "./CardText";
import { Comparison } from "./Comparison";
import { Lineage } from "./Lineage";
import { ShareDialog } from "./ShareDialog";

/** One version: how good it is and for whom, where it comes from, and its card. */
export function ModelPage() {
  const { t } = useTranslation("models");
  const { version } = useParams({ from: "/inside/models/$version" });
  const details = useQuery(versionQuery(Number(version)));
  const found = details.data;
  return (
    <Page title={found?.version ?? t("version")} lead={found?.task} actions={found && <Actions version={found} />}>
      <Fetched query={details}>
        {(found) => (
          <>
            {found.is_active && (
              <Box>
                <Status label={t("active")} tone="success" />
              </Box>
            )}
            <Comparison version={found} />
            <Lineage version={found} />
            <Card id={found.id} />
          </>
        )}
      </Fetched>
    </Page>
  );
}

function Actions({ version }: { version: ModelDetails }) {
  const { t } = useTranslation("models");
  const may = useMay();
  const notify = useNotify();
  const [asking, setAsking] = useKept<"activate" | "share" | null>("model asked", null);
  const activation = useMutation({
    mutationFn: activate,
    onSuccess: () => notify({ text: t("activated"), severity: "success" }),
    onSettled: () => setAsking(null),
  });
  return (
    <>
      {activation.error && <Failure error={activation.error} />}
      {may("getModelArtifact") && (
        <Button href={`/api/models/${version.id}/artifact`} download>
          {t("download")}
        </Button>
      )}
      {may("shareTraffic") && !version.is_active && <Button onClick={() => setAsking("share")}>{t("share.action")}</Button>}
      {may("activateModel") && !version.is_active && (
        <Button variant="contained" onClick={() => setAsking("activate")}>
          {t("activate.action")}
        </Button>
      )}
      {asking === "share" && <ShareDialog version={version} onClose={() => setAsking(null)} />}
      <Confirm
        open={asking === "activate"}
        title={t("activate.title", { version: version.version })}
        action={t("activate.action")}
        busy={activation.isPending}
        onConfirm={() => activation.mutate(version.id)}
        onClose={() => setAsking(null)}
      >
        {t("activate.text")}
      </Confirm>
    </>
  );
}

function Card({ id }: { id: number }) {
  const { t } = useTranslation("models");
  const card = useQuery(cardQuery(id));
  return (
    <Panel title={t("card")} hint={t("cardHint")}>
      <Fetched query={card}>
        {(text) =>
          text ? (
            <CardText text={text} />
          ) : (
            <Alert severity="info">{t("noCard")}</Alert>
          )
        }
      </Fetched>
      <Stack>
        <Typography variant="body2" sx={{ color: "text.secondary" }}>
          {t("cardNote")}
        </Typography>
      </Stack>
    </Panel>
  );
}
