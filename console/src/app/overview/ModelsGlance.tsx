import { Box, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Answering } from "../../api-client/schema";
import { Fetched } from "../../components/Fetched";
import { useSaid } from "../../components/useSaid";
import { format } from "../../lib/i18n";
import { activeVersionsQuery, answeringQuery } from "./api";
import { figureOf } from "./figure";
import { Aside, Glance } from "./Glance";

const SHOWN = 3;

/** What answers for which task, since when and how well. */
export function ModelsGlance() {
  const { t } = useTranslation("overview");
  const status = useQuery(answeringQuery);
  return (
    <Glance icon="models" title={t("models.title")} to="/models">
      <Fetched query={status} lines={2}>
        {({ tasks }) => (
          <>
            {tasks.length === 0 && <Aside>{t("models.none")}</Aside>}
            {tasks.slice(0, SHOWN).map((answering) => (
              <OneModel key={answering.task} answering={answering} />
            ))}
            {tasks.length > SHOWN && <Aside>{t("models.more", { count: tasks.length - SHOWN })}</Aside>}
          </>
        )}
      </Fetched>
    </Glance>
  );
}

function OneModel({ answering: { task, title, active, active_since, fault } }: { answering: Answering }) {
  const { t } = useTranslation("overview");
  const say = useSaid();
  const words = format();
  const versions = useQuery(activeVersionsQuery);
  const version = versions.data?.find((each) => each.task === task && each.version === active);
  const figure = version && figureOf({ ...version }, words);
  return (
    <Box>
      <Typography sx={{ fontWeight: 600 }}>{say(title ?? task)}</Typography>
      <Aside>
        {fault ? t("models.fault") : active_since ? t("models.since", { version: active, when: words.ago(active_since) }) : active}
      </Aside>
      {figure && <Aside>{t(`figures.${figure.name}`, { value: figure.value })}</Aside>}
    </Box>
  );
}
