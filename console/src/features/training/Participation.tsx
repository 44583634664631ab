import { Box, Stack, Table, TableBody, TableCell, TableContainer, TableHead, TableRow, Typography } from "@mui/material";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import type { Round } from "../../api-client/schema";
import { Empty } from "../../components/Empty";
import { Panel } from "../../components/Panel";
import { useSaid } from "../../components/useSaid";
import { missingOf, START, STATES, type Matrix, type Part, type State } from "./participation";

/** A sign for each state besides its colour. */
const SIGNS: Record<State, string> = {
  took: "✓",
  training: "…",
  late: "L",
  away: "A",
  refused: "R",
  dropped: "×",
  asked: "?",
  not: "",
};
const COLOURS: Record<State, [ground: string, text: string]> = {
  took: ["success.main", "success.contrastText"],
  training: ["info.main", "info.contrastText"],
  late: ["warning.main", "warning.contrastText"],
  away: ["warning.main", "warning.contrastText"],
  refused: ["error.main", "error.contrastText"],
  dropped: ["error.main", "error.contrastText"],
  asked: ["action.selected", "text.primary"],
  not: ["transparent", "text.secondary"],
};

interface Props {
  rounds: readonly Round[];
  parts: Matrix;
  ended: boolean;
}

/** Which hospital took part in which round; whoever did not, and why. */
export function Participation({ rounds, parts, ended }: Props) {
  const { t } = useTranslation("training");
  return (
    <Panel title={t("parts.title")} hint={t("parts.hint")}>
      {parts.rows.length === 0 ? (
        <Empty title={t(ended ? "parts.noneEver" : "parts.none")} />
      ) : (
        <Stack spacing={2}>
          <Cells parts={parts} rolledBack={new Set(rounds.filter(({ status }) => status === "failed").map(({ round }) => round))} />
          <Legend parts={parts} />
          <Reasons parts={parts} />
        </Stack>
      )}
    </Panel>
  );
}

function Cells({ parts, rolledBack }: { parts: Matrix; rolledBack: ReadonlySet<number> }) {
  const { t } = useTranslation("training");
  const container = useNewestInSight(parts.rounds.length);
  return (
    <TableContainer ref={container} tabIndex={0} role="group" aria-label={t("parts.title")}>
      <Table size="small" aria-label={t("parts.title")} sx={{ width: "auto", "& th, & td": { p: 0.5, border: 0 } }}>
        <TableHead>
          <TableRow>
            <TableCell sx={STICKY}>{t("round")}</TableCell>
            {parts.rounds.map((round) => (
              <TableCell key={round} align="center" title={rolledBack.has(round) ? t("parts.rolledBack") : undefined}>
                {round === START ? t("parts.start") : rolledBack.has(round) ? <s>{round}</s> : round}
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {parts.rows.map((row) => (
            <TableRow key={row.institution}>
              <TableCell component="th" scope="row" sx={STICKY}>
                {row.institution}
              </TableCell>
              {row.parts.map((part, place) => (
                <TableCell key={parts.rounds[place]} align="center">
                  <Cell part={part} />
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  );
}

/** Of a long run the newest rounds are in sight, until somebody looks at earlier ones. */
function useNewestInSight(rounds: number) {
  const container = useRef<HTMLDivElement>(null);
  const end = useRef(0);
  useEffect(() => {
    const node = container.current;
    if (!node) return;
    if (node.scrollLeft >= end.current - NEAR_PX) node.scrollLeft = node.scrollWidth;
    end.current = node.scrollWidth - node.clientWidth;
  }, [rounds]);
  return container;
}

const NEAR_PX = 40;

const STICKY = { position: "sticky", left: 0, bgcolor: "background.paper", pr: "16px !important", whiteSpace: "nowrap" } as const;

function Cell({ part: { state, reason } }: { part: Part }) {
  const { t } = useTranslation("training");
  const say = useSaid();
  const said = t(`parts.states.${state}`) + (reason ? `: ${say(reason)}` : "");
  return (
    <Box title={said} sx={{ position: "relative" }}>
      <Square state={state} />
      <Box component="span" sx={HEARD}>
        {said}
      </Box>
    </Box>
  );
}

/** For who listens; the square says it to who sees. */
const HEARD = { position: "absolute", inset: 0, overflow: "hidden", clipPath: "inset(50%)", whiteSpace: "nowrap" } as const;

function Square({ state }: { state: State }) {
  const [ground, text] = COLOURS[state];
  const border = state === "not" || state === "asked" ? { border: 1, borderColor: "divider" } : {};
  return (
    <Box
      aria-hidden
      sx={{
        width: 26,
        height: 26,
        mx: "auto",
        borderRadius: 1,
        display: "grid",
        placeItems: "center",
        fontSize: "0.85rem",
        fontWeight: 700,
        bgcolor: ground,
        color: text,
        ...border,
      }}
    >
      {SIGNS[state]}
    </Box>
  );
}

/** What the signs mean that are in the table. */
function Legend({ parts }: { parts: Matrix }) {
  const { t } = useTranslation("training");
  const there = new Set(parts.rows.flatMap((row) => row.parts.map(({ state }) => state)));
  return (
    <Stack direction="row" component="ul" sx={{ gap: 2, flexWrap: "wrap", m: 0, p: 0, listStyle: "none" }}>
      {STATES.filter((state) => there.has(state)).map((state) => (
        <Stack key={state} component="li" direction="row" sx={{ gap: 0.75, alignItems: "center" }}>
          <Square state={state} />
          <Typography variant="body2">{t(`parts.states.${state}`)}</Typography>
        </Stack>
      ))}
    </Stack>
  );
}

const MOST_REASONS = 50;

/** Every answer that is missing, with its reason, the newest first; whom the same kept away stands in one line. */
function Reasons({ parts }: { parts: Matrix }) {
  const { t } = useTranslation("training");
  const say = useSaid();
  const missing = missingOf(parts);
  if (missing.length === 0) return <Typography variant="body2">{t("parts.nobody")}</Typography>;
  return (
    <Box component="ul" sx={{ m: 0, pl: 2.5 }}>
      {missing.slice(0, MOST_REASONS).map(({ round, institutions, reason }) => (
        <Typography key={`${round} ${reason}`} component="li" variant="body2" sx={{ overflowWrap: "anywhere" }}>
          {t(round === START ? "parts.whyAtStart" : "parts.why", { round, institution: institutions.join(", "), reason: say(reason) })}
        </Typography>
      ))}
      {missing.length > MOST_REASONS && <li>{t("parts.others", { count: missing.length - MOST_REASONS })}</li>}
    </Box>
  );
}
