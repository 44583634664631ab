import { Box, Button } from "@mui/material";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { PredictionExplanation } from "../../api-client/schema";
import { Panel } from "../../components/Panel";
import { placeOf } from "./drawing";
import { useWords } from "./words";

const SHOWN = 8;
// For who does not see the bars; it must not make the page wider.
const UNSEEN = { position: "absolute", width: 1, height: 1, overflow: "hidden", clipPath: "inset(50%)" } as const;

interface Props {
  explanation: PredictionExplanation;
  /** An amount as people read it, without a sign. */
  shown: (amount: number) => string;
}

/** What each feature added to the prediction: bars to the right raise it, bars to the left lower it. */
export function Drivers({ explanation, shown }: Props) {
  const { t } = useTranslation("predictions");
  const words = useWords();
  const [all, setAll] = useState(false);
  const { contributions, baseline, value } = explanation;
  const rows = all ? contributions : contributions.slice(0, SHOWN);
  const rest = contributions.slice(rows.length).reduce((sum, each) => sum + each.amount, 0);
  const amounts = contributions.map((each) => each.amount);
  const ends = [Math.min(0, ...amounts), Math.max(1e-12, ...amounts)] as const;
  return (
    <Panel
      title={t("drivers.title")}
      hint={t("drivers.hint", { baseline: shown(baseline), value: shown(value) })}
    >
      <Box component="table" sx={{ width: "100%", borderCollapse: "collapse", fontVariantNumeric: "tabular-nums" }}>
        <caption style={UNSEEN}>{t("drivers.caption")}</caption>
        <tbody>
          {rows.map(({ feature, shown: text, amount }) => (
            <tr key={feature}>
              <Box component="th" scope="row" sx={{ textAlign: "left", fontWeight: 500, py: 0.5, pr: 1, width: "40%" }}>
                {words.feature(feature)}
                <Box component="span" sx={{ color: "text.secondary", fontWeight: 400 }}>
                  {" "}
                  {words.shown(text)}
                </Box>
              </Box>
              <td>
                <Bar amount={amount} ends={ends} />
              </td>
              <Box component="td" sx={{ textAlign: "right", pl: 1, whiteSpace: "nowrap", width: "1%" }}>
                {signed(amount, shown)}
              </Box>
            </tr>
          ))}
        </tbody>
      </Box>
      {contributions.length > SHOWN && (
        <Button onClick={() => setAll(!all)} sx={{ mt: 1 }}>
          {all ? t("drivers.fewer") : t("drivers.all", { count: contributions.length - SHOWN, amount: signed(rest, shown) })}
        </Button>
      )}
      {!explanation.exact && <Box sx={{ color: "text.secondary", mt: 1 }}>{t("drivers.sampled")}</Box>}
    </Panel>
  );
}

function signed(amount: number, shown: (amount: number) => string): string {
  const text = shown(Math.abs(amount));
  return text === shown(0) ? text : `${amount > 0 ? "+" : "−"} ${text}`;
}

/** From zero, where the thin line is, to the amount. */
function Bar({ amount, ends }: { amount: number; ends: readonly [number, number] }) {
  const zero = placeOf(0, ends);
  const tip = placeOf(amount, ends);
  return (
    <Box aria-hidden sx={{ position: "relative", height: 18, minWidth: 60 }}>
      <Box sx={{ position: "absolute", left: `${zero}%`, insetBlock: -3, borderLeft: 1, borderColor: "divider" }} />
      <Box
        sx={{
          position: "absolute",
          insetBlock: 2,
          left: `${Math.min(zero, tip)}%`,
          width: `${Math.abs(tip - zero)}%`,
          bgcolor: amount > 0 ? "warning.main" : "info.main",
          borderRadius: 0.5,
          transition: "width 200ms",
        }}
      />
    </Box>
  );
}
