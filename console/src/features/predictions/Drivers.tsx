import { Box, Button } from "@mui/material";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { PredictionExplanation } from "../../api-client/schema";
import { Panel } from "../../components/Panel";
import { useWords } from "./words";

const SHOWN = 8;

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
  const widest = Math.max(...contributions.map((each) => Math.abs(each.amount)), 1e-12);
  return (
    <Panel
      title={t("drivers.title")}
      hint={t("drivers.hint", { baseline: shown(baseline), value: shown(value) })}
    >
      <Box component="table" sx={{ width: "100%", borderCollapse: "collapse", fontVariantNumeric: "tabular-nums" }}>
        <caption style={{ position: "absolute", clipPath: "inset(50%)", whiteSpace: "nowrap" }}>{t("drivers.caption")}</caption>
        <tbody>
          {rows.map(({ feature, shown: text, amount }) => (
            <tr key={feature}>
              <Box component="th" scope="row" sx={{ textAlign: "left", fontWeight: 500, py: 0.5, pr: 1, width: "40%" }}>
                {words.feature(feature)}
                <Box component="span" sx={{ color: "text.secondary", fontWeight: 400 }}>
                  {" "}
                  {words.category(text)}
                </Box>
              </Box>
              <td>
                <Bar share={amount / widest} />
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

/** ``share``: -1 to 1, of the widest bar. */
function Bar({ share }: { share: number }) {
  const raises = share > 0;
  return (
    <Box aria-hidden sx={{ position: "relative", height: 18, minWidth: 60 }}>
      <Box sx={{ position: "absolute", left: "50%", insetBlock: -3, borderLeft: 1, borderColor: "divider" }} />
      <Box
        sx={{
          position: "absolute",
          insetBlock: 2,
          [raises ? "left" : "right"]: "50%",
          width: `${Math.abs(share) * 50}%`,
          bgcolor: raises ? "warning.main" : "info.main",
          borderRadius: 0.5,
          transition: "width 200ms",
        }}
      />
    </Box>
  );
}
