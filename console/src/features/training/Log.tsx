import { Box, Button, Typography } from "@mui/material";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Panel } from "../../components/Panel";
import { useSaid } from "../../components/useSaid";
import { format } from "../../lib/i18n";
import type { Line, Live } from "./progress";

const AT_FIRST = 100;

/** What happened in the run, line by line, the newest first. */
export function Log({ live }: { live: Live }) {
  const { t } = useTranslation("training");
  const [every, setEvery] = useState(false);
  const lines = live.lines.toReversed().slice(0, every ? undefined : AT_FIRST);
  return (
    <Panel title={t("log.title")} hint={t("log.hint")}>
      <Box role="log" aria-label={t("log.title")} tabIndex={0} sx={{ maxHeight: 640, overflow: "auto" }}>
        <Box component="ol" sx={{ m: 0, p: 0, listStyle: "none" }}>
          {lines.map((line) => (
            <Entry key={line.id} line={line} />
          ))}
        </Box>
      </Box>
      {lines.length < live.lines.length && <Button onClick={() => setEvery(true)}>{t("log.every", { count: live.lines.length })}</Button>}
    </Panel>
  );
}

function Entry({ line }: { line: Line }) {
  const text = useText(line);
  return (
    <Box component="li" sx={{ display: "flex", gap: 1.5, py: 0.5, borderBottom: 1, borderColor: "divider" }}>
      <Typography component="time" dateTime={line.at} variant="body2" sx={{ color: "text.secondary", whiteSpace: "nowrap" }}>
        {format().time(line.at)}
      </Typography>
      <Typography variant="body2" sx={{ overflowWrap: "anywhere", minWidth: 0 }}>
        {text}
      </Typography>
    </Box>
  );
}

function useText({ kind, data }: Line): string {
  const { t } = useTranslation("training");
  const say = useSaid();
  if (kind === "note") return typeof data.text === "string" ? say(data.text) : t("log.note");
  if (kind === "run") {
    const reason = typeof data.reason === "string" ? `: ${say(data.reason)}` : "";
    return t(`log.run.${String(data.status)}`) + reason;
  }
  const values = { round: data.round, took: data.clients_participated, dropped: data.dropped };
  return t(data.status === "failed" ? "log.rolledBack" : "log.round", values);
}
